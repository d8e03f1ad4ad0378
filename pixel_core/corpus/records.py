"""The conversations of several artifacts where they lie: read a stretch at a time, so that a million need no room of their own."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pixel_core.conversation import CONVERSATION_SCHEMA
from pixel_core.corpus.replies import TURNS, unlearn

T = TypeVar("T")
STRETCH = 65_536  # rows read together: a row group as `write_table` writes them
_KEPT = 2  # stretches of text that stay in memory


@dataclass(frozen=True)
class Records:
    """Conversations numbered from 0: those of each file in order of the sources' names, then those of `united`."""

    files: Mapping[str, Path]
    united: pl.DataFrame = field(default_factory=lambda: CONVERSATION_SCHEMA.to_frame().with_columns(source=pl.lit("")))
    """Conversations that stand in no file, with their `source`."""
    gone: frozenset[int] = frozenset()
    """Numbers that are counted but say nothing: `united` holds what they said."""
    not_learnt: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TURNS))
    """Turns (`number`, `turn`) that are taken without language loss, because another conversation has them already."""

    def __len__(self) -> int:
        return self._starts[-1] + self.united.height

    @cached_property
    def _starts(self) -> list[int]:
        sizes = (pq.ParquetFile(path).metadata.num_rows for path in self.files.values())
        return list(accumulate(sizes, initial=0))

    @cached_property
    def _places(self) -> list[tuple[int, int, str, int]]:
        """First number, rows, source and first row in its file of every stretch."""
        places = []
        for source, start, end in zip(self.files, self._starts, self._starts[1:], strict=False):
            places += [(first, min(STRETCH, end - first), source, first - start) for first in range(start, end, STRETCH)]
        if self.united.height:
            places.append((self._starts[-1], self.united.height, "", 0))
        return places

    def stretches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """All conversations in order, so many together, with their `number` and `source`."""
        for place in range(len(self._places)):
            yield self._stretch(place, columns)

    def _stretch(self, place: int, columns: Sequence[str]) -> pl.DataFrame:
        first, rows, source, offset = self._places[place]
        if not source:
            return self.united.select(*columns, "source").with_row_index("number", offset=first)
        found = pl.scan_parquet(self.files[source]).slice(offset, rows).select(columns).collect()
        return found.with_columns(source=pl.lit(source)).with_row_index("number", offset=first)

    def take(self, numbers: pl.Series) -> pl.DataFrame:
        """The conversations of these numbers in this order, with CONVERSATION_SCHEMA, `number` and `source`; a number may recur."""
        asked = numbers.cast(pl.UInt32)
        wanted = asked.unique().sort()
        parts = []
        for place, (first, rows, _, _) in enumerate(self._places):
            low, high = wanted.search_sorted(first), wanted.search_sorted(first + rows)
            if low < high:
                chosen = np.zeros(rows, bool)
                chosen[wanted[low:high].to_numpy() - first] = True
                # A mask, and one chunk before rows change places: to pick rows of nested columns in several chunks takes ten times as long.
                parts.append(unlearn(self._stretch(place, list(CONVERSATION_SCHEMA)).filter(pl.Series(chosen)), self.not_learnt))
        if not parts:
            return self.united.clear().with_row_index("number").select("number", *CONVERSATION_SCHEMA, "source")
        found = pl.concat(parts, rechunk=True)
        return found if asked.equals(wanted) else found[wanted.search_sorted(asked)]

    @property
    def spoken(self) -> Spoken:
        """What is said in each conversation."""
        return Spoken(self)

    @property
    def texts(self) -> Texts:
        """The text of each conversation, a line a turn."""
        return Texts(self)


class _Read(Sequence[T]):
    """One thing of every conversation by number, of which only the stretches last looked at are in memory."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._firsts = [first for first, *_ in records._places]
        self._cached: OrderedDict[int, list[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"conversation {index} of {len(self)}")
        place = bisect_right(self._firsts, index) - 1
        if place not in self._cached:
            self._cached[place] = self._of(self._turns(self._records._stretch(place, ["turns"])))
            if len(self._cached) > _KEPT:
                self._cached.popitem(last=False)
        return self._cached[place][index - self._firsts[place]]

    def __iter__(self) -> Iterator[T]:
        for frame in self._records.stretches(["turns"]):
            yield from self._of(self._turns(frame))

    def _turns(self, frame: pl.DataFrame) -> pl.Series:
        if not self._records.gone:
            return frame["turns"]
        gone = pl.col("number").is_in(pl.Series(sorted(self._records.gone), dtype=pl.UInt32).implode())
        return frame.select(pl.when(gone).then(pl.col("turns").list.head(0)).otherwise("turns"))["turns"]

    @staticmethod
    @abstractmethod
    def _of(turns: pl.Series) -> list[T]:
        """What is read of the conversations with these turns."""


class Spoken(_Read[list[str]]):
    """The contents of the turns of every conversation by number."""

    @staticmethod
    def _of(turns: pl.Series) -> list[list[str]]:
        return turns.list.eval(pl.element().struct.field("content")).to_list()


class Texts(_Read[str]):
    """The text of every conversation by number."""

    @staticmethod
    def _of(turns: pl.Series) -> list[str]:
        return turns.list.eval(pl.element().struct.field("content")).list.join("\n").to_list()
