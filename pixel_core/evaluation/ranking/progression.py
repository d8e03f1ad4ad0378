"""Progression: the course of every figure over the checkpoints of a run, with its trend and with what falls out of it.

Trend: Theil-Sen, the median slope over all pairs of checkpoints, with Sen's 95 % interval from Kendall's rank statistic; one
wild checkpoint in four cannot turn it. With fewer than five checkpoints even a course without a single step back happens by
chance more than one time in twenty, so there is no trend. Anomaly: a checkpoint that lies more than 3.5 robust standard
deviations (1.4826 x the median absolute deviation) off the trend line, and whose own interval does not reach the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from pixel_core.evaluation.figures import Figure, Record
from pixel_core.evaluation.scorecard import Scorecard, reliable

FEWEST = 5  # checkpoints that a trend needs
FAR = 3.5  # robust standard deviations; Iglewicz and Hoaglin (1993)
_SCALE = 1.4826  # makes the median absolute deviation the standard deviation of a normal distribution
_DIGITS = 6
Direction = Literal["better", "worse", "level"]


class Point(Record):
    """A figure at one checkpoint."""

    step: int
    """Optimiser step."""
    value: float
    """The figure."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of it."""
    n: int
    """Items that it rests on."""


class Trend(Record):
    """The robust line through a course: `value = level + slope x (step - first step) / 1000`."""

    slope: float
    """Change of the figure over a thousand steps."""
    low: float
    """Lower end of the slope's 95 % interval."""
    high: float
    """Upper end of it."""
    level: float
    """The line at the first step."""
    direction: Direction
    """`better` or `worse` where the whole interval lies on one side of no change, else `level`."""


class Anomaly(Record):
    """A checkpoint that falls out of the trend."""

    step: int
    """Optimiser step."""
    value: float
    """The figure there."""
    expected: float
    """What the trend line says there."""
    deviations: float
    """How far off it is, in robust standard deviations of the course; above the line is positive."""
    direction: Literal["better", "worse"]
    """Whether the figure is better or worse than the line."""


class Course(Record):
    """One figure over the checkpoints of a run, in the order of their steps."""

    run: str
    """The run."""
    figure: str
    """Name of the figure."""
    axis: str
    """Its axis."""
    lower_is_better: bool
    """Whether a lower figure is the better one."""
    floor: float | None
    """What a model that knows nothing gets, at the newest checkpoint; None without one."""
    points: tuple[Point, ...]
    """What was measured, on the items and with the task of the newest checkpoint."""
    left_out: tuple[int, ...]
    """Steps at which the figure was measured on other items or by another version: they do not compare."""
    trend: Trend | None
    """None with fewer than five points."""
    anomalies: tuple[Anomaly, ...]
    """Checkpoints that fall out of the trend; none without a trend."""


def progression(cards: Iterable[Scorecard], figures: Sequence[str] = ()) -> tuple[Course, ...]:
    """The courses of the measured figures (default: all) over the scorecards of one run, in the order of the newest scorecard.

    Raises ValueError for scorecards of several runs.
    """
    ordered = sorted(cards, key=_step)
    runs = sorted({card.checkpoint.rpartition(".")[0] for card in ordered})
    if len(runs) > 1:
        raise ValueError(f"scorecards of several runs, {', '.join(runs)}: a progression is that of one run")
    if not ordered:
        return ()
    newest = ordered[-1]
    wanted = [figure for figure in newest.figures if figure.value is not None and (not figures or figure.name in figures)]
    return tuple(_course(runs[0], figure, newest, ordered) for figure in wanted)


def progression_of(run: str, scorecards: Path, figures: Sequence[str] = ()) -> tuple[Course, ...]:
    """The courses of a run from the folder of all scorecards; one that cannot be relied on is not looked at."""
    folders = sorted(folder for folder in scorecards.glob(f"{run}.*") if folder.name.rpartition(".")[0] == run)
    return progression((card for card in map(reliable, folders) if card is not None), figures)


def trend_of(points: Sequence[Point], *, lower_is_better: bool) -> Trend | None:
    """The Theil-Sen trend of points in the order of their steps; None with fewer than five."""
    if len(points) < FEWEST:
        return None
    from scipy.stats import theilslopes

    steps = np.array([point.step - points[0].step for point in points]) / 1000
    values = np.array([point.value for point in points])
    slope, _, low, high = (float(number) for number in theilslopes(values, steps, 0.95))
    level = float(np.median(values - slope * steps))
    rising = low > 0
    direction: Direction = "level" if low <= 0 <= high else "worse" if rising == lower_is_better else "better"
    slope, low, high, level = (round(number, _DIGITS) for number in (slope, low, high, level))
    return Trend(slope=slope, low=low, high=high, level=level, direction=direction)


def anomalies_of(points: Sequence[Point], trend: Trend, *, lower_is_better: bool) -> tuple[Anomaly, ...]:
    """The points that fall out of a trend (see the module)."""
    expected = [trend.level + trend.slope * (point.step - points[0].step) / 1000 for point in points]
    off = [point.value - line for point, line in zip(points, expected, strict=True)]
    scale = _SCALE * float(np.median(np.abs(np.array(off) - np.median(off))))
    found = []
    for point, line, gap in zip(points, expected, off, strict=True):
        if point.low <= line <= point.high or abs(gap) <= FAR * scale:
            continue
        deviations = gap / max(scale, (point.high - point.low) / 3.92, 1e-9)  # a course without any scatter: the point's own error
        worse = (gap > 0) == lower_is_better
        found.append(
            Anomaly(
                step=point.step,
                value=point.value,
                expected=round(line, _DIGITS),
                deviations=round(deviations, 2),
                direction="worse" if worse else "better",
            )
        )
    return tuple(found)


def to_text(courses: Sequence[Course]) -> str:
    """The courses as lines for a terminal: trend over a thousand steps with its interval, and the marked steps."""
    return "\n".join(map(_line, courses))


def _line(course: Course) -> str:
    head = f"{course.figure}: {len(course.points)} checkpoints"
    if course.trend is None:
        return f"{head}, too few for a trend (from {FEWEST})"
    trend = course.trend
    line = f"{head}, {trend.direction}, {trend.slope:+.4f} ({trend.low:+.4f} to {trend.high:+.4f}) a thousand steps"
    marks = [f"step {a.step} {a.direction} by {abs(a.value - a.expected):.3f}" for a in course.anomalies]
    return f"{line}; out of trend: {', '.join(marks)}" if marks else line


def _course(run: str, figure: Figure, newest: Scorecard, cards: Sequence[Scorecard]) -> Course:
    points, left_out = [], []
    for card in cards:
        own = next((f for f in card.figures if f.name == figure.name), None)
        if own is None or own.value is None or own.low is None or own.high is None:
            continue
        if card.tasks[own.task] == newest.tasks[figure.task]:
            points.append(Point(step=_step(card), value=own.value, low=own.low, high=own.high, n=own.n))
        else:
            left_out.append(_step(card))
    lower = figure.lower_is_better
    trend = trend_of(points, lower_is_better=lower)
    return Course(
        run=run,
        figure=figure.name,
        axis=figure.axis,
        lower_is_better=lower,
        floor=figure.floor,
        points=tuple(points),
        left_out=tuple(left_out),
        trend=trend,
        anomalies=() if trend is None else anomalies_of(points, trend, lower_is_better=lower),
    )


def _step(card: Scorecard) -> int:
    return int(card.checkpoint.rpartition(".")[2])
