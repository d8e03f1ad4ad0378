"""The leaderboard: one row a scorecard, best first, with the course of every axis as a picture, alerts, and a report.

Rule: scorecards of the present evaluator first, then by score (the mean over the axes of how far the headline stands
between floor and the best possible value), then by name. Scores with the same `comparable` were measured on the same items.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import ArtifactError, Built, Summary, build, input_digest, write_table
from pixel_core.evaluation.evaluation import VERSION as EVALUATOR
from pixel_core.evaluation.figures import AXES, headlines
from pixel_core.evaluation.ranking.alerts import ALERTS, TREND, all_alerts, to_frame
from pixel_core.evaluation.reports.board import write_board_report
from pixel_core.evaluation.reports.plots import draw_steps
from pixel_core.evaluation.scorecard import SCORECARD, Scorecard, read_scorecard
from pixel_core.rejects import Reject, count_reasons, write_rejects

KIND, VERSION = "leaderboard", "2"
LEADERBOARD, PICTURE, REPORT = "leaderboard.parquet", "steps.png", "leaderboard.html"
_AXIS_COLUMNS = ("value", "low", "high", "floor", "base", "skill", "difference", "difference_low", "difference_high")
SCHEMA = pl.Schema(
    {
        "rank": pl.Int64(),  # 1 is the best
        "checkpoint": pl.String(),  # <run>.<step>
        "run": pl.String(),
        "step": pl.Int64(),
        "score": pl.Float64(),  # mean skill over the axes
        "current": pl.Boolean(),  # measured by the present evaluator
        "comparable": pl.String(),  # the same for scorecards of the same items, settings and evaluator
        "digest": pl.String(),  # of the checkpoint's manifest
        "scorecard": pl.String(),  # digest of the scorecard
        **{f"{axis}_{column}": pl.Float64() for axis in AXES for column in _AXIS_COLUMNS},  # of the axis's headline; null without a number
    }
)


def build_leaderboard(scorecards: Path, out: Path, *, force: bool = False) -> Built:
    """Rank every valid scorecard below a folder; one that is broken is listed in `rejected.parquet` and stops nothing."""
    valid, broken = sort_out(scorecards)
    inputs = {f"scorecard/{key}": digest for key, digest in (valid | dict.fromkeys(broken, "broken")).items()}

    def write(folder: Path) -> Summary:
        cards = {key: read_scorecard(scorecards / key / SCORECARD) for key in valid}
        frame = rank({digest: cards[key] for key, digest in valid.items()})
        write_table(folder / LEADERBOARD, frame)
        why = "missing, incomplete, altered, of an older schema, or of no checkpoint of a run: evaluate the checkpoint again with force"
        rejects = [Reject("scorecard", key, "broken_scorecard", why) for key in broken]
        write_rejects(folder, rejects)
        alerts = all_alerts(list(cards.values()))
        write_table(folder / ALERTS, to_frame(alerts))
        draw_steps(folder / PICTURE, frame.to_dicts())
        write_board_report(
            folder / REPORT, frame, {card.checkpoint: card for card in cards.values()}, scorecards, alerts=alerts, broken=broken
        )
        best = frame.row(0, named=True) if frame.height else {"checkpoint": None, "score": None}
        figures = {"best": best["checkpoint"], "best_score": best["score"], "runs": frame["run"].n_unique(), "read": len(inputs)}
        figures |= {"figures_that_fell": sum(a.kind != TREND for a in alerts), "figures_out_of_trend": sum(a.kind == TREND for a in alerts)}
        return Summary(rows=frame.height, rejects=count_reasons(rejects), figures=figures)

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


def rank(cards: Mapping[str, Scorecard]) -> pl.DataFrame:
    """The leaderboard of scorecards by their artifact's digest, best first, with `SCHEMA`."""
    rows = sorted((_row(digest, card) for digest, card in cards.items()), key=order)
    return pl.DataFrame([{"rank": place, **row} for place, row in enumerate(rows, 1)], schema=SCHEMA)


def order(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    """The sort key of the module's rule."""
    return not row["current"], -row["score"], row["checkpoint"]


def sort_out(scorecards: Path) -> tuple[dict[str, str], list[str]]:
    """Valid scorecards of checkpoints `<run>.<step>` as key -> digest, and the keys of all others, both in name order."""
    valid, broken = {}, []
    for folder in sorted(p for p in scorecards.glob("*") if p.is_dir() and not p.name.startswith(".")):
        try:
            digest, card = input_digest(folder), read_scorecard(folder / SCORECARD)
        except ArtifactError:
            broken.append(folder.name)
            continue
        if card.checkpoint == folder.name and folder.name.rpartition(".")[2].isdecimal():
            valid[folder.name] = digest
        else:
            broken.append(folder.name)
    return valid, broken


def _row(digest: str, card: Scorecard) -> dict[str, Any]:
    run, _, step = card.checkpoint.rpartition(".")
    row: dict[str, Any] = {
        "checkpoint": card.checkpoint,
        "run": run,
        "step": int(step),
        "score": card.score,
        "current": card.evaluator == EVALUATOR,
        "comparable": card.comparable[:12],
        "digest": card.digest,
        "scorecard": digest,
    }
    for axis, figure in headlines(card.figures).items():
        gap = figure.difference
        values = (figure.value, figure.low, figure.high, figure.floor, figure.base, card.skills[axis])
        gaps = (None, None, None) if gap is None else (gap.value, gap.low, gap.high)
        row |= {f"{axis}_{column}": value for column, value in zip(_AXIS_COLUMNS, (*values, *gaps), strict=True)}
    return row
