"""From rows to figures: what a figure says can be computed again by whoever holds `items.parquet`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pixel_core.artifacts import digest_of
from pixel_core.evaluation.figures import Difference, Figure, Measure, Status
from pixel_core.evaluation.statistics import metrics
from pixel_core.evaluation.statistics.intervals import interval_of, resamples, seeded
from pixel_core.evaluation.statistics.metrics import STATISTICS, Array, nan_mean

_SHUFFLES = 50
_DIGITS = 6
_BOUNDLESS = ("ratio", "perplexity")  # of losses nothing is the worst: whoever says nothing has that of the floor


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one task as arrays: [n, k] by column, NaN where unknown or untrained."""

    items: list[str]
    groups: list[str]
    tags: list[set[str]]
    parsed: Array
    truth: Array
    prediction: Array
    scores: Array
    floor: Array
    floor_scores: Array
    digests: list[str]

    @classmethod
    def of(cls, frame: pl.DataFrame, task: str) -> Rows:
        """The rows of a task from a frame with `ITEM_SCHEMA`, in item order."""
        own = frame.filter(pl.col("task") == task).sort("item")

        def array(column: str) -> Array:
            listed = own[column].to_list()
            return np.array(listed, dtype=np.float64) if listed else np.zeros((0, 0))

        return cls(
            items=own["item"].to_list(),
            groups=own["group"].to_list(),
            tags=[set(tags) for tags in own["tags"].to_list()],
            parsed=own["parsed"].to_numpy().astype(np.float64),
            truth=array("truth"),
            prediction=array("prediction"),
            scores=array("scores"),
            floor=array("floor"),
            floor_scores=array("floor_scores"),
            digests=own["digest"].to_list(),
        )


@dataclass(frozen=True, slots=True)
class _View:
    """What one measure sees of rows: chosen columns, and the items about which something is known."""

    truth: Array
    prediction: Array
    floor: Array
    groups: list[str]
    items: list[str]
    digests: list[str]
    strata: list[NDArray[np.intp]]  # rows of each tag, or all
    unparsed: int
    untrained: int

    def statistic(self, name: metrics.Name, prediction: Array, weights: Array) -> Array:
        """The mean over the strata of a statistic, for weights [R, n]."""
        values = [metrics.compute(name, self.truth[s], prediction[s], weights[:, s]) for s in self.strata if len(s)]
        return nan_mean(np.stack(values))


def figure_of(
    measure: Measure,
    rows: Rows,
    *,
    axis: str,
    task: str,
    excluded: int,
    count: int,
    seed: str,
    absent: Status = "no items",
    silent: Status = "untrained",
) -> Figure:
    """The figure of a measure, without a base to compare with. `count` resamples, seeded by `seed` and the figure's name.

    `absent` is its status where there is no row, `silent` where there are rows that say nothing of its columns.
    """
    wanted = STATISTICS[measure.statistic]
    view = _view(measure, rows)
    common: dict[str, Any] = {
        "name": measure.name,
        "axis": axis,
        "task": task,
        "statistic": measure.statistic,
        "columns": measure.columns,
        "use": measure.use,
        "tags": measure.tags,
        "headline": measure.headline,
        "indicative": measure.indicative,
        "uncalibrated": measure.uncalibrated,
        "lower_is_better": wanted.lower,
        "excluded": excluded,
    }
    once = np.ones((1, 0 if view is None else len(view.items)))
    value = math.nan if view is None else float(view.statistic(measure.statistic, view.prediction, once)[0])
    if view is None or math.isnan(value):  # NaN: these items have no such statistic, as an AUC where only one kind was asked about
        status: Status = absent if not rows.items else "no items" if _speaks(measure, rows) else silent
        untrained = len(measure.columns) if status == "untrained" else 0
        empty: dict[str, Any] = {"n": 0, "groups": 0, "unparsed": 0, "untrained": untrained, "floors": {}}
        return Figure(**common, **empty, status=status, value=None, low=None, high=None, floor=None, skill=None)
    drawn = [view.statistic(measure.statistic, view.prediction, w) for w in resamples(view.groups, count, f"{seed}:{measure.name}")]
    low, high = interval_of(np.concatenate(drawn))
    floors = _floors(measure, view, seed)
    floor = (min if wanted.lower else max)(floors.values())
    skill = 0.0 if wanted.perfect == floor else (value - floor) / (wanted.perfect - floor)
    return Figure(
        **common,
        status="measured",
        n=len(view.items),
        groups=len(set(view.groups)),
        unparsed=view.unparsed,
        untrained=view.untrained,
        value=round(value, _DIGITS),
        low=round(low, _DIGITS),
        high=round(high, _DIGITS),
        floor=round(floor, _DIGITS),
        floors={name: round(number, _DIGITS) for name, number in floors.items()},
        skill=round(skill, _DIGITS),
    )


