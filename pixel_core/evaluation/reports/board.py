"""The report of the leaderboard: ranks, alerts, trends over the steps, and any two checkpoints beside one another.

Whoever reads it chooses figure and checkpoints in the page. It holds names of items, never their text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.evaluation.figures import AXES, Figure
from pixel_core.evaluation.ranking.alerts import ALERTS, RULE, TREND, Alert
from pixel_core.evaluation.reports.card import READING, alert_table, difference_cell
from pixel_core.evaluation.reports.outcomes import outcomes
from pixel_core.evaluation.reports.page import Cell, Page, Row, table
from pixel_core.evaluation.scorecard import ITEMS, Scorecard
from pixel_core.evaluation.statistics.draws import pairs, read_draws

COMPARED = 30  # checkpoints that can be compared two by two: the best, and of each run the first and the last
_ALERTS = 60
_COLUMNS = 12  # checkpoints beside one another in the table of all figures


def write_board_report(
    path: Path, ranked: pl.DataFrame, cards: Mapping[str, Scorecard], scorecards: Path, *, alerts: Sequence[Alert], broken: Sequence[str]
) -> None:
    """Write the report of a leaderboard; `cards` are its scorecards by checkpoint, whose folders lie in `scorecards`."""
    page = Page("Leaderboard of the checkpoints")
    links = (("ranks", "Ranks"), ("alerts", "Alerts"), ("trends", "Trends"), ("compare", "Compare two"), ("all", "All figures"))
    page.html("<nav>" + "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in links) + "</nav>")
    page.text(f"{ranked.height} checkpoints of {ranked['run'].n_unique()} runs. {READING}")
    _ranks(page, ranked, cards)
    if broken:
        page.html(
            table(
                "Scorecards that could not be read",
                ("checkpoint", "what to do"),
                [Row(k, [Cell("evaluate it again with force", "text")]) for k in broken],
            )
        )
    page.heading("Alerts", "alerts")
    page.html(
        alert_table(alerts[:_ALERTS], "Figures that fell below their base or the last promoted checkpoint, or left the course of their run")
    )
    page.text(f"{len(alerts)} alerts, at most {_ALERTS} of them here, headlines first: all of them lie in {ALERTS}. {RULE}")
    page.heading("Trends over the steps", "trends")
    page.html('<div class="choices"><label>Figure <select id="trend-figure"></select></label></div>')
    page.frame("trend", "One figure over the steps of each run, with its 95 % interval and floor", '<table id="trend-table"></table>')
    page.text("The score is the mean skill over the axes and has no interval of its own; its floor is 0. A red diamond left the trend.")
    _compare(page)
    _all_figures(page, ranked, cards)
    page.data["board"] = payload_of(ranked, cards, scorecards, alerts)
    path.write_text(page.render(), encoding="utf-8")


def _ranks(page: Page, ranked: pl.DataFrame, cards: Mapping[str, Scorecard]) -> None:
    page.heading("Ranks", "ranks")
    page.text(
        "The score is the mean over the axes of (headline - floor) / (best possible - floor). Each cell: value, 95 % interval, floor."
    )

    def shown(row: Mapping[str, Any], axis: str) -> Cell:
        if row[f"{axis}_value"] is None:
            return Cell("no number", "none")
        value, low, high, floor = (row[f"{axis}_{name}"] for name in ("value", "low", "high", "floor"))
        return Cell(f"{value:.3f} ({low:.3f} to {high:.3f}), floor {floor:.3f}")

    rows = [
        Row(
            f"{row['rank']}. {row['checkpoint']}",
            [
                f"{row['score']:.3f}",
                Cell("yes" if row["current"] else "no, stale", "" if row["current"] else "worse"),
                *(shown(row, axis) for axis in AXES),
            ],
        )
        for row in ranked.iter_rows(named=True)
    ]
    names = {axis: figure.name for card in cards.values() for figure in card.figures if figure.headline for axis in [figure.axis]}
    head = ("checkpoint", "score", "current evaluator", *(f"{axis}: {names.get(axis, 'none')}" for axis in AXES))
    page.html(table("Checkpoints, best first", head, rows, wide=True))


def _compare(page: Page) -> None:
    page.heading("Compare two checkpoints", "compare")
    page.html(
        '<div class="choices"><label>First <select id="first"></select></label><label>Second <select id="second"></select></label>'
        '<label>Figures <select id="compared-axis"></select></label></div>'
    )
    page.text(
        "Differences are the first minus the second on the items that both answered, with the paired 95 % interval of the scorecards' own "
        "resamples, drawn as a share of the way from floor to best possible, so that right is better. Two are not "
        "paired where their items, labels or the version of the task differ."
    )
    page.frame("compared", "Differences of figures with their paired intervals", '<table id="compared-table"></table>')
    page.frame("radar-axes", "Radar of the axes", '<table id="radar-axes-table"></table>')
    page.frame("radar-domains", "Radar of the EQ domains", '<table id="radar-domains-table"></table>')
    page.html(
        '<h3>Item by item</h3><div class="choices"><label>Task <select id="compared-task"></select></label></div><p id="items-count"></p>'
    )
    page.frame("items-plot", "Differences of the items, sorted", '<table id="items-table"></table>')


def _all_figures(page: Page, ranked: pl.DataFrame, cards: Mapping[str, Scorecard]) -> None:
    page.heading("All figures", "all")
    keys = ranked["checkpoint"].to_list()[:_COLUMNS]
    names = list(dict.fromkeys(figure.name for key in keys for figure in cards[key].figures if figure.value is not None))
    found = {key: {figure.name: figure for figure in cards[key].figures} for key in keys}
    rows = [Row(name, [_value(found[key].get(name)) for key in keys]) for name in names]
    page.html(table(f"Value, 95 % interval and floor; the best {len(keys)} checkpoints", ("figure", *keys), rows, wide=True))
    gaps = [Row(name, [difference_cell(f.difference if (f := found[key].get(name)) else None) for key in keys]) for name in names]
    against = table("Against checkpoint-0", ("figure", *keys), gaps, wide=True)
    page.html(f"<details><summary>All differences from checkpoint-0</summary>{against}</details>")


def _value(figure: Figure | None) -> Cell:
    if figure is None or figure.value is None:
        return Cell(figure.status if figure else "", "none")
    return Cell(f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}), floor {figure.floor:.3f}")


def payload_of(ranked: pl.DataFrame, cards: Mapping[str, Scorecard], scorecards: Path, alerts: Sequence[Alert]) -> dict[str, Any]:
    """What the script of the page reads: numbers by figure and checkpoint, by pair of checkpoints, and by item."""
    rows = sorted(ranked.to_dicts(), key=lambda row: (row["run"], row["step"]))
    keys = [row["checkpoint"] for row in rows]
    figures = list({f.name: f for key in keys for f in cards[key].figures if f.value is not None}.values())
    named = {key: {figure.name: figure for figure in cards[key].figures} for key in keys}
    compared = _chosen(rows)
    drawn = [read_draws(scorecards / keys[at]) for at in compared]
    best = min(compared, key=lambda at: rows[at]["rank"], default=0)
    other = next((at for at in compared if at != best and keys[at] == cards[keys[best]].base), None)
    second = other if other is not None else next((at for at in compared if at != best), best)
    place = {figure.name: k for k, figure in enumerate(figures)}
    return {
        "checkpoints": keys,
        "places": [[row["run"], row["step"]] for row in rows],
        "scores": [row["score"] for row in rows],
        "figures": [
            {"name": f.name, "axis": f.axis, "headline": f.headline, "lower": f.lower_is_better, "best": f.perfect} for f in figures
        ],
        "values": [[_numbers(named[key].get(figure.name)) for key in keys] for figure in figures],
        "odd": [[keys.index(a.checkpoint), place[a.figure]] for a in alerts if a.kind == TREND],
        "compared": compared,
        "first": compared.index(best) if compared else 0,
        "second": compared.index(second) if compared else 0,
        "pairs": [pairs(figure.name, drawn) for figure in figures],
        "axes": [[axis, place[f.name]] for axis in AXES for f in figures if f.headline and f.axis == axis],
        "domains": [[f.tags[0].removeprefix("domain:").replace("_", " "), place[f.name]] for f in figures if _is_domain(f)],
        "tasks": _tasks([keys[at] for at in compared], cards, scorecards),
    }


def _chosen(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of the checkpoints that are compared two by two."""
    ends = {
        at
        for run in {row["run"] for row in rows}
        for own in [[k for k, row in enumerate(rows) if row["run"] == run]]
        for at in (own[0], own[-1])
    }
    best = sorted(range(len(rows)), key=lambda at: rows[at]["rank"])
    return sorted([*sorted(ends, key=best.index), *(at for at in best if at not in ends)][:COMPARED])


