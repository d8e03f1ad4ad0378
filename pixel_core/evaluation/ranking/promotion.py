"""Promotion: a pointer to the checkpoint to use, which moves only where no axis falls.

The best checkpoints of the leaderboard are considered in order, until one holds on every axis: its headline is not
below that of its base, nor of the last promoted one, by a paired 95 % interval that excludes zero; no guard of the axis is, by
an interval that holds for all guards together (see guards.py); and its score is above its base's and the last promoted one's.
What was measured there and has no number here falls too, and so does all that cannot be compared with the last promoted one,
as after a new version of the evaluator until that one is measured again: what is not known is no ground to move the pointer.
A refusal names the axis: where it is the score, the axis that lost most. The last checkpoint of a run is always judged, so that
its refusal has a reason also where the leaderboard ranks it below the promoted one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import ArtifactError, Built, Summary, build, input_digest, is_valid, verify, write_json
from pixel_core.artifacts import Figure as SummaryFigure
from pixel_core.evaluation.candidate import checkpoint_manifest
from pixel_core.evaluation.figures import Difference, Figure, headlines
from pixel_core.evaluation.ranking.guards import GUARDS, widened
from pixel_core.evaluation.ranking.history import Decision, added, ever_promoted, read_history, write_history
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.scorecard import SCORECARD, pairing, read_scorecard, reliable

KIND, VERSION = "promotion", "4"
POINTER, DECISION = "promoted.json", "decision.json"


def build_promotion(leaderboard: Path, scorecards: Path, runs: Path, out: Path, *, force: bool = False) -> Built:
    """Write `promoted.json` (the pointer; null while no checkpoint was good enough), `decision.json` (who was considered, and
    why) and `history.jsonl` (every decision so far, with this one).

    `runs` holds the run folders; a candidate whose checkpoint is not valid there is passed over. The same leaderboard
    leads to the same decision, however often it is taken.
    """
    board = input_digest(leaderboard)

    def write(folder: Path) -> Summary:
        history = read_history(out)  # not earlier: by now an interrupted swap is mended, and nobody else decides
        before = _before(history, board)
        if before is not None and not is_valid(_folder(runs, before)):
            before = None  # it is gone: what is left is compared with its base alone
        considered = list(_consider(leaderboard, scorecards, runs, before))
        chosen = next((entry["checkpoint"] for entry in considered if entry["promoted"]), before)
        pointer = {"checkpoint": chosen, "digest": verify(_folder(runs, chosen)).digest if chosen else None}
        decisions = added(history, Decision(board, before, chosen, _refusals(considered)))
        write_json(folder / POINTER, pointer)
        write_json(folder / DECISION, {"leaderboard": board, "before": before, "considered": considered})
        write_history(folder, decisions)
        refused = {f"refused_{axis}": 1 for entry in considered for axis in entry["falls"]}
        figures: dict[str, SummaryFigure] = {"promoted": chosen, "before": before, "moved": chosen != before, **refused}
        figures |= {"considered": len(considered), "decisions": len(decisions), "ever_promoted": len(ever_promoted(decisions))}
        return Summary(rows=len(considered), figures=figures)

    inputs = {"leaderboard": board}
    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force or _gone(out, runs))


def read_pointer(folder: Path) -> str | None:
    """The promoted checkpoint's key `<run>.<step>`, or None while there is none; raises ArtifactError when the artifact is not valid."""
    verify(folder)
    promoted: str | None = json.loads((folder / POINTER).read_text(encoding="utf-8"))["checkpoint"]
    return promoted


def _before(history: Sequence[Decision], board: str) -> str | None:
    """What was promoted before this leaderboard: a decision on the same one is taken again from where it started.

    The history answers, not the pointer: it holds where the pointer's file was lost or altered.
    """
    if not history:
        return None
    return history[-1].before if history[-1].leaderboard == board else history[-1].promoted


def _gone(out: Path, runs: Path) -> bool:
    """Whether the promoted checkpoint is no longer valid."""
    history = read_history(out)
    return bool(history) and history[-1].promoted is not None and not is_valid(_folder(runs, history[-1].promoted))


