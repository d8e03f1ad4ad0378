"""Rejects: rows that a stage keeps apart, each with a reason code, so that totals add up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import write_table

REJECT_SCHEMA = pl.Schema({"source": pl.String, "position": pl.String, "reason": pl.String, "detail": pl.String, "content": pl.String})
REJECTED = "rejected.parquet"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that did not enter an artifact.

    `position` says where it stood in `source` (`row 12`, a file name, a segment id), `reason` is a
    snake_case code, `detail` tells a person what was wrong without quoting the row, and `content`
    is the row itself as JSON text ("" when there is none): it stays in the file and never goes to a log.
    """

    source: str
    position: str
    reason: str
    detail: str
    content: str = ""


def as_content(row: Any) -> str:
    """The row as JSON text for `Reject.content`; whatever JSON cannot hold is written as its repr."""
    return json.dumps(row, ensure_ascii=False, default=repr)


def count_reasons(rejects: Iterable[Reject]) -> dict[str, int]:
    """How many rejects each reason has, by reason name."""
    return dict(sorted(Counter(reject.reason for reject in rejects).items()))


def write_rejects(folder: Path, rejects: Iterable[Reject]) -> int:
    """Write `rejected.parquet` into the folder (also when there is no reject); returns how many."""
    frame = pl.DataFrame([asdict(reject) for reject in rejects], schema=REJECT_SCHEMA)
    write_table(folder / REJECTED, frame)
    return frame.height
