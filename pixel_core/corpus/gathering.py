"""Rows that lie scattered over a source and belong to one record, as the utterances of a session, gathered on disk once they are many.

A session may end where the source ends, so nothing can be said of any before the last row is read. Of a record only its key and its
size stay in memory.
"""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.corpus.source_rows import Row

HELD_CHARACTERS = 1 << 26  # of rows in memory at a time
_PART_GROUP = 1_024  # rows of a row group of a part: so many are read though a stretch needs one of them
_PLACED = pl.Schema({"record": pl.UInt32, "order": pl.Int64, "file": pl.String, "number": pl.Int64, "value": pl.String})
_Placed = tuple[int, int, str, int, str]


class Gathering:
    """Rows with the key of their record, taken in any order and given back a record at a time, in the order in which records first came.

    Values are kept as JSON: times and decimals of a Parquet file become text.
    """

    def __init__(self, folder: Path) -> None:
        self._parts = folder / "gathered"
        self._records: dict[tuple[str, ...], int] = {}
        self._sizes = array("Q")
        self._held: list[_Placed] = []
        self._characters = 0
        self._count = 0
        self._files: list[Path] = []

    def add(self, key: tuple[str, ...], row: Row) -> None:
        """Take one more row of the record with this key."""
        value = json.dumps(row.value, default=_plain)
        record = self._records.setdefault(key, len(self._sizes))
        if record == len(self._sizes):
            self._sizes.append(0)
        self._sizes[record] += len(value)
        self._held.append((record, self._count, row.file, row.number, value))
        self._characters += len(value)
        self._count += 1
        if self._characters > HELD_CHARACTERS:
            self._write_part()

    def records(self) -> Iterator[list[Row]]:
        """The rows of every record, in order of arrival."""
        for _, members in groupby(self._placed(), key=itemgetter(0)):
            yield [Row(file, number, json.loads(value)) for _, _, file, number, value in members]

    def _placed(self) -> Iterator[_Placed]:
        if not self._files:
            yield from sorted(self._held)
            return
        self._write_part()
        for first, end in self._stretches():
            within = (pl.col("record") >= first) & (pl.col("record") < end)
            yield from pl.scan_parquet(self._files).filter(within).collect().sort("record", "order").iter_rows()
        shutil.rmtree(self._parts)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Records, first and end, that together have so many characters as may be held, or one that has more by itself."""
        first, characters = 0, 0
        for record, size in enumerate(self._sizes):
            if characters and characters + size > HELD_CHARACTERS:
                yield first, record
                first, characters = record, 0
            characters += size
        yield first, len(self._sizes)

    def _write_part(self) -> None:
        if self._held:
            self._parts.mkdir(exist_ok=True)
            self._files.append(self._parts / f"{len(self._files):05d}.parquet")
            part = pl.DataFrame(sorted(self._held), schema=_PLACED, orient="row")
            part.write_parquet(self._files[-1], compression="lz4", row_group_size=_PART_GROUP)
            self._held.clear()
            self._characters = 0


def _plain(value: Any) -> Any:
    """A value that JSON lacks: a time or a decimal as its text; bytes, which are none, as an object that no adapter takes for text."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else str(value)
