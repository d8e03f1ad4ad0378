"""Checks of evaluations, scorecards, leaderboard and promotion: what the files say is computed again from the rows beneath."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import ArtifactError, input_digest, verify
from pixel_core.evaluation.figures import AXES, Figure, headlines
from pixel_core.evaluation.held_out import seen_in_training
from pixel_core.evaluation.measuring import Rows, figure_of
from pixel_core.evaluation.ranking.history import read_history
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD, order, sort_out
from pixel_core.evaluation.ranking.promotion import DECISION, POINTER
from pixel_core.evaluation.scorecard import FIGURES, ITEMS, QUESTIONS, SCORECARD, Scorecard, read_items, read_scorecard
from pixel_core.evaluation.statistics.metrics import STATISTICS
from pixel_core.findings import Finding, Findings, Severity, at_most, equals, none_of
from pixel_core.rejects import REJECTED

_MAX_UNPARSED = 0.5


def check_figures(folder: Path) -> Findings:
    """Every figure of an evaluation is finite, has n, interval, floor and base, and follows from the stored answers."""
    verify(folder)
    card, rows = read_scorecard(folder / FIGURES), read_items(folder)
    measured = [figure for figure in card.figures if figure.status == "measured"]
    others = [figure for figure in card.figures if figure.status != "measured"]
    return Findings.of(
        [
            Finding("figures", bool(card.figures), str(len(card.figures)), "at least one"),
            none_of("figures without n, finite value, interval or floor", {f.name: int(not _is_whole(f)) for f in measured}),
            none_of("numbers where there should be none", {f.name: int(f.value is not None or f.n > 0) for f in others}),
            none_of("figures without a base", {f.name: int(f.base is None or f.difference is None) for f in measured}),
            none_of("figures that do not follow from the answers", {f.name: int(not _follows(f, card, rows)) for f in measured}),
        ]
    )


def check_answers(folder: Path) -> Findings:
    """Every question was answered once, and an answer that could not be parsed counts as wrong."""
    verify(folder)
    card, items = read_scorecard(folder / FIGURES), pl.read_parquet(folder / ITEMS)
    asked = pl.read_parquet(folder / QUESTIONS).select("task", "item")
    unparsed = items.filter(~pl.col("parsed")).select("prediction", "truth").iter_rows()
    credited = sum(any((said or 0) > 0 and (right or 0) > 0 for said, right in zip(*row, strict=True)) for row in unparsed)
    shares = items.group_by("task").agg(share=1 - pl.col("parsed").mean()).sort("task")
    strangers = items.select("task", "item").join(asked, on=["task", "item"], how="anti")
    findings = [
        equals("answers a question", items.select("task", "item").n_unique(), items.height),
        equals("answers to questions that were asked", strangers.height, 0),
        none_of("unparsed answers that count as right", {"credited": credited}),
        equals("tasks on record", set(items["task"]) <= set(card.tasks), True),
    ]
    shown = [at_most(f"unparsed answers to {task}", share, _MAX_UNPARSED, severity=Severity.WARNING) for task, share in shares.iter_rows()]
    return Findings.of([*findings, *shown])


def check_held_out(folder: Path, training: Iterable[Path]) -> Findings:
    """No text that an evaluation asks about stands in these Parquet files of training conversations, and no right answer of its own."""
    verify(folder)
    questions = pl.read_parquet(folder / QUESTIONS)
    found = seen_in_training(questions["text"].to_list(), questions["answers"].to_list(), training)
    reasons = pl.Series("reason", found, dtype=pl.String)
    seen = questions.with_columns(reasons).drop_nulls("reason").select(pl.format("{}: {}", "task", "reason").alias("where"))
    return Findings.of(
        [
            Finding("questions", questions.height > 0, str(questions.height), "at least one"),
            none_of("items that stand in the training text", dict(seen.group_by("where").len().sort("where").iter_rows())),
        ]
    )


def check_scorecard(folder: Path) -> Findings:
    """A scorecard has one headline for each of the five axes, no figure twice, and a score that follows from them."""
    manifest = verify(folder)
    card = read_scorecard(folder / SCORECARD)
    names = [figure.name for figure in card.figures]
    stored = set(pl.read_parquet(folder / ITEMS)["task"])
    measured = {figure.task for figure in card.figures if figure.status == "measured"}
    return Findings.of(
        [
            equals("axes with one headline", sorted(f.axis for f in card.figures if f.headline), sorted(AXES)),
            none_of("figures that stand twice", {name: names.count(name) - 1 for name in names}),
            equals("tasks with figures whose answers are kept", sorted(measured - stored), []),
            equals("score", manifest.summary.figures.get("score"), card.score),
            none_of(
                "headlines without a number",
                {a: int(f.value is None) for a, f in headlines(card.figures).items()},
                severity=Severity.WARNING,
            ),
        ]
    )


def check_leaderboard(folder: Path, scorecards: Path) -> Findings:
    """Every scorecard is listed once, in the order of the rule, and every broken one among the rejects."""
    verify(folder)
    frame = pl.read_parquet(folder / LEADERBOARD)
    valid, broken = sort_out(scorecards)
    rejected = pl.read_parquet(folder / REJECTED)["position"].to_list()
    rows = frame.to_dicts()
    return Findings.of(
        [
            equals("scorecards listed once", sorted(frame["checkpoint"]), sorted(valid)),
            equals("broken scorecards", sorted(rejected), broken),
            equals("ranks", frame["rank"].to_list(), list(range(1, frame.height + 1))),
            equals("order by the rule", [row["checkpoint"] for row in rows], [row["checkpoint"] for row in sorted(rows, key=order)]),
            none_of("rows that are not of the scorecard as it is", _stale(rows, scorecards)),
        ]
    )


def check_promotion(folder: Path, runs: Path) -> Findings:
    """The pointer names a valid checkpoint, moved only to one that holds on every axis, as the history ends; refusals name their axes."""
    verify(folder)
    history = read_history(folder)
    pointer, decision = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (POINTER, DECISION))
    considered = decision["considered"]
    promoted = [entry["checkpoint"] for entry in considered if entry["promoted"]]
    falling = {entry["checkpoint"]: _falling(entry) for entry in considered}
    return Findings.of(
        [
            equals("promoted checkpoint", pointer["checkpoint"], promoted[0] if promoted else decision["before"]),
            equals("last promoted by the history", history[-1].promoted if history else "no decision", pointer["checkpoint"]),
            none_of("refused in the history without an axis", {k: int(not axes) for d in history for k, axes in d.refused.items()}),
            Finding(
                "the pointer names a valid checkpoint", _names_valid(pointer, runs), str(pointer["checkpoint"]), "valid in its run, or none"
            ),
            none_of("promoted although an axis falls", {key: int(bool(falling[key])) for key in promoted}),
            none_of("refused without an axis", {e["checkpoint"]: int(not e["promoted"] and not e["falls"]) for e in considered}),
            none_of("axes decided without their guards", {e["checkpoint"]: _unguarded(e) for e in considered}),
        ]
    )


def _is_whole(figure: Figure) -> bool:
    numbers = (figure.value, figure.low, figure.high, figure.floor, figure.skill)
    if figure.n <= 0 or any(number is None or not math.isfinite(number) for number in numbers):
        return False
    return figure.low <= figure.high and figure.unparsed <= figure.n  # type: ignore[operator]


def _follows(figure: Figure, card: Scorecard, rows: dict[str, Rows]) -> bool:
    """Whether the figure comes out the same when it is computed again."""
    if figure.task not in rows:
        return False
    again = figure_of(
        figure.measure,
        rows[figure.task],
        axis=figure.axis,
        task=figure.task,
        excluded=figure.excluded,
        count=card.resamples,
        seed=card.seed,
    )
    return again == figure.model_copy(update={"base": None, "difference": None})


def _stale(rows: Iterable[dict[str, Any]], scorecards: Path) -> dict[str, int]:
    def differs(row: dict[str, Any]) -> bool:
        try:
            return input_digest(scorecards / row["checkpoint"]) != row["scorecard"]
        except ArtifactError:
            return True

    return {row["checkpoint"]: int(differs(row)) for row in rows}


def _falling(entry: dict[str, Any]) -> list[str]:
    """The axes on which a stored difference of headline or guard from base or last promoted lies wholly on the bad side."""

    def falls(verdict: dict[str, Any]) -> bool:
        lower = STATISTICS[verdict["statistic"]].lower
        against = [pair for pair in (verdict["base"], verdict["last_promoted"]) if pair is not None]
        return any(pair["low"] > 0 if lower else pair["high"] < 0 for pair in against)

    return [axis for axis, verdict in entry["axes"].items() if any(map(falls, (verdict, *verdict.get("guards", ()))))]


def _unguarded(entry: dict[str, Any]) -> int:
    """How many axes were decided by their headline alone."""
    return sum("guards" not in verdict for verdict in entry["axes"].values())


def _names_valid(pointer: dict[str, Any], runs: Path) -> bool:
    if pointer["checkpoint"] is None:
        return pointer["digest"] is None
    run, _, step = pointer["checkpoint"].rpartition(".")
    try:
        return verify(runs / run / f"checkpoint-{step}").digest == pointer["digest"]
    except ArtifactError:
        return False
