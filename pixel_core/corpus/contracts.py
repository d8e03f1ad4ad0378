"""Great Expectations contracts of the corpus tables, answered as findings that hold counts and no text of a row."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.conversation import CONVERSATION_SCHEMA, MIXTURE_CATEGORIES, Category
from pixel_core.corpus.pairs import PAIR_SCHEMA
from pixel_core.corpus.spool import read_stretches
from pixel_core.findings import Finding, Findings, equals
from pixel_core.shards import shards

_ID = r"^[0-9a-f]{64}$"
_DESCRIBED = ("licence", "consent", "source", "uri", "locator", "extractor")  # provenance that must not be blank


def source_contract(folder: Path) -> Findings:
    """The contract of `source_conversations`: every column of every kept row or preference pair in its range."""
    manifest = verify(folder)
    least = 0 if manifest.summary.figures.get("missing") else 1
    pairs = folder / "pairs.parquet"
    if pairs.is_file():
        return Findings.of([_schema("pairs", pairs, PAIR_SCHEMA), *_validate("pairs", _pairs(pairs), _pair_rules(least))])
    path = folder / "conversations.parquet"
    rules = _conversation_rules(get_args(Category), least)
    return Findings.of([_schema("conversations", path, CONVERSATION_SCHEMA), *_validate("conversations", _conversations(path), rules)])


def mixture_contract(folder: Path) -> Findings:
    """The contract of `training_mixture`: each split in the record's schema, of mixture categories, with something to learn."""
    verify(folder)
    findings: list[Finding] = []
    for split in ("train", "validation", "test"):
        rules = _conversation_rules(MIXTURE_CATEGORIES, 1, unique=split != "train")  # `deficit: repeat` repeats rows of train
        paths = shards(folder, split)
        findings += [_schema(path.stem, path, CONVERSATION_SCHEMA) for path in paths]
        findings += _validate(split, _conversations(*paths), rules)
    return Findings.of(findings)


def _schema(name: str, path: Path, schema: pl.Schema) -> Finding:
    return equals(f"{name} schema", dict(pl.read_parquet_schema(path)) == dict(schema), True)


def _conversations(*paths: Path) -> pl.DataFrame:
    """A flat table of what the rules speak of: one row a conversation."""
    return pl.concat(_flat(frame) for path in paths for frame in read_stretches(path))


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    turns = pl.col("turns")
    learnt = turns.list.eval(pl.element().struct.field("learn")).list.any()
    shortest = turns.list.eval(pl.element().struct.field("content").str.strip_chars().str.len_chars()).list.min()
    return frame.select(
        "id",
        "category",
        "group",
        "difficulty",
        turns=turns.list.len(),
        shortest_turn=shortest,
        learns=learnt == (pl.col("category") != "supervision"),
        provenance=pl.col("provenance").list.len(),
        blank_provenance=_blank(),
    )


def _pairs(path: Path) -> pl.DataFrame:
    shortest = pl.min_horizontal(pl.col(name).str.strip_chars().str.len_chars() for name in ("prompt", "chosen", "rejected"))
    return pl.concat(
        frame.select(
            "id",
            shortest_text=shortest,
            differs=pl.col("chosen") != pl.col("rejected"),
            provenance=pl.col("provenance").list.len(),
            blank_provenance=_blank(),
        )
        for frame in read_stretches(path)
    )


def _blank() -> pl.Expr:
    """How many fields of all provenances of a row are blank."""
    blanks = [pl.element().struct.field(name).fill_null("").str.strip_chars().str.len_chars() == 0 for name in _DESCRIBED]
    return pl.col("provenance").list.eval(pl.sum_horizontal(blanks)).list.sum()


def _conversation_rules(categories: Sequence[str], least: int, *, unique: bool = True) -> list[tuple[str, dict[str, Any]]]:
    rules: list[tuple[str, dict[str, Any]]] = [
        ("ExpectTableRowCountToBeBetween", {"min_value": least}),
        ("ExpectColumnValuesToNotBeNull", {"column": "id"}),
        ("ExpectColumnValuesToMatchRegex", {"column": "id", "regex": _ID}),
        ("ExpectColumnValuesToBeInSet", {"column": "category", "value_set": list(categories)}),
        ("ExpectColumnValueLengthsToBeBetween", {"column": "group", "min_value": 1}),
        ("ExpectColumnValuesToNotBeNull", {"column": "group"}),
        ("ExpectColumnValuesToBeBetween", {"column": "difficulty", "min_value": 1, "max_value": 5}),
        ("ExpectColumnValuesToBeBetween", {"column": "turns", "min_value": 1}),
        ("ExpectColumnValuesToBeBetween", {"column": "shortest_turn", "min_value": 1}),
        ("ExpectColumnValuesToBeInSet", {"column": "learns", "value_set": [True]}),
        ("ExpectColumnValuesToBeBetween", {"column": "provenance", "min_value": 1}),
        ("ExpectColumnValuesToBeInSet", {"column": "blank_provenance", "value_set": [0]}),
    ]
    return [*rules, ("ExpectColumnValuesToBeUnique", {"column": "id"})] if unique else rules


def _pair_rules(least: int) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("ExpectTableRowCountToBeBetween", {"min_value": least}),
        ("ExpectColumnValuesToBeUnique", {"column": "id"}),
        ("ExpectColumnValuesToMatchRegex", {"column": "id", "regex": _ID}),
        ("ExpectColumnValuesToBeBetween", {"column": "shortest_text", "min_value": 1}),
        ("ExpectColumnValuesToBeInSet", {"column": "differs", "value_set": [True]}),
        ("ExpectColumnValuesToBeBetween", {"column": "provenance", "min_value": 1}),
        ("ExpectColumnValuesToBeInSet", {"column": "blank_provenance", "value_set": [0]}),
    ]


def _validate(name: str, table: pl.DataFrame, rules: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Finding]:
    """One finding a rule, by Great Expectations; of its result only the counts are taken, since the rest quotes values."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read once, when the library is imported
    import great_expectations as gx
    from great_expectations import expectations

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    definition = context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
    batch = definition.get_batch({"dataframe": table.to_pandas()})
    for rule, values in rules:
        result = batch.validate(getattr(expectations, rule)(**values), result_format="BASIC")
        if any(value.get("raised_exception") for value in _exceptions(result.exception_info)):
            raise RuntimeError(f"the contract rule {rule} of {name} could not be evaluated: its columns and types do not fit the rule")
        failing = result.result.get("unexpected_count")
        observed = f"{table.height} rows" if failing is None else f"{failing} of {table.height} rows differ"
        yield Finding(f"{name} {values.get('column', 'rows')} {_snake(rule)}", bool(result.success), observed, _expected(values))


def _exceptions(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [info] if "raised_exception" in info else [value for value in info.values() if isinstance(value, dict)]


def _expected(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if key != "column") or "all"


def _snake(rule: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in rule.removeprefix("Expect").removeprefix("Column")).strip("_")
