"""Background: a share of the training rows begins with retrieved knowledge, so that a model learns to use what it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from pixel_core.conversation import CONVERSATION_SCHEMA, Conversation, Provenance, Turn, from_frame, to_frame
from pixel_core.corpus.verbatim import any_said

SOURCE = "knowledge_index"  # of the provenance that a row with background has
_CATEGORIES = frozenset({"psychology", "mental_health"})
_TELLING = frozenset({"clinical", "pdm2"})  # a passage names the class that these heads are to find out
Ask = Callable[[str], tuple[Turn, Provenance] | None]


@dataclass(frozen=True, slots=True)
class Background:
    """Where background comes from: what tells the digest of the index, and what opens it and gives the function to ask with."""

    digest: Callable[[], str]
    open: Callable[[], Ask]


def wanted_rows(train: pl.DataFrame, share: float) -> int:
    """How many training rows are to have background."""
    return round(share * train.height)


def with_background(train: pl.DataFrame, held_out: pl.DataFrame, ask: Ask, *, count: int, seed: int) -> pl.DataFrame:
    """The training rows, `count` of them (or as many as can be) with a system turn of background in front; sorted by id.

    Chosen by seed from conversations about the mind that have no system turn and no label which a passage could give away.
    A note is not used when one of its sentences is said in a held-out row. Held-out rows never get background.
    """
    said = "\n".join(turn.content for row in from_frame(held_out) for turn in row.turns)
    changed: dict[str, Conversation] = {}
    copies = dict(train.group_by("id").len().iter_rows())
    left = count
    for row in _eligible(train, seed):
        if left < copies[row.id]:
            continue
        query = next(turn.content for turn in row.turns if turn.role == "user")
        if (note := ask(query)) is None or any_said(note[0].content.splitlines(), said):
            continue
        changed[row.id] = replace(row, turns=(note[0], *row.turns), provenance=(*row.provenance, note[1]))
        left -= copies[row.id]
    kept = train.filter(~pl.col("id").is_in(list(changed)))
    others = [name for name in train.columns if name not in CONVERSATION_SCHEMA]
    before = train.filter(pl.col("id").is_in(list(changed)))
    after = to_frame(changed[name] for name in before["id"])
    return pl.concat([kept, pl.concat([after, before.select(others)], how="horizontal").select(train.columns)]).sort("id")


def _eligible(train: pl.DataFrame, seed: int) -> Iterator[Conversation]:
    rows = from_frame(train.unique("id").sort("id"))
    for row in sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:background:{row.id}".encode()).hexdigest()):
        telling = any(label.head in _TELLING for _, label in row.labels)
        if row.category in _CATEGORIES and row.turns[0].role == "user" and not telling:
            yield row
