"""Tables in one Parquet file, or, when they are long, in several: `train.parquet`, or `train-00000-of-00002.parquet` and so on."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from pixel_core.artifacts import ArtifactError, write_table
from pixel_core.conversation import Conversation, from_frame

SHARD_ROWS = 50_000
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")


def write_shards(folder: Path, name: str, frame: pl.DataFrame, *, rows: int = SHARD_ROWS) -> list[Path]:
    """Write a frame in its order as `<name>.parquet`, or, when it has more than so many rows, as shards of as many; returns the files."""
    count = -(-frame.height // rows)
    if count <= 1:
        paths = [folder / f"{name}.parquet"]
    else:
        paths = [folder / f"{name}-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
    for number, path in enumerate(paths):
        write_table(path, frame.slice(number * rows, rows))
    return paths


def shards(folder: Path, name: str) -> tuple[Path, ...]:
    """The file or files of a table in order; raises ArtifactError when there is none, or one of several is missing."""
    single = folder / f"{name}.parquet"
    found = sorted(path for path in folder.glob(f"{name}-*.parquet") if _SHARD.fullmatch(path.name.removeprefix(name)))
    if single.is_file() and not found:
        return (single,)
    numbers = [_SHARD.fullmatch(path.name.removeprefix(name)) for path in found]
    counts = {(int(match[1]), int(match[2])) for match in numbers if match}
    if not found or single.is_file() or counts != {(number, len(found)) for number in range(len(found))}:
        raise ArtifactError(f"{folder} does not hold {name}.parquet, nor all files of {name} exactly once: materialise {folder.name} again")
    return tuple(found)


def read_shards(folder: Path, name: str, columns: list[str] | None = None) -> pl.DataFrame:
    """A table of one file or several, in order."""
    return pl.concat(pl.read_parquet(path, columns=columns) for path in shards(folder, name))


def read_split(folder: Path, name: str) -> list[Conversation]:
    """The conversations of one file or several, in order."""
    return [conversation for path in shards(folder, name) for conversation in from_frame(pl.read_parquet(path))]
