"""The report of a scorecard: every figure with interval, floor and base, what fell, and the pictures that rows give.

It shows names of items and never their text, nor anything that a model wrote.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pixel_core.evaluation.figures import AXES, Difference, Figure, headlines
from pixel_core.evaluation.judges.report import READING as READING_OF_JUDGES
from pixel_core.evaluation.judges.report import judges_table
from pixel_core.evaluation.measuring import Rows
from pixel_core.evaluation.ranking.alerts import Alert, describe, falls
from pixel_core.evaluation.reports import charts
from pixel_core.evaluation.reports.outcomes import Change, changes
from pixel_core.evaluation.reports.page import Cell, Page, Row, table
from pixel_core.evaluation.scorecard import Scorecard
from pixel_core.evaluation.statistics.curves import Confusion, Curve, calibration_curves, family_confusion

READING = (
    "Each figure stands beside its 95 % bootstrap interval over independent groups of items, its floor (the best of what a model that "
    "knows nothing gets) and the same figure of the run's untrained checkpoint-0 on the same items. A difference is called worse or "
    "better when its paired interval excludes zero. Answers that could not be parsed count as wrong. Figures marked * are indicative: a "
    "head that judges replies of its own model proves nothing, and to say more is no better in itself. The heads that name disorders are "
    "silent below a confidence that is stored with the checkpoint: figures with _aloud_ tell how much they then still say and how often "
    "that is right, beside how often all that they would say is; the others are of all. Figures marked (uncalibrated) rest on judges who "
    "were not held against people. The figures describe a model, and are no clinical evidence."
)
SCALE = (
    "In the pictures 0 is the floor and 1 the best possible value, for every figure: left of the dashed line is worse than knowing nothing."
)
_HEAD = ("figure", "n", "unparsed", "value", "95 % interval", "floor", "base", "against base", "against last promoted")
_ITEMS_SHOWN = 15


def write_report(path: Path, card: Scorecard, picture: Path, items: pl.DataFrame, base: pl.DataFrame | None) -> None:
    """Write the report of a scorecard with its items; `base` are those of checkpoint-0. The same content gives the same bytes."""
    page = Page(f"Scorecard of {card.checkpoint}")
    links = [("alerts", "Alerts"), ("overview", "Overview"), *((axis, axis) for axis in AXES), ("calibration", "Calibration")]
    page.html(
        "<nav>"
        + "".join(
            f'<a href="#{anchor}">{name}</a>' for anchor, name in [*links, ("judges", "Judges"), ("items", "Items"), ("digests", "Digests")]
        )
        + "</nav>"
    )
    page.text(
        f"Score {card.score:.3f}: the mean over the axes of (headline - floor) / (best possible - floor). "
        f"Base: {card.base or 'none'}; last promoted: {card.promoted or 'none'}. Evaluator {card.evaluator}, {card.resamples} resamples."
    )
    page.text(READING)
    page.heading("Alerts", "alerts")
    page.html(alert_table(falls(card), "Figures whose whole paired interval lies on the bad side; one in forty does by chance"))
    _overview(page, card, picture)
    for axis in AXES:
        _axis(page, axis, [figure for figure in card.figures if figure.axis == axis])
    _rows(page, items)
    _judges(page, card)
    _items(page, card, items, base)
    digests = {"checkpoint": card.digest, **card.trained_with, **{f"task {name}": task.digest for name, task in card.tasks.items()}}
    page.heading("Digests", "digests")
    page.html(
        table(
            "SHA-256 of all that the figures rest on",
            ("what", "digest"),
            [Row(n, [Cell(d, "text")]) for n, d in digests.items()],
            wide=True,
        )
    )
    path.write_text(page.render(), encoding="utf-8")


def alert_table(alerts: Sequence[Alert], caption: str) -> str:
    """Alerts as a table; says so when there is none."""
    if not alerts:
        return "<p>No alert.</p>"
    head = ("figure", "checkpoint", "alert", "value", "against", "interval")
    rows = [
        Row(
            alert.figure,
            [
                Cell(alert.checkpoint, "text"),
                Cell(describe(alert), "text worse" if alert.worse else "text better"),
                f"{alert.value:.4g}",
                f"{alert.against:.4g}",
                f"{alert.low:+.4g} to {alert.high:+.4g}",
            ],
            "headline" if alert.headline else "",
        )
        for alert in alerts
    ]
    return table(caption, head, rows)


def difference_cell(gap: Difference | None) -> Cell:
    """A difference with its interval, in colour and in words where it excludes zero."""
    if gap is None:
        return Cell("")
    kind = "worse" if gap.worse else "better" if gap.better else ""
    words = f" {kind}" if kind else ""
    return Cell(f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}){words}{gap.unpaired}", kind)


def _overview(page: Page, card: Scorecard, picture: Path) -> None:
    heads = headlines(card.figures)
    measured = [heads[axis] for axis in AXES if axis in heads and heads[axis].value is not None]
    page.heading("Overview", "overview")
    page.text(SCALE)
    for reason, count in card.excluded.items():
        page.text(f"{count} items were not asked: {reason.replace('_', ' ')}.")
    rows = [_row(figure) for figure in measured]
    if measured:
        page.picture("headlines", "Headline of each axis", charts.forest(measured), table("Headlines", _HEAD, rows), height=330)
        page.picture("axes", "Radar of the axes", charts.radar({f.axis: f for f in measured}), _scale_table("Axes", measured, "axis"))
    domains = [
        f for f in card.figures if f.task == "eq_items" and f.value is not None and len(f.tags) == 1 and f.tags[0].startswith("domain:")
    ]
    if len(domains) > 2:
        spokes = {f.tags[0].removeprefix("domain:").replace("_", " "): f for f in domains}
        page.picture("domains", "Radar of the EQ domains", charts.radar(spokes), _scale_table("EQ domains", domains, "name"))
    image = base64.b64encode(picture.read_bytes()).decode()
    page.html(
        "<details><summary>The overview as a still picture</summary>"
        f'<img alt="skill by axis and headline figures, as in the table of headlines" src="data:image/png;base64,{image}"></details>'
    )


def _axis(page: Page, axis: str, figures: Sequence[Figure]) -> None:
    page.heading(f"Axis {axis}", axis)
    shown = [f for f in figures if charts.on_scale(f.value, f) is not None]
    if shown:
        chart = charts.forest(shown)
        page.picture(f"figures-{axis}", f"All figures of {axis}", chart, _scale_table(f"{axis} on the common scale", shown, "name"))
    page.html(table(f"Figures of {axis}", _HEAD, [_row(figure) for figure in figures], wide=True))


def _rows(page: Page, items: pl.DataFrame) -> None:
    page.heading("Calibration and confusion", "calibration")
    curves = calibration_curves({task: Rows.of(items, task) for task in items["task"].unique(maintain_order=True)})
    if curves:
        title = "Calibration of the heads"
        page.picture("curves", title, charts.calibration(curves), _curve_table(title, curves), height=520)
        page.text(
            "Each point is a tenth of what a head may say: left to right how sure it is, bottom to top how often (or how strongly) "
            "the label was there, with a 95 % interval that takes labels as independent. On the dashed line a head means what it says. "
            "Its floor is what it says without reading: the training prior."
        )
    else:
        page.text("No head has labelled answers.")
    confusions = family_confusion(items)
    for task, found in confusions.items():
        title = f"Families of disorders taken for one another: {task}"
        chart = charts.confusion(found.families, found.named, found.counts)
        page.picture(f"confusion-{task}", title, chart, _confusion_table(title, found))
    if not confusions:
        page.text("No clinical rows say both the true and the named class: there is no confusion to draw.")


def _judges(page: Page, card: Scorecard) -> None:
    page.heading("Judges", "judges")
    judged = {name: task.judged for name, task in card.tasks.items() if task.judged is not None}
    if not judged:
        page.text("No language model judged replies of this checkpoint: no figure rests on one.")
        return
    page.text(READING_OF_JUDGES)
    page.html(judges_table(judged))


def _items(page: Page, card: Scorecard, items: pl.DataFrame, base: pl.DataFrame | None) -> None:
    page.heading("Items that changed against the base", "items")
    if base is None:
        page.text("There are no answers of another checkpoint to compare the items with.")
        return
    found = changes(items, base, card)
    head = ("task", "items", "better", "worse", "the same")
    page.html(table(f"Items against {card.base}", head, [Row(c.task, [str(c.n), str(c.better), str(c.worse), str(c.same)]) for c in found]))
    for change in found:
        if change.items:
            page.html(f"<details><summary>{change.task}: the items that changed most</summary>{_changed(change)}</details>")


def _changed(change: Change) -> str:
    rows = [
        Row(i.item, [f"{i.value:.4g}", f"{i.other:.4g}", Cell(f"{i.value - i.other:+.4g}", "better" if i.better else "worse")])
        for i in change.items[:_ITEMS_SHOWN]
    ]
    return table(f"{change.task}: {change.what}", ("item", "this checkpoint", "base", "difference"), rows)


def _scale_table(caption: str, figures: Sequence[Figure], name: str) -> str:
    def cells(figure: Figure) -> list[Cell | str]:
        return [_shown(charts.on_scale(v, figure)) for v in (figure.value, figure.low, figure.high, figure.base)]

    rows = [Row(getattr(figure, name), ["0", *cells(figure)]) for figure in figures]
    return table(f"{caption}: 0 floor, 1 best possible", (name, "floor", "value", "from", "to", "base"), rows)


def _curve_table(caption: str, curves: dict[str, Curve]) -> str:
    rows = [
        Row(name, [f"{b.said:.3f}", f"{b.observed:.3f}", f"{b.low:.3f} to {b.high:.3f}", str(b.n), f"{curve.floor:.3f}"])
        for name, curve in curves.items()
        for b in curve.bins
    ]
    return table(caption, ("head", "said", "observed", "95 % interval", "labels", "floor"), rows)


def _confusion_table(caption: str, found: Confusion) -> str:
    rows = [Row(name, [str(count) for count in counts]) for name, counts in zip(found.families, found.counts, strict=True)]
    return table(caption, ("true family", *found.named), rows, wide=True)


def _row(figure: Figure) -> Row:
    name = f"{figure.marked}{' (lower is better)' if figure.lower_is_better else ''}"
    if figure.value is None or figure.low is None or figure.high is None or figure.floor is None:
        return Row(name, [str(figure.n), "", figure.status, "", "", "", "", ""], "none")
    floors = ", ".join(f"{kind} {value:.3f}" for kind, value in figure.floors.items())
    cells: list[Cell | str] = [
        str(figure.n),
        str(figure.unparsed),
        f"{figure.value:.3f}",
        f"{figure.low:.3f} to {figure.high:.3f}",
        Cell(f"{figure.floor:.3f}", title=floors),
        _shown(figure.base),
        difference_cell(figure.difference),
        difference_cell(figure.against_promoted),
    ]
    return Row(name, cells, "headline" if figure.headline else "")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
