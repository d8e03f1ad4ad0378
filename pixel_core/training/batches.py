"""Batches of a packed dataset: which rows a step sees, and the tensors made of them.

The order is a pure function of (seed, step, rank, world), so a resumed run sees exactly what it would have seen.
All ranks together see the same rows at a step whatever their number.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from pixel_core.model.chat import Encoded
from pixel_core.model.heads import HEADS
from pixel_core.training.packing import Piece, pieces_of_row, read_layout

if TYPE_CHECKING:
    from torch import Tensor

    from pixel_core.model.batch import Example, PixelBatch

T = TypeVar("T")
FROM_PART = "derived:part"  # the source of persona: it is read off the part that speaks, and no label says it


@dataclass(frozen=True, slots=True)
class Share:
    """What one rank takes of a step: `rank` of `world`, in `micro` micro-batches."""

    rank: int = 0
    world: int = 1
    micro: int = 1

    def of(self, items: Sequence[T]) -> list[list[T]]:
        """This rank's items by micro-batch: consecutive slices of near-equal size, in rank order."""
        slots = self.world * self.micro
        edges = [len(items) * k // slots for k in range(slots + 1)]
        first = self.rank * self.micro
        return [list(items[edges[k] : edges[k + 1]]) for k in range(first, first + self.micro)]

    def most(self, items: Sequence[object]) -> int:
        """The size of the largest slice of any rank."""
        return -(-len(items) // (self.world * self.micro))


def drawn(count: int, purpose: str, start: int, stop: int) -> list[int]:
    """Positions [start, stop) of an endless sequence of indices below `count`: every epoch a new shuffle named by `purpose`."""
    if not count:
        return []
    taken: list[int] = []
    for epoch in range(start // count, (stop - 1) // count + 1 if stop > start else start // count):
        order = list(range(count))
        random.Random(f"{purpose}:{epoch}").shuffle(order)  # noqa: S311 - an order, not a secret
        taken += order[max(start - epoch * count, 0) : stop - epoch * count]
    return taken


class PackedSplit:
    """One split of a packed dataset in memory: rows that carry language loss, and labelled examples.

    `most` keeps so many of each, spread evenly over the split.
    """

    def __init__(self, folder: Path, split: str, *, most: int | None = None) -> None:
        layout = read_layout(folder)
        self.length, self._pad = layout.sequence_length, layout.pad
        self._rows = _spread(pl.read_parquet(folder / f"{split}.parquet"), most)
        self._head_rows = _spread(pl.read_parquet(folder / f"head_{split}.parquet"), most)

    @property
    def rows(self) -> pl.DataFrame:
        """The packed rows that carry language loss."""
        return self._rows

    def row(self, index: int) -> list[Piece]:
        """The conversations of a packed row."""
        return pieces_of_row(self._rows.row(index, named=True))

    def head_row(self, index: int) -> list[Piece]:
        """The labelled posts and pairs of a packed row."""
        return pieces_of_row(self._head_rows.row(index, named=True))

    def step(
        self,
        step: int,
        *,
        rows: int,
        head_rows: int,
        seed: int,
        share: Share,
        order: Sequence[int] = (),
        part: float = 1.0,
        empathy: int | None = None,
    ) -> list[PixelBatch]:
        """This rank's micro-batches of an optimiser step (1, 2, ...) that takes `rows` rows and `head_rows` rows of labelled examples.

        With `part` below 1 the rows are drawn from that share of `order` (see `curriculum_order`), at least one. Of the mechanisms of
        empathy those after the first `empathy` are unknown.
        """
        eligible = self._rows.height if part == 1 else math.ceil(part * self._rows.height)
        purpose = f"{seed}:rows" if part == 1 else f"{seed}:rows:{eligible}"
        language = drawn(eligible, purpose, (step - 1) * rows, step * rows)
        if part < 1:
            language = [order[index] for index in language]
        labelled = drawn(self._head_rows.height, f"{seed}:head_rows", (step - 1) * head_rows, step * head_rows)
        height = share.most(language) + share.most(labelled)
        micro = zip(share.of(language), share.of(labelled), strict=True)
        batches = [self._batch([*map(self.row, own), *map(self.head_row, asked)], height) for own, asked in micro]
        for batch in batches if empathy is not None else ():
            batch.head_targets["empathy"][:, empathy:] = math.nan
        return batches

    def curriculum_order(self, domains: Sequence[str]) -> list[int]:
        """The rows from easy to hard: by the mean over their tokens of difficulty and of the domain's place in `domains`, equally.

        A domain that is not named stands in the middle.
        """
        position = {name: index / max(1, len(domains) - 1) for index, name in enumerate(domains)}

        def place(pieces: Sequence[Mapping[str, Any]]) -> float:
            sizes = [piece["end"] - piece["start"] for piece in pieces]
            each = [(piece["difficulty"] - 1) / 4 + position.get(piece["category"], 0.5) for piece in pieces]
            return sum(size * value for size, value in zip(sizes, each, strict=True)) / sum(sizes)

        places = [place(pieces) for pieces in self._rows["pieces"].to_list()]
        return sorted(range(len(places)), key=lambda row: (places[row], row))

    def asking(self, heads: Collection[str], *, most: int, share: Share) -> list[PixelBatch]:
        """This rank's part, as one batch or none, of the first `most` rows that hold labels of any of these heads."""
        frames = [row for frame in (self._rows, self._head_rows) for row in frame.iter_rows(named=True)]
        found: list[list[Piece]] = []
        for pieces in map(pieces_of_row, frames):
            if len(found) == most:
                break
            if any(query.targets.keys() & heads for piece in pieces for query in example_of_piece(piece).queries):
                found.append(pieces)
        height = share.most(found)
        return [self._batch(share.of(found)[0], height)] if height else []

    def everything(self, *, rows: int, share: Share) -> list[PixelBatch]:
        """This rank's batches of the whole split, once, of `rows` rows each; every rank gets equally many."""
        found = [pieces_of_row(row) for frame in (self._rows, self._head_rows) for row in frame.iter_rows(named=True)]
        batches = -(-share.most(found) // rows)
        own = share.of(found)[0]
        return [self._batch(own[k * rows : (k + 1) * rows], rows) for k in range(batches)]

    def _batch(self, rows: Sequence[Sequence[Piece]], height: int) -> PixelBatch:
        """A batch of exactly `height` rows, so that every rank has the same shape: ZeRO-3 gathers weights by it."""
        from pixel_core.model.batch import Example, build_batch

        silence = Example(Encoded([self._pad], [], [False]), ())
        made = [[example_of_piece(piece) for piece in row] for row in rows]
        return build_batch(made + [[silence]] * (height - len(made)), pad=self._pad, length=self.length)

    @property
    def targets(self) -> dict[str, Tensor]:
        """Every known head target of the split, [n, outputs] by head, NaN where unknown."""
        return self._known[0]

    @property
    def sources(self) -> dict[str, dict[str, int]]:
        """Who says what is known: turns by head and label source (`human`, `written`, `derived:<rule>`, `model:<name>`).

        A turn whose labels of one head are of two sources counts for both.
        """
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[dict[str, Tensor], dict[str, dict[str, int]]]:
        import torch

        targets: dict[str, list[Sequence[float]]] = {spec.name: [] for spec in HEADS}
        sources: dict[str, Counter[str]] = {spec.name: Counter() for spec in HEADS}
        rows = (row for frame in (self._rows, self._head_rows) for row in frame.iter_rows(named=True))
        for piece in (piece for row in rows for piece in pieces_of_row(row)):
            for query in example_of_piece(piece).queries:
                labels = piece.turns[query.turn].labels
                for head, values in query.targets.items():
                    targets[head].append(values)
                    sources[head].update({label.source for label in labels if label.head == head} or {FROM_PART})
        known = {spec.name: torch.tensor(targets[spec.name]).reshape(-1, len(spec.outputs)) for spec in HEADS}
        return known, {head: dict(sorted(counts.items())) for head, counts in sources.items() if counts}


def _spread(frame: pl.DataFrame, most: int | None) -> pl.DataFrame:
    return frame if most is None or most >= frame.height else frame[[index * frame.height // most for index in range(most)]]


def example_of_piece(piece: Piece) -> Example:
    """The piece with the queries that its turns' labels answer."""
    from pixel_core.model.batch import Example, queries_of

    return Example(piece.encoded, queries_of(piece.turns, piece.encoded.spans), piece.group)
