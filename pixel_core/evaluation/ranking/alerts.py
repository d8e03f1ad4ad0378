"""Alerts: which figures of a checkpoint fell, and which left the course that the checkpoints before it had taken.

A figure falls where the paired 95 % interval of its difference from checkpoint-0, or from the last promoted checkpoint, lies
wholly on the bad side of zero. One in forty does so by chance, so a scorecard is warned of only where a headline falls, or
more than one in twenty of its figures.

The course is a Theil-Sen line (median slope, then median intercept) over the steps through at most `WINDOW` earlier
checkpoints of the run, at least `EARLIER`, each measured alike. A checkpoint leaves it where it lies further off than
`LIMIT` times the spread: the scaled median absolute deviation of the earlier ones from the line, but no less than the
standard error that the checkpoint's own interval stands for. Medians, so that one odd checkpoint does not bend the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.evaluation.figures import Difference, Figure
from pixel_core.evaluation.scorecard import SCORECARD, Scorecard, read_scorecard

ALERTS = "alerts.parquet"
BASE, PROMOTED, TREND = "below base", "below last promoted", "out of trend"
WINDOW, EARLIER, LIMIT = 6, 4, 3.5
SHARE = 0.05  # of the figures may fall by chance without a warning
_NORMAL = 1.4826  # median absolute deviation to standard deviation, for a normal distribution
_SHOWN = 30
RULE = (
    f"Out of trend is a checkpoint that lies more than {LIMIT} robust standard deviations off the Theil-Sen line through the {EARLIER} to "
    f"{WINDOW} checkpoints before it, where the deviation is no less than the standard error of the figure itself."
)
SCHEMA = pl.Schema(
    {
        "checkpoint": pl.String(),
        "figure": pl.String(),
        "axis": pl.String(),
        "headline": pl.Boolean(),  # whether the figure stands for its axis
        "kind": pl.String(),  # below base, below last promoted, out of trend
        "worse": pl.Boolean(),  # false for a figure that left its trend on the good side
        "value": pl.Float64(),
        "against": pl.Float64(),  # the other checkpoint's figure, or what the trend led to expect
        "low": pl.Float64(),  # ends of the paired interval of the difference; for a trend, of what would have been no alert
        "high": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at (see `SCHEMA`)."""

    checkpoint: str
    figure: str
    axis: str
    headline: bool
    kind: str
    worse: bool
    value: float
    against: float
    low: float
    high: float


def falls(card: Scorecard) -> list[Alert]:
    """The figures of a scorecard that fell below its base or below the last promoted checkpoint; hints are left out."""
    found = []
    for figure, kind, against, gap in judged(card):
        if gap.worse:
            value = against + gap.value
            found.append(Alert(card.checkpoint, figure.name, figure.axis, figure.headline, kind, True, value, against, gap.low, gap.high))
    return sorted(found, key=_order)


def judged(card: Scorecard) -> Iterator[tuple[Figure, str, float, Difference]]:
    """Every figure that has a pair to be judged by: the figure, the kind of alert, the other's value and the difference."""
    for figure in card.figures:
        if figure.indicative or figure.groups < 2:  # of one group there is no interval
            continue
        if figure.base is not None and figure.difference is not None and card.checkpoint != card.base:
            yield figure, BASE, figure.base, figure.difference
        if figure.promoted is not None and figure.against_promoted is not None:
            yield figure, PROMOTED, figure.promoted, figure.against_promoted


def trends(cards: Iterable[Scorecard]) -> list[Alert]:
    """The checkpoints of each run that left the course of the ones before them, figure by figure."""
    found: list[Alert] = []
    for _, own in groupby(sorted(cards, key=_place), key=lambda card: _place(card)[0]):
        run = list(own)
        for name in dict.fromkeys(figure.name for card in run for figure in card.figures if not figure.indicative):
            found += _of_figure(name, run)
    return sorted(found, key=_order)