def _refusals(considered: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """By refused checkpoint, what it falls below by axis."""
    return {e["checkpoint"]: {axis: e["axes"][axis]["falls"] for axis in e["falls"]} for e in considered if not e["promoted"]}


def _consider(leaderboard: Path, scorecards: Path, runs: Path, before: str | None) -> Iterator[dict[str, Any]]:
    """A verdict on each candidate, best first, up to the first that is promoted; below `before` on the last one of each run."""
    rows = pl.read_parquet(leaderboard / LEADERBOARD).sort("rank").to_dicts()
    held = next((row for row in rows if row["checkpoint"] == before), None)
    candidates = [row for row in rows if row["step"] > 0 and row["current"]]
    last = {row["run"]: row["checkpoint"] for row in sorted(candidates, key=lambda row: row["step"])}
    for row in candidates:
        key = row["checkpoint"]
        above = held is None or row["rank"] < held["rank"]
        if key == before or not (above or last[row["run"]] == key) or not _stands(runs, row) or not _as_listed(scorecards, row):
            continue
        axes = _axes(scorecards, key, before)
        if held is not None and not above:
            lost = {axis: (row[f"{axis}_skill"] or 0.0) - (held[f"{axis}_skill"] or 0.0) for axis in axes}
            axes[min(lost, key=lambda axis: (lost[axis], axis))]["falls"].append("score not above last promoted")
        falls = sorted(axis for axis, verdict in axes.items() if verdict["falls"])
        yield {"checkpoint": key, "promoted": not falls, "falls": falls, "axes": axes}
        if not falls:
            return


def _axes(scorecards: Path, key: str, before: str | None) -> dict[str, Any]:
    """By axis: the differences of headline and guards from base and last promoted (null without a pair), and what falls below whom."""
    card = read_scorecard(scorecards / key / SCORECARD)
    others = {whom: reliable(scorecards / other) if other else None for whom, other in (("base", card.base), ("last promoted", before))}
    pair = pairing(scorecards / key, scorecards / before) if before and others["last promoted"] else lambda figure: None
    measured = {whom: {f.name for f in other.figures if f.value is not None} for whom, other in others.items() if other}
    heads = headlines(card.figures)
    gains = {axis: (figure.skill or 0.0) - figure.base_skill for axis, figure in heads.items()}
    found: dict[str, dict[str, Any]] = {}
    for axis, headline in heads.items():
        against = pair(headline)
        verdict = _verdict(headline, {"base": headline.difference, "last promoted": against})
        guarded = [figure for figure in card.figures if figure.name in GUARDS.get(axis, ())]
        guards = [_verdict(figure, {"base": _widened(figure.difference), "last promoted": _widened(pair(figure))}) for figure in guarded]
        named = [f"{guard['figure']} {fall}" for guard in guards for fall in guard["falls"]]
        unknown = [f"{figure.name} not measured, as {whom}" for figure in (headline, *guarded) for whom in _lost(figure, measured)]
        if before and (others["last promoted"] is None or (headline.name in measured["last promoted"] and against is None)):
            unknown.append("not comparable with last promoted")
        found[axis] = {**verdict, "falls": [*verdict["falls"], *named, *unknown], "guards": guards}
    if sum(gains.values()) <= 0:
        found[min(gains, key=lambda axis: (gains[axis], axis))]["falls"].append("score not above base")
    return found


def _lost(figure: Figure, measured: Mapping[str, set[str]]) -> list[str]:
    """Who has a number for a figure that has none here."""
    return [] if figure.value is not None else [whom for whom, names in measured.items() if figure.name in names]


def _as_listed(scorecards: Path, row: dict[str, Any]) -> bool:
    """Whether the scorecard is valid, and the one that the leaderboard lists."""
    try:
        return input_digest(scorecards / row["checkpoint"]) == row["scorecard"]
    except ArtifactError:
        return False


def _verdict(figure: Figure, against: Mapping[str, Difference | None]) -> dict[str, Any]:
    """A figure's differences by whom it is compared with, and whom it falls below."""
    falls = [f"below {name}" for name, difference in against.items() if difference is not None and difference.worse]
    shown = {name.replace(" ", "_"): _shown(difference) for name, difference in against.items()}
    return {"figure": figure.name, "statistic": figure.statistic, "falls": falls, **shown}


def _widened(difference: Difference | None) -> Difference | None:
    return None if difference is None else widened(difference)


def _shown(difference: Difference | None) -> dict[str, float] | None:
    return None if difference is None else {"value": difference.value, "low": difference.low, "high": difference.high, "n": difference.n}


def _stands(runs: Path, row: dict[str, Any]) -> bool:
    """Whether the checkpoint is still there, and is the one that was measured."""
    try:
        return checkpoint_manifest(_folder(runs, row["checkpoint"])).digest == row["digest"]
    except ArtifactError:
        return False


def _folder(runs: Path, key: str) -> Path:
    run, _, step = key.rpartition(".")
    return runs / run / f"checkpoint-{step}"
