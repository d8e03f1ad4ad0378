"""What supervises each output: which sources, by which rule of which mapping, with how many labels; for the data card.

Every label trains; only a given one (`Label.given`) is measured against. An output that is labelled by `<head>.*` alone is only ever
absent, one without any label untrained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from pixel_core.conversation import GIVEN, REST
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.labels import SCALES, outputs
from pixel_core.corpus.mappings import ScaleField, load_mapping

SUPERVISION = "supervision.parquet"
SUPERVISION_SCHEMA = pl.Schema(
    {
        "output": pl.String,
        "source": pl.String,  # of the catalogue
        "field": pl.String,  # of the set's rows; "" where no mapping gives the output
        "rule": pl.String,  # what the field's codes or ratings become
        "why": pl.String,
        "label_source": pl.String,  # human, written, derived:<rule> or model:<name>
        "n": pl.Int64,  # labels
        "positive": pl.Int64,  # labels above 0
    }
)
UNTRAINED = "no source with a defensible mapping: untrained"
ABSENT = "only ever labelled absent, with the rest of its head"
WRITTEN = "labelled by whoever wrote the text"
DERIVED = "by the rule or model named"
TOTALS = pl.Schema({"output": pl.String, "label_source": pl.String, "n": pl.Int64, "positive": pl.Int64})


def label_totals(stretches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """How many labels frames with turns hold by output and label source, and how many of them are above 0; sorted."""
    label = pl.col("label").struct
    labels = (
        frame.select(label=pl.col("turns").list.eval(pl.element().struct.field("labels").explode()))
        .explode("label")
        .drop_nulls("label")
        .select(output=label.field("output"), label_source=label.field("source"), value=label.field("value"))
        .group_by("output", "label_source")
        .agg(n=pl.len().cast(pl.Int64), positive=(pl.col("value") > 0).sum().cast(pl.Int64))
        for frame in stretches
    )
    return add_totals(labels)


def add_totals(totals: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The totals of several stretches as one table, sorted."""
    return pl.concat([TOTALS.to_frame(), *totals]).group_by("output", "label_source").sum().sort("output", "label_source")


def describe_labels(totals: pl.DataFrame, entry: SourceEntry) -> pl.DataFrame:
    """The labels of one source by output and label source, each with the rule that gave it, sorted."""
    rules = _rules(entry)
    rows = []
    for output, source, n, positive in totals.iter_rows():
        field, rule, why = rules.get((output, source)) or rules.get((output, "")) or ("", "", "")
        described = {"output": output, "source": entry.name, "field": field, "rule": rule, "why": why}
        rows.append(described | {"label_source": source, "n": n, "positive": positive})
    return pl.DataFrame(rows, schema=SUPERVISION_SCHEMA)


def _rules(entry: SourceEntry) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(output, own label source of the field, or "") to field, rule and reason."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for output, name, field in load_mapping(entry.labels).rules() if entry.labels else ():
        fields = [name] if (output, field.source or "") not in found else [found[output, field.source or ""][0], name]
        if isinstance(field, ScaleField):
            minus = f" - {field.minus}" if field.minus else ""
            rule = f"({name}{minus}) {field.low:g}..{field.high:g} -> {field.bottom:g}..{field.top:g}"
        else:
            rule = "code"
        found[output, field.source or ""] = (", ".join(fields), rule, field.why)
    return found


def supervision_of(sources: Mapping[str, Path]) -> pl.DataFrame:
    """The table of all sources, and a row with n = 0 for every output that none of them labels.

    `sources` maps names to artifacts; of one without the table (written knowledge, scenarios) the labels are counted.
    """
    table = pl.concat([SUPERVISION_SCHEMA.to_frame(), *(_table_of(name, folder) for name, folder in sorted(sources.items()))])
    known = set(table.filter(pl.col("n") > 0)["output"])
    missing = [
        {"output": output, "source": "", "field": "", "rule": "", "label_source": "", "n": 0, "positive": 0}
        | {"why": ABSENT if f"{head}.{REST}" in known else UNTRAINED}
        for head in SCALES
        for output in outputs(head)
        if output not in known
    ]
    return pl.concat([table, pl.DataFrame(missing, schema=SUPERVISION_SCHEMA)]).sort("output", "source", "label_source")


def _table_of(name: str, folder: Path) -> pl.DataFrame:
    if (path := folder / SUPERVISION).is_file():
        return pl.read_parquet(path)
    if not (path := folder / "conversations.parquet").is_file():
        return SUPERVISION_SCHEMA.to_frame()
    totals = label_totals([pl.read_parquet(path, columns=["turns"])])
    empty = {column: pl.lit("") for column in ("field", "rule")}
    why = pl.when(pl.col("label_source").is_in(GIVEN)).then(pl.lit(WRITTEN)).otherwise(pl.lit(DERIVED))
    return totals.with_columns(source=pl.lit(name), why=why, **empty).select(list(SUPERVISION_SCHEMA))


def markdown_of(table: pl.DataFrame, head: str = "eq") -> str:
    """The rows of one head as a Markdown table: domain, source, mapping, who gave the labels, how many, how many a figure may rest on."""
    lines = ["| output | source | mapping | labels by | n | measured |", "|---|---|---|---|---|---|"]
    for row in table.filter(pl.col("output").str.starts_with(f"{head}.")).iter_rows(named=True):
        mapping = f"{row['field']}: {row['rule']}; {row['why']}" if row["field"] else row["why"]
        measured = row["n"] if row["label_source"] in GIVEN else 0
        lines.append(f"| {row['output']} | {row['source'] or '-'} | {mapping} | {row['label_source'] or '-'} | {row['n']} | {measured} |")
    return "\n".join(lines) + "\n"