def expected(steps: Sequence[float], values: Sequence[float], step: float) -> tuple[float, float]:
    """Where a Theil-Sen line through these points stands at another step, and the points' robust spread about it."""
    x, y = np.asarray(steps, dtype=float), np.asarray(values, dtype=float)
    first, second = np.triu_indices(len(x), 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    intercept = float(np.median(y - slope * x))
    residuals = y - (intercept + slope * x)
    return intercept + slope * step, float(_NORMAL * np.median(np.abs(residuals - np.median(residuals))))


def all_alerts(cards: Sequence[Scorecard]) -> list[Alert]:
    """Falls and broken courses of these scorecards together, the most important first."""
    return sorted([*(alert for card in cards for alert in falls(card)), *trends(cards)], key=_order)


def of_scorecard(folder: Path) -> str:
    """What fell in a scorecard folder, as Markdown."""
    card = read_scorecard(folder / SCORECARD)
    return to_markdown(falls(card), len(list(judged(card))))


def of_leaderboard(folder: Path) -> str:
    """The alerts of a leaderboard folder, as Markdown."""
    return to_markdown(read_alerts(pl.read_parquet(folder / ALERTS)))


def to_frame(alerts: Iterable[Alert]) -> pl.DataFrame:
    """Alerts as a table with `SCHEMA`."""
    return pl.DataFrame([asdict(alert) for alert in alerts], schema=SCHEMA)


def read_alerts(frame: pl.DataFrame) -> list[Alert]:
    """The alerts of a table with `SCHEMA`."""
    return [Alert(**row) for row in frame.iter_rows(named=True)]


def to_markdown(alerts: Sequence[Alert], looked_at: int | None = None) -> str:
    """A Markdown table of alerts, the most important first, for the metadata of a materialisation; `looked_at` comparisons were made."""
    made = "" if looked_at is None else f" in {looked_at} comparisons"
    if not alerts:
        return f"No alert{made}."
    head = ["| checkpoint | figure | alert | value | against | interval |", "|---|---|---|---|---|---|"]
    rows = [
        f"| {a.checkpoint} | {'**' + a.figure + '**' if a.headline else a.figure} | {describe(a)} | {a.value:.4g} | {a.against:.4g} "
        f"| {a.low:+.4g} to {a.high:+.4g} |"
        for a in alerts[:_SHOWN]
    ]
    more = f", {len(alerts) - _SHOWN} of them in `{ALERTS}` alone" if len(alerts) > _SHOWN else ""
    return "\n".join([*head, *rows, f"\n{len(alerts)} alerts{made}{more}; headlines are bold."])


def describe(alert: Alert) -> str:
    """What the alert is, in words."""
    return alert.kind if alert.kind != TREND else f"{TREND}, to the {'worse' if alert.worse else 'better'}"


def _of_figure(name: str, run: Sequence[Scorecard]) -> Iterator[Alert]:
    points = [(step, card, figure) for card in run for step in [_place(card)[1]] for figure in card.figures if figure.name == name]
    measured = [point for point in points if point[2].value is not None]
    for place, (step, card, figure) in enumerate(measured):
        alike = [(s, f.value) for s, c, f in measured[:place] if _how(c, f) == _how(card, figure)][-WINDOW:]
        if len(alike) < EARLIER or figure.groups < 2 or figure.value is None or figure.low is None or figure.high is None:
            continue  # one group of items has no interval to speak of
        at, spread = expected([s for s, _ in alike], [v for _, v in alike if v is not None], step)
        room = LIMIT * max(spread, (figure.high - figure.low) / (2 * 1.96))
        gap = figure.value - at
        if abs(gap) > room > 0:
            worse = gap > 0 if figure.lower_is_better else gap < 0
            yield Alert(card.checkpoint, name, figure.axis, figure.headline, TREND, worse, figure.value, at, -room, room)


def _how(card: Scorecard, figure: Figure) -> tuple[str, str]:
    """What must be the same for two checkpoints' figures to lie on one course."""
    return card.evaluator, card.tasks[figure.task].digest


def _place(card: Scorecard) -> tuple[str, int]:
    """Run and step; a model behind an endpoint is a run of its own."""
    run, _, step = card.checkpoint.rpartition(".")
    return (run, int(step)) if run and step.isdecimal() else (card.checkpoint, 0)


def _order(alert: Alert) -> tuple[bool, bool, str, str, str]:
    return not alert.worse, not alert.headline, alert.kind, alert.checkpoint, alert.figure