def draws_of(measure: Measure, rows: Rows, *, count: int, seed: str) -> tuple[str, Array] | None:
    """The resampled values of a figure, and a digest of the items, groups and labels that they rest on; None without a number.

    Under the same digest, count and seed the draws of two checkpoints are of the same resamples: their difference is that of
    `difference_of`, draw by draw.
    """
    view = _view(measure, rows)
    if view is None:
        return None
    truth = np.nan_to_num(view.truth, nan=-1.0).tolist()  # labels are never negative
    basis = digest_of([view.items, view.digests, view.groups, [s.tolist() for s in view.strata], truth])
    drawn = [view.statistic(measure.statistic, view.prediction, w) for w in resamples(view.groups, count, f"{seed}:{measure.name}")]
    return basis, np.concatenate(drawn)


def difference_of(measure: Measure, rows: Rows, other: Rows, *, count: int, seed: str) -> tuple[float, Difference] | None:
    """The figure of `other`, and the paired difference `rows` - `other` on the items in both.

    An item is the same where its digest is. None where they share no item, no output that both were trained on, or nothing that
    the statistic exists of.
    """
    mine_of, theirs_of = (dict(zip(one.items, one.digests, strict=True)) for one in (rows, other))
    shared = sorted(item for item, digest in mine_of.items() if theirs_of.get(item) == digest)
    first, second = _view(measure, _of_items(rows, shared)), _view(measure, _of_items(other, shared))
    if first is None or second is None or first.truth.shape != second.truth.shape or not np.array_equal(first.truth, second.truth, True):
        return None
    name = measure.statistic
    asked, answered = (_asked_about(measure, one) for one in (rows, other))
    changed = {item for item in asked & answered if mine_of[item] != theirs_of[item]}
    once = np.ones((1, len(first.items)))
    mine, theirs = (float(view.statistic(name, view.prediction, once)[0]) for view in (first, second))
    if math.isnan(mine) or math.isnan(theirs):
        return None
    drawn = [
        first.statistic(name, first.prediction, weights) - second.statistic(name, second.prediction, weights)
        for weights in resamples(first.groups, count, f"{seed}:{measure.name}")
    ]
    low, high = interval_of(np.concatenate(drawn))
    found = Difference(
        figure=measure.name,
        n=len(first.items),
        changed=len(changed),
        unshared=len(asked ^ answered),
        value=round(mine - theirs, _DIGITS),
        low=round(low, _DIGITS),
        high=round(high, _DIGITS),
        lower_is_better=STATISTICS[name].lower,
    )
    return round(theirs, _DIGITS), found


def _of_items(rows: Rows, items: Sequence[str]) -> Rows:
    place = {item: index for index, item in enumerate(rows.items)}
    keep = [place[item] for item in items]
    return Rows(
        items=list(items),
        groups=[rows.groups[i] for i in keep],
        tags=[rows.tags[i] for i in keep],
        parsed=rows.parsed[keep],
        truth=rows.truth[keep],
        prediction=rows.prediction[keep],
        scores=rows.scores[keep],
        floor=rows.floor[keep],
        floor_scores=rows.floor_scores[keep],
        digests=[rows.digests[i] for i in keep],
    )


