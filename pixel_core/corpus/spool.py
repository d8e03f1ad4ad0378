"""What a source keeps and puts aside on its way to the files, a part at a time, so that a million rows need no more room than ten thousand.

Conversations and preference pairs are written in parts, each in order of its ids, and read back in stretches of ids, in which the same
text from several rows stands together. Ids are SHA-256, so stretches of equal width hold about as many rows each.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Generic, TypeVar, cast

import polars as pl
import pyarrow.parquet as pq

from pixel_core.artifacts import write_table
from pixel_core.rejects import REJECT_SCHEMA, REJECTED, Reject

T = TypeVar("T")
HELD = 20_000  # conversations or pairs in memory at a time
READ = 8_192  # rows of a written table in memory at a time
HELD_CHARACTERS = 1 << 26  # ... and characters of what was put aside
GROUP = 65_536  # rows of a row group: as `write_table` writes them
_PART_GROUP = 1_024  # rows of a row group of a part: so many are read though a stretch needs one of them
_WIDTH = 1 << 32  # the first eight hex digits of an id


class Spool(Generic[T]):
    """Conversations or pairs with their positions, taken in any order of ids and given back in order.

    `frame` makes a table of them, in their order, with a column `id`.
    """

    def __init__(self, folder: Path, frame: Callable[[Iterable[T]], pl.DataFrame]) -> None:
        self._parts = folder / "parts"
        self._of = frame
        self._held: list[tuple[str, T]] = []
        self._files: list[Path] = []
        self._count = 0

    def add(self, position: str, item: T) -> None:
        """Take one more."""
        self._held.append((position, item))
        self._count += 1
        if len(self._held) == HELD:
            self._write_part()

    def columns(self, *names: str) -> pl.DataFrame:
        """These columns of all of them, in any order."""
        if not self._files:
            return self._frame().select(names)
        self._write_part()
        return pl.scan_parquet(self._files).select(names).collect()

    def stretches(self) -> Iterator[pl.DataFrame]:
        """All of them with `position` and `order` (of arrival), in order of id and arrival; one id stands in one frame only."""
        if not self._files:
            yield self._frame()
            return
        self._write_part()
        count = -(-self._count // HELD)
        bounds = [f"{_WIDTH * number // count:08x}" for number in range(count)]
        for low, high in zip(bounds, [*bounds[1:], "g"], strict=True):
            within = (pl.col("id") >= low) & (pl.col("id") < high)
            yield pl.scan_parquet(self._files).filter(within).collect().sort("id", "order")
        shutil.rmtree(self._parts)

    def _frame(self) -> pl.DataFrame:
        first = self._count - len(self._held)
        frame = self._of(item for _, item in self._held).with_columns(
            position=pl.Series([position for position, _ in self._held], dtype=pl.String),
            order=pl.int_range(first, self._count, dtype=pl.Int64),
        )
        return frame.sort("id", "order")

    def _write_part(self) -> None:
        if self._held:
            self._parts.mkdir(exist_ok=True)
            self._files.append(self._parts / f"{len(self._files):05d}.parquet")
            self._frame().write_parquet(self._files[-1], compression="lz4", row_group_size=_PART_GROUP)
            self._held.clear()


class Aside:
    """Rejects in the order in which they come, and how many each reason has."""

    def __init__(self, folder: Path) -> None:
        self.reasons: Counter[str] = Counter()
        self._folder = folder
        self._held: list[Reject] = []
        self._files: list[Path] = []
        self._characters = 0

    def __len__(self) -> int:
        return self.reasons.total()

    def add(self, reject: Reject) -> None:
        """Put one more aside."""
        self.reasons[reject.reason] += 1
        self._held.append(reject)
        self._characters += len(reject.content)
        if self._characters > HELD_CHARACTERS:
            self._files.append(self._folder / f"aside-{len(self._files):05d}.parquet")
            self._frame().write_parquet(self._files[-1], compression="lz4")
            self._held.clear()
            self._characters = 0

    def write(self) -> None:
        """Write `rejected.parquet` into the folder."""
        write_stretches(self._folder / REJECTED, (*map(pl.read_parquet, self._files), self._frame()))
        for path in self._files:
            path.unlink()

    def _frame(self) -> pl.DataFrame:
        return pl.DataFrame([asdict(reject) for reject in self._held], schema=REJECT_SCHEMA)


def write_stretches(path: Path, stretches: Iterable[pl.DataFrame]) -> int:
    """Write frames one after the other as one Parquet file, in row groups as `write_table` makes them; returns how many rows."""
    waiting: list[pl.DataFrame] = []
    writer: pq.ParquetWriter | None = None
    rows = 0
    for frame in stretches:
        rows += frame.height
        waiting.append(frame)
        while sum(part.height for part in waiting) > GROUP:
            together = pl.concat(waiting, rechunk=True)
            table = together.head(GROUP).to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=GROUP)
            waiting = [together.slice(GROUP)]
    if writer is None:
        write_table(path, pl.concat(waiting, rechunk=True))
    else:
        writer.write_table(pl.concat(waiting, rechunk=True).to_arrow(compat_level=pl.CompatLevel.oldest()), row_group_size=GROUP)
        writer.close()
    return rows


def read_stretches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file in order, so many together; at least one frame, which is empty where the file is."""
    with pq.ParquetFile(path) as table:
        if not table.metadata.num_rows:
            yield pl.read_parquet(path, columns=list(columns) if columns else None)
        for batch in table.iter_batches(READ, columns=columns, use_threads=False):
            yield cast(pl.DataFrame, pl.from_arrow(batch))
