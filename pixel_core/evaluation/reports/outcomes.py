"""Items one by one: what a checkpoint got for each, in one number, and how that changed from another checkpoint.

The number is that of the task's first measure, taken on one item: a hit, a loss a token, a mean absolute error. Measures
that exist over many items only (an F1, a kappa) become whether the item is right in all that is known of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.artifacts import is_valid, read_manifest
from pixel_core.evaluation.figures import Figure
from pixel_core.evaluation.measuring import Rows
from pixel_core.evaluation.scorecard import ITEMS, Scorecard
from pixel_core.evaluation.statistics.metrics import STATISTICS

_RATIOS = ("ratio", "perplexity")
_ERRORS = ("mae", "brier", "calibration_error", "correlation")
_MEANS = ("mean", "level", "rate")
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One number an item of a task: NaN where nothing is known. `what` says what the number is."""

    task: str
    what: str
    lower_is_better: bool
    items: list[str]
    values: list[float]
    digests: list[str]

    @property
    def by_item(self) -> dict[tuple[str, str], float]:
        """The numbers by item and its digest: only what was asked alike is compared."""
        return dict(zip(zip(self.items, self.digests, strict=True), self.values, strict=True))


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One item with another outcome than before."""

    item: str
    value: float
    other: float
    better: bool


@dataclass(frozen=True, slots=True)
class Change:
    """How the items of a task fared: counts, and the changed ones, the largest change first."""

    task: str
    what: str
    n: int
    better: int
    worse: int
    items: tuple[ItemChange, ...]

    @property
    def same(self) -> int:
        """Items with the same outcome."""
        return self.n - self.better - self.worse


def outcomes(items: pl.DataFrame, card: Scorecard) -> list[Outcomes]:
    """The outcomes of all tasks that have a measured figure, in their order."""
    first: dict[str, Figure] = {}
    for figure in card.figures:
        if figure.status == "measured":
            first.setdefault(figure.task, figure)
    return [_of_task(Rows.of(items, task), figure) for task, figure in first.items()]


def changes(mine: pl.DataFrame, other: pl.DataFrame, card: Scorecard) -> list[Change]:
    """By task, how the items that both answered, asked alike, changed from `other`; the scorecard of `mine` says how an item is counted."""
    before = {one.task: one.by_item for one in outcomes(other, card)}
    return [_change(now, before[now.task]) for now in outcomes(mine, card) if now.task in before]


def base_items(evaluations: Mapping[str, Path], card: Scorecard) -> pl.DataFrame | None:
    """The items of checkpoint-0, from the folders beside these evaluations of a checkpoint.

    None for checkpoint-0 itself, and where what lies there is not what the evaluations were compared with.
    """
    if card.base is None or card.base == card.checkpoint:
        return None
    found = []
    for folder in evaluations.values():
        beside = folder.parent / card.base
        if not is_valid(beside) or read_manifest(folder).inputs.get("base") != read_manifest(beside).digest:
            return None
        found.append(pl.read_parquet(beside / ITEMS))
    return pl.concat(found)


def _change(now: Outcomes, before: Mapping[tuple[str, str], float]) -> Change:
    shared = [(key, value, before[key]) for key, value in now.by_item.items() if key in before]
    pairs = [(item, value, other) for (item, _), value, other in shared if not np.isnan([value, other]).any()]
    found = [ItemChange(i, v, o, (v < o) == now.lower_is_better) for i, v, o in pairs if abs(v - o) > _SAME]
    found.sort(key=lambda change: (-abs(change.value - change.other), change.item))
    better = sum(change.better for change in found)
    return Change(now.task, now.what, len(pairs), better, len(found) - better, tuple(found))


def _of_task(rows: Rows, figure: Figure) -> Outcomes:
    if not rows.items:
        return Outcomes(figure.task, figure.statistic, figure.lower_is_better, [], [], [])
    columns: Sequence[int] = figure.columns or range(rows.truth.shape[1])
    truth, decided, said = (array[:, list(columns)] for array in (rows.truth, rows.prediction, rows.scores))
    chosen = decided if figure.use == "prediction" else said
    with np.errstate(invalid="ignore", divide="ignore"):
        if figure.statistic in _RATIOS:
            what, lower, values = f"{figure.name}, of one item", True, chosen[:, 0] / chosen[:, 1]
        elif figure.statistic in _ERRORS:
            what, lower, values = "mean absolute error", True, _mean(np.abs(truth - said))
        elif figure.statistic in _MEANS:
            what, lower, values = figure.name, STATISTICS[figure.statistic].lower, _mean(chosen)
        else:
            what, lower = "right in all that is known", False
            known = ~(np.isnan(truth) | np.isnan(decided))
            values = np.where(known.any(1), ((truth == decided) | ~known).all(1).astype(float), np.nan)
    return Outcomes(figure.task, what, lower, rows.items, [round(float(value), 6) for value in values], rows.digests)


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the known columns of each row; NaN where none is."""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(1) / known.sum(1)
