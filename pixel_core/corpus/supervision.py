"""What supervises each output: which sources, by which rule of which mapping, with how many labels; for the data card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from pixel_core.conversation import Conversation
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


def count_labels(conversations: Iterable[Conversation], entry: SourceEntry) -> pl.DataFrame:
    """The labels of one source by output and label source, each with the rule that gave it, sorted."""
    counts: Counter[tuple[str, str]] = Counter()
    positive: Counter[tuple[str, str]] = Counter()
    for conversation in conversations:
        for _, label in conversation.labels:
            counts[label.output, label.source] += 1
            positive[label.output, label.source] += label.value > 0
    rules = _rules(entry)
    rows = []
    for (output, source), n in sorted(counts.items()):
        field, rule, why = rules.get((output, source)) or rules.get((output, "")) or ("", "", "")
        described = {"output": output, "source": entry.name, "field": field, "rule": rule, "why": why}
        rows.append(described | {"label_source": source, "n": n, "positive": positive[output, source]})
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
    """The table of all sources, and a row with n = 0 for every output that none of them labels: it stays untrained.

    `sources` maps names to artifacts; one without the table (written knowledge, scenarios) is not counted here.
    """
    tables = [pl.read_parquet(path) for _, folder in sorted(sources.items()) if (path := folder / SUPERVISION).is_file()]
    table = pl.concat([pl.DataFrame(schema=SUPERVISION_SCHEMA), *tables])
    known = set(table.filter(pl.col("n") > 0)["output"])
    bare = [output for head in SCALES for output in outputs(head) if output not in known]
    absent = pl.DataFrame(
        [
            {"output": output, "source": "", "field": "", "rule": "", "why": UNTRAINED, "label_source": "", "n": 0, "positive": 0}
            for output in bare
        ],
        schema=SUPERVISION_SCHEMA,
    )
    return pl.concat([table, absent]).sort("output", "source", "label_source")


def markdown_of(table: pl.DataFrame, head: str = "eq") -> str:
    """The rows of one head as a Markdown table: domain, source, mapping, n."""
    lines = ["| output | source | mapping | labels by | n |", "|---|---|---|---|---|"]
    for row in table.filter(pl.col("output").str.starts_with(f"{head}.")).iter_rows(named=True):
        mapping = f"{row['field']}: {row['rule']}; {row['why']}" if row["field"] else row["why"]
        lines.append(f"| {row['output']} | {row['source'] or '-'} | {mapping} | {row['label_source'] or '-'} | {row['n']} |")
    return "\n".join(lines) + "\n"
