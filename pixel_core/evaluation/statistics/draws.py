"""Bootstrap draws kept with a scorecard, so that any two checkpoints can be compared later without asking or resampling again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.artifacts import digest_of, write_table
from pixel_core.evaluation.measuring import Rows, draws_of
from pixel_core.evaluation.scorecard import Scorecard
from pixel_core.evaluation.statistics.intervals import interval_of
from pixel_core.evaluation.statistics.metrics import Array

DRAWS = "draws.parquet"
SCHEMA = pl.Schema(
    {
        "figure": pl.String(),
        "value": pl.Float64(),
        "basis": pl.String(),  # digest of task version, items, groups, labels, seed and count: under the same one draws are paired
        "draws": pl.List(pl.Float32()),  # the figure in each resample; NaN where a resample says nothing
    }
)
Pair = tuple[float, float, float]  # difference, and the ends of its paired 95 % interval


def write_draws(folder: Path, card: Scorecard, rows: Mapping[str, Rows]) -> None:
    """Write the draws of all measured figures of a scorecard."""
    found = []
    for figure in card.figures:
        drawn = draws_of(figure.measure, rows[figure.task], count=card.resamples, seed=card.seed) if figure.status == "measured" else None
        if drawn is not None:
            basis = digest_of([card.tasks[figure.task].version, drawn[0], card.resamples, card.seed])
            found.append({"figure": figure.name, "value": figure.value, "basis": basis, "draws": drawn[1].astype(np.float32)})
    write_table(folder / DRAWS, pl.DataFrame(found, schema=SCHEMA))


def read_draws(folder: Path) -> dict[str, tuple[float, str, Array]]:
    """By figure: its value, what the draws rest on, and the draws."""
    frame = pl.read_parquet(folder / DRAWS)
    return {name: (value, basis, draws.to_numpy()) for name, value, basis, draws in zip(*(frame[c] for c in SCHEMA), strict=True)}


def pairs(figure: str, drawn: Sequence[Mapping[str, tuple[float, str, Array]]]) -> list[Pair | None]:
    """The figure's difference between every two checkpoints, in the order of `itertools.combinations`; None where they are not paired."""
    found: list[Pair | None] = []
    for first, second in combinations(drawn, 2):
        mine, theirs = first.get(figure), second.get(figure)
        if mine is None or theirs is None or mine[1] != theirs[1]:
            found.append(None)
            continue
        low, high = interval_of(mine[2] - theirs[2])
        found.append((round(mine[0] - theirs[0], 6), round(low, 6), round(high, 6)))
    return found