def _is_domain(figure: Figure) -> bool:
    return figure.task == "eq_items" and len(figure.tags) == 1 and figure.tags[0].startswith("domain:") and figure.statistic == "mean"


def _numbers(figure: Figure | None) -> list[float | None] | None:
    return None if figure is None or figure.value is None else [figure.value, figure.low, figure.high, figure.floor]


def _tasks(keys: Sequence[str], cards: Mapping[str, Scorecard], scorecards: Path) -> list[dict[str, Any]]:
    """By task, the outcome of every item for each checkpoint; null where it was not asked or nothing is known.

    An item that changed from one checkpoint to another is two, each named with its digest.
    """
    found: dict[str, dict[str, Any]] = {}
    told = [{one.task: one for one in outcomes(pl.read_parquet(scorecards / key / ITEMS), cards[key])} for key in keys]
    for name in dict.fromkeys(task for one in told for task in one):
        own = [one.get(name) for one in told]
        values = [one.by_item if one else {} for one in own]
        items = sorted({key for by_item in values for key in by_item})
        forms = Counter(item for item, _ in items)
        names = [f"{item} ({digest[:6]})" if forms[item] > 1 else item for item, digest in items]
        first = next(one for one in own if one)
        listed = [[_known(by_item.get(item)) for item in items] for by_item in values]
        found[name] = {"task": name, "what": first.what, "lower": first.lower_is_better, "items": names, "values": listed}
    return list(found.values())


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 4)
