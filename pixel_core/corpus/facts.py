"""What splits and draws need to know of a conversation, so that its text can stay in its file: size, labels, long turns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pixel_core.corpus.ties import said

BYTES_A_TOKEN = 4
TOKENS_A_TURN = 4  # what opens and closes a turn in the chat format, and its role
_ZERO_COUNTS = ("eq", "affect", "empathy", "appropriateness", "crisis")  # heads whose zero is a value of its own, not an absence
COLUMNS = ("id", "category", "group", "difficulty", "turns")


@dataclass(frozen=True)
class Facts:
    """Three tables that share `number`: `rows`, `values` (distinct label values of a row, as `clinical.F32=1`), `said` (see `ties`).

    `rows` has id, category, group, difficulty, source, `labels` (how many), `characters`, `tokens` (see `tokens_of`)
    and `learners` (the parts that are learnt).
    """

    rows: pl.DataFrame
    values: pl.DataFrame
    said: pl.DataFrame

    def only(self, numbers: pl.Series) -> Facts:
        """The facts of these conversations."""
        wanted = numbers.to_frame("number")
        return Facts(*(table.join(wanted, on="number", how="semi") for table in (self.rows, self.values, self.said)))

    def extended(self, more: Facts) -> Facts:
        """These facts and those of other conversations."""
        return _joined([self, more])


def facts_of(stretches: Iterable[pl.DataFrame]) -> Facts:
    """The facts of frames of conversations with number and source."""
    return _joined([_facts(frame) for frame in stretches])


def _joined(found: list[Facts]) -> Facts:
    return Facts(pl.concat(p.rows for p in found), pl.concat(p.values for p in found), pl.concat(p.said for p in found))


def tokens_of(turns: pl.Expr) -> pl.Expr:
    """An estimate of the tokens of a conversation, known before there is a tokeniser: for each turn 4, and 1 for each 4 bytes begun."""
    size = pl.element().struct.field("content").str.len_bytes()
    return turns.list.eval((size + BYTES_A_TOKEN - 1) // BYTES_A_TOKEN + TOKENS_A_TURN).list.sum().cast(pl.Int64)


def label_values(frame: pl.DataFrame) -> pl.DataFrame:
    """`number` and `value` (as `clinical.F32=1`) of each distinct label value of a row.

    Of heads whose zero means absence only the ones count; the values of regressions are rounded to the ends of their scale.
    """
    labels = (
        frame.select("number", turn="turns")
        .explode("turn")
        .select("number", label=pl.col("turn").struct.field("labels"))
        .filter(pl.col("label").list.len() > 0)
        .explode("label")
        .unnest("label")
    )
    head = pl.col("output").str.split(".").list.first()
    value = pl.format("{}={}", "output", pl.col("value").round().cast(pl.Int64))
    return labels.filter(head.is_in(_ZERO_COUNTS) | (pl.col("value") > 0)).select("number", value=value).unique().sort("number", "value")


def _facts(frame: pl.DataFrame) -> Facts:
    turn = pl.element().struct
    learnt = pl.when(turn.field("learn")).then(turn.field("part"))
    rows = frame.select(
        "number",
        "id",
        "category",
        "group",
        "difficulty",
        "source",
        labels=pl.col("turns").list.eval(turn.field("labels").list.len()).list.sum(),
        characters=pl.col("turns").list.eval(turn.field("content").str.len_chars()).list.sum(),
        tokens=tokens_of(pl.col("turns")),
        learners=pl.col("turns").list.eval(learnt).list.drop_nulls().list.unique().list.sort().list.join(" "),
    )
    return Facts(rows, label_values(frame).with_columns(pl.col("value").cast(pl.Categorical)), said(frame))