def _view(measure: Measure, rows: Rows) -> _View | None:
    """None where there is no item, or no output that was trained and is known anywhere.

    What an unparsed answer leaves open is as wrong as can be.
    """
    if not rows.items:
        return None
    columns, prediction, floor = _columns(measure, rows)
    trained = _trained(rows, prediction, floor)
    truth = rows.truth[:, columns][:, trained]
    kept = _of_kind(measure, rows)
    kept &= ~np.isnan(truth).all(1) if trained.any() else False
    if not kept.any():
        return None
    chosen = np.flatnonzero(kept)
    worst = floor[:, trained] if measure.statistic in _BOUNDLESS else _farthest(truth)
    prediction = np.where(np.isnan(prediction[:, trained]), worst, prediction[:, trained])
    strata = [np.flatnonzero([tag in rows.tags[i] for i in chosen]) for tag in measure.tags] or [np.arange(len(chosen))]
    return _View(
        truth=truth[chosen],
        prediction=prediction[chosen],
        floor=floor[:, trained][chosen],
        groups=[rows.groups[i] for i in chosen],
        items=[rows.items[i] for i in chosen],
        digests=[rows.digests[i] for i in chosen],
        strata=strata,
        unparsed=int((rows.parsed[chosen] == 0).sum()),
        untrained=int((~trained).sum()),
    )


def _speaks(measure: Measure, rows: Rows) -> bool:
    """Whether the rows say something in a column of the measure; it is then the right answers that are not known."""
    _, prediction, floor = _columns(measure, rows)
    return bool(_trained(rows, prediction, floor).any())


def _columns(measure: Measure, rows: Rows) -> tuple[list[int], Array, Array]:
    """The columns of a measure, and what stands in them: predictions or scores, and their floor."""
    prediction, floor = (rows.prediction, rows.floor) if measure.use == "prediction" else (rows.scores, rows.floor_scores)
    columns = list(measure.columns) or list(range(prediction.shape[1]))
    return columns, prediction[:, columns], floor[:, columns]


def _trained(rows: Rows, prediction: Array, floor: Array) -> NDArray[np.bool_]:
    """The columns in which a floor is known and every parsed answer says something."""
    return ~np.asarray(np.isnan(floor).any(0) | np.isnan(prediction[rows.parsed > 0]).any(0), dtype=np.bool_)


def _farthest(truth: Array) -> Array:
    """The value that is farthest from each truth, between 0 and the highest truth of its column, or 1."""
    highest = np.maximum(1.0, np.nan_to_num(truth).max(0, initial=1.0))
    return np.where(np.nan_to_num(truth) * 2 >= highest, 0.0, highest)


def _of_kind(measure: Measure, rows: Rows) -> NDArray[np.bool_]:
    return np.array([bool(not measure.tags or tags & set(measure.tags)) for tags in rows.tags], dtype=bool)


def _asked_about(measure: Measure, rows: Rows) -> set[str]:
    """The items of the kinds that a measure is of."""
    return {rows.items[place] for place in np.flatnonzero(_of_kind(measure, rows))}


def _floors(measure: Measure, view: _View, seed: str) -> dict[str, float]:
    once = np.ones((1, len(view.items)))
    floors = {measure.floor: float(view.statistic(measure.statistic, view.floor, once)[0])}
    if measure.shuffled:
        generator = seeded(f"{seed}:{measure.name}:shuffled")
        values = [view.statistic(measure.statistic, _dealt(view.truth, generator), once)[0] for _ in range(_SHUFFLES)]
        if not np.isnan(values).any():  # where no class asked about was trained there is nothing to deal out
            floors["shuffled"] = float(np.mean(values))
    if measure.even:
        floors["even"] = 1 / view.truth.shape[1]
    return floors


def _dealt(truth: Array, generator: np.random.Generator) -> Array:
    """The right answers dealt out at random, whole rows among the items about which the same columns are known."""
    dealt = truth.copy()
    for pattern in np.unique(np.isnan(truth), axis=0):
        alike = np.flatnonzero((np.isnan(truth) == pattern).all(1))
        dealt[alike] = truth[generator.permutation(alike)]
    return dealt
