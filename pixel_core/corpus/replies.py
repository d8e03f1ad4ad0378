"""Repeated replies: a long reply that stands in several dialogues is learnt in one of them.

A reply is a learnt turn of `REPLY_WORDS` words or more: what is shorter is a stock phrase ("is there anything else you would like to
tell me"), which anybody may say again. Two are the same when they share their runs of three words at the similarity at which dialogues
count as near-duplicates; at .8 about one word in thirty may differ. The dialogue with the most labels keeps it, of these the longest.
In the others the turn stays where it is, as what was said, and carries no language loss; a dialogue of which nothing is left to learn
is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pixel_core.corpus.dedup import near_duplicates

REPLY_WORDS = 30  # a shorter reply may be said by anybody
RUN = 3  # words of the runs that two replies share: in runs of five one changed word of thirty would hide a copy
TURNS = pl.Schema({"number": pl.UInt32, "turn": pl.UInt32})
_WORDS = r"[\p{L}\p{N}]+"


@dataclass(frozen=True)
class Repeated:
    """What is not learnt again: `turns` (`number`, `turn`) that stay without loss, and `dropped` (`number`, the `id` that has it all)."""

    turns: pl.DataFrame
    dropped: pl.DataFrame

    @classmethod
    def none(cls) -> Repeated:
        """Nothing is repeated."""
        return cls(pl.DataFrame(schema=TURNS), pl.DataFrame(schema={"number": pl.UInt32, "id": pl.String}))


def repeated_replies(rows: pl.DataFrame, stretches: Iterable[pl.DataFrame], threshold: float) -> Repeated:
    """The replies that another of these dialogues has already.

    `rows` has number, id, labels and characters, `stretches` hold number and turns of these conversations and perhaps of others.
    The order of neither matters.
    """
    wanted = rows.select("number")
    found = pl.concat(_replies(frame.join(wanted, on="number", how="semi")) for frame in stretches)
    clusters = near_duplicates(found["text"].to_list(), threshold=threshold, words=RUN)
    members = [(place, number) for number, cluster in enumerate(clusters) for place in cluster]
    place = pl.DataFrame(members, schema={"place": pl.UInt32, "cluster": pl.UInt32}, orient="row")
    alike = (
        found.drop("text")
        .with_row_index("place")
        .join(place, on="place")
        .join(rows.select("number", "id", "labels", "characters"), on="number")
        .sort("cluster", "part", "labels", "characters", "id", descending=[False, False, True, True, False])
        .with_columns(keeper=pl.col("number").first().over("cluster", "part"), kept=pl.col("id").first().over("cluster", "part"))
        .filter(pl.col("number") != pl.col("keeper"))
        .sort("number", "turn")
    )
    emptied = alike.group_by("number", maintain_order=True).agg(pl.col("learnt").first(), again=pl.len(), id=pl.col("kept").first())
    dropped = emptied.filter(pl.col("again") == pl.col("learnt")).select("number", "id")
    return Repeated(alike.select("number", "turn").join(dropped, on="number", how="anti"), dropped)


def unlearn(frame: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Conversations with number and turns, in their order, of which these `turns` (`number`, `turn`) are not learnt."""
    again = turns.join(frame.select("number"), on="number", how="semi").with_columns(again=pl.lit(value=True))
    if again.is_empty():
        return frame
    told = pl.col("turns").struct
    changed = (
        frame.select("number", "turns")
        .unique("number", maintain_order=True)
        .join(again, on="number", how="semi", maintain_order="left")
        .with_columns(turn=pl.int_ranges(pl.col("turns").list.len(), dtype=pl.UInt32))
        .explode("turns", "turn")
        .join(again, on=["number", "turn"], how="left", maintain_order="left")
        .with_columns(turns=told.with_fields(learn=told.field("learn") & pl.col("again").is_null()))
        .group_by("number", maintain_order=True)
        .agg(changed="turns")
    )
    joined = frame.join(changed, on="number", how="left", maintain_order="left")
    return joined.with_columns(turns=pl.coalesce("changed", "turns")).select(frame.columns)


def _replies(frame: pl.DataFrame) -> pl.DataFrame:
    """The long learnt turns of a frame: number, turn, part, text, and how many turns of the conversation are `learnt`."""
    told = pl.col("turns").struct
    return (
        frame.select(
            "number",
            "turns",
            learnt=pl.col("turns").list.eval(pl.element().struct.field("learn").cast(pl.UInt32)).list.sum(),
            turn=pl.int_ranges(pl.col("turns").list.len(), dtype=pl.UInt32),
        )
        .explode("turns", "turn")
        .filter(told.field("learn"))
        .select("number", "turn", "learnt", part=told.field("part"), text=told.field("content"))
        .filter(pl.col("text").str.count_matches(_WORDS) >= REPLY_WORDS)
    )
