"""Uniting: the evaluations of a checkpoint, an axis each, as one scorecard with its pictures and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, input_digest, is_valid, read_manifest, write_json, write_table
from pixel_core.evaluation.asking import ITEM_SCHEMA
from pixel_core.evaluation.figures import AXES
from pixel_core.evaluation.reports.card import write_report
from pixel_core.evaluation.reports.outcomes import base_items
from pixel_core.evaluation.reports.plots import draw_axes
from pixel_core.evaluation.scorecard import (
    FIGURES,
    ITEMS,
    PICTURE,
    REPORT,
    SCHEMA,
    SCHEMA_VERSION,
    SCORECARD,
    EvaluationError,
    Scorecard,
    paired,
    read_items,
    read_scorecard,
    summary_figures,
    write_scorecard,
)
from pixel_core.evaluation.statistics.draws import write_draws

KIND, VERSION = "scorecard", "5"
_PAIRED = "promoted"  # the input that names the scorecard of the last promoted checkpoint


def build_scorecard(evaluations: Mapping[str, Path], out: Path, *, promoted: Path | None = None, force: bool = False) -> Built:
    """Unite the five evaluations of a checkpoint, by axis: scorecard, its schema, all items, bootstrap draws, a picture and a report.

    `promoted` is the scorecard of the last promoted checkpoint, which every figure is paired with. A scorecard of the same
    evaluations keeps the one that it was paired with, whatever was promoted since: only force pairs it anew. Raises
    EvaluationError when an evaluation is missing or they are not of the same checkpoint.
    """
    inputs = {f"{axis}_evaluation": input_digest(evaluations[axis]) for axis in AXES}
    inputs[_PAIRED] = (None if force else _paired(out, inputs)) or ("none" if promoted is None else input_digest(promoted))

    def write(folder: Path) -> Summary:
        card = unite(read_scorecard(evaluations[axis] / FIGURES) for axis in AXES)
        items = pl.concat([pl.read_parquet(evaluations[axis] / ITEMS) for axis in AXES])
        write_table(folder / ITEMS, items.select(list(ITEM_SCHEMA)))
        if promoted is not None:
            card = paired(card, read_items(folder), promoted)
        write_scorecard(folder / SCORECARD, card)
        write_json(folder / SCHEMA, Scorecard.model_json_schema())
        draw_axes(folder / PICTURE, card)
        write_draws(folder, card, read_items(folder))
        write_report(folder / REPORT, card, folder / PICTURE, items, base_items(evaluations, card))
        return Summary(rows=len(card.figures), figures={"score": card.score} | summary_figures(card))

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


def _paired(out: Path, inputs: Mapping[str, str]) -> str | None:
    """What a valid scorecard of the same evaluations was paired with."""
    if not is_valid(out):
        return None
    stored = dict(read_manifest(out).inputs)
    before = stored.pop(_PAIRED, None)
    return before if stored == dict(inputs) else None


def unite(cards: Iterable[Scorecard]) -> Scorecard:
    """One scorecard from those of single axes; raises EvaluationError unless all are of one checkpoint, evaluator and seed."""
    parts = list(cards)
    for field in ("checkpoint", "digest", "base", "evaluator", "resamples", "seed"):
        values = {getattr(part, field) for part in parts}
        if len(values) != 1:
            raise EvaluationError(f"the evaluations differ in {field}: {sorted(map(str, values))}; evaluate the stale axes again")
    tasks = {name: task for part in parts for name, task in part.tasks.items()}
    figures = tuple(figure for part in parts for figure in part.figures)
    return parts[0].model_copy(update={"schema_version": SCHEMA_VERSION, "tasks": tasks, "figures": figures})
