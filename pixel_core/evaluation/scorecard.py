"""The scorecard: all figures of a checkpoint, with what they were measured by, as one JSON file with a schema.

The five evaluations of a checkpoint have the same form, each with the figures of its own axis (`figures.json`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from pixel_core.artifacts import ArtifactError, Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.artifacts import Figure as SummaryFigure
from pixel_core.evaluation.figures import AXES, Difference, Figure, Record, headlines
from pixel_core.evaluation.harness import ITEM_SCHEMA
from pixel_core.evaluation.measuring import Rows, difference_of

KIND, VERSION = "scorecard", "1"
SCORECARD, FIGURES, ITEMS, QUESTIONS = "scorecard.json", "figures.json", "items.parquet", "questions.parquet"
SCHEMA, PICTURE, REPORT = "scorecard.schema.json", "axes.png", "report.html"


class EvaluationError(ArtifactError):
    """An evaluation cannot be made or read as asked; the message says why and what to do."""


class TaskRecord(Record):
    """What a task was when it was asked."""

    version: str
    """Version of the task's code."""
    digest: str
    """SHA-256 of its items and settings."""
    excluded: int
    """Items left out because they stand in the training text."""


class Scorecard(Record):
    """The figures of one checkpoint."""

    checkpoint: str
    """`<run>.<step>`."""
    digest: str
    """Digest of the checkpoint's manifest."""
    trained_with: dict[str, str]
    """Digests of what the checkpoint was trained with: packed dataset, model and training recipe, seed."""
    base: str | None
    """The checkpoint that `base` and `difference` of the figures speak of: the run's checkpoint-0."""
    evaluator: str
    """Version of the evaluator."""
    tasks: dict[str, TaskRecord]
    """The tasks by name."""
    resamples: int
    """Bootstrap resamples of every interval."""
    seed: str
    """What the resamples are drawn with."""
    figures: tuple[Figure, ...]
    """The figures, axis by axis."""

    @property
    def skills(self) -> dict[str, float]:
        """By axis how far its headline stands between floor (0) and the best possible value (1); 0 where it has no number."""
        heads = headlines(self.figures)
        return {axis: heads[axis].skill or 0.0 for axis in AXES if axis in heads}

    @property
    def score(self) -> float:
        """The mean skill over the axes: what the leaderboard ranks by."""
        return round(sum(self.skills.values()) / max(1, len(self.skills)), 6)

    @property
    def comparable(self) -> str:
        """Digest of all that must be the same for two scorecards to be ranked against one another."""
        return digest_of([self.evaluator, {name: task.digest for name, task in self.tasks.items()}])

    def figure(self, name: str) -> Figure:
        """The figure of this name; raises KeyError listing those there are."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f"no figure {name!r}; there are {', '.join(f.name for f in self.figures)}")


def read_scorecard(path: Path) -> Scorecard:
    """The scorecard of a JSON file (`scorecard.json`, `figures.json`); raises ArtifactError when it is malformed."""
    try:
        return Scorecard.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise ArtifactError(f"{path} is not a scorecard: {error}; evaluate the checkpoint again with force") from error


def write_scorecard(path: Path, card: Scorecard) -> None:
    """Write a scorecard as canonical JSON."""
    write_json(path, card.model_dump(mode="json"))


def read_items(folder: Path) -> dict[str, Rows]:
    """The rows of an evaluation or scorecard folder by task."""
    frame = pl.read_parquet(folder / ITEMS)
    return {task: Rows.of(frame, task) for task in frame["task"].unique(maintain_order=True)}


def compare(a: Path, b: Path) -> tuple[Difference, ...]:
    """Every figure of evaluation or scorecard folder `a` minus that of `b`, paired by item.

    Figures that only one of them has, or whose task has another version, are left out; so are items that only one answered.
    """
    first, second = (read_scorecard(_card(folder)) for folder in (a, b))
    rows, others = read_items(a), read_items(b)
    found = []
    for figure in first.figures:
        name = figure.task
        same = name in rows and name in others and first.tasks[name].version == second.tasks[name].version
        pair = difference_of(figure.measure, rows[name], others[name], count=first.resamples, seed=first.seed) if same else None
        if pair is not None:
            found.append(pair[1])
    return tuple(found)


def build_scorecard(evaluations: Mapping[str, Path], out: Path, *, force: bool = False) -> Built:
    """Unite the five evaluations of a checkpoint, by axis: scorecard, its schema, all items, a picture and a report.

    Raises EvaluationError when one is missing or they are not of the same checkpoint.
    """
    inputs = {f"{axis}_evaluation": input_digest(evaluations[axis]) for axis in AXES}

    def write(folder: Path) -> Summary:
        from pixel_core.evaluation.plots import draw_axes
        from pixel_core.evaluation.report import write_report

        card = unite(read_scorecard(evaluations[axis] / FIGURES) for axis in AXES)
        write_scorecard(folder / SCORECARD, card)
        write_json(folder / SCHEMA, Scorecard.model_json_schema())
        items = pl.concat([pl.read_parquet(evaluations[axis] / ITEMS) for axis in AXES])
        write_table(folder / ITEMS, items.select(list(ITEM_SCHEMA)))
        draw_axes(folder / PICTURE, card)
        write_report(folder / REPORT, card, folder / PICTURE)
        return Summary(rows=len(card.figures), figures={"score": card.score} | summary_figures(card))

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


def unite(cards: Iterable[Scorecard]) -> Scorecard:
    """One scorecard from those of single axes; raises EvaluationError unless all are of one checkpoint, evaluator and seed."""
    parts = list(cards)
    for field in ("checkpoint", "digest", "base", "evaluator", "resamples", "seed"):
        values = {getattr(part, field) for part in parts}
        if len(values) != 1:
            raise EvaluationError(f"the evaluations differ in {field}: {sorted(map(str, values))}; evaluate the stale axes again")
    tasks = {name: task for part in parts for name, task in part.tasks.items()}
    return parts[0].model_copy(update={"tasks": tasks, "figures": tuple(figure for part in parts for figure in part.figures)})


def summary_figures(card: Scorecard) -> dict[str, SummaryFigure]:
    """What a materialisation shows: each axis's headline with interval, floor, base and skill, and how much was unparsed or excluded."""
    found: dict[str, SummaryFigure] = {}
    for figure in headlines(card.figures).values():
        shown = {"": figure.value, "_low": figure.low, "_high": figure.high, "_floor": figure.floor, "_base": figure.base}
        found |= {f"{figure.name}{suffix}": value for suffix, value in shown.items()}
        found |= {f"{figure.name}_n": figure.n, f"{figure.axis}_skill": figure.skill or 0.0}
        found[f"{figure.name}_against_base"] = figure.difference.value if figure.difference else None
    unparsed = {figure.task: figure.unparsed for figure in card.figures}
    return found | {
        "figures": sum(figure.status == "measured" for figure in card.figures),
        "untrained_figures": sum(figure.status == "untrained" for figure in card.figures),
        "unparsed": sum(unparsed.values()),
        "excluded": sum(task.excluded for task in card.tasks.values()),
    }


def _card(folder: Path) -> Path:
    """The JSON file of a scorecard or evaluation folder."""
    path = folder / SCORECARD
    return path if path.is_file() else folder / FIGURES


def to_text(card: Scorecard) -> str:
    """The measured figures as lines of a table, for a terminal."""
    head = ("figure", "n", "value", "95 % interval", "floor", "base", "difference")
    rows = [head, *map(_cells, card.figures)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", f"score {card.score:.3f} = mean skill of {json.dumps({k: round(v, 3) for k, v in card.skills.items()})}"])


def _cells(figure: Figure) -> tuple[str, ...]:
    if figure.value is None:
        return figure.name, str(figure.n), figure.status, "", "", "", ""
    spread = f"{figure.low:.3f} to {figure.high:.3f}"
    base = "" if figure.base is None else f"{figure.base:.3f}"
    gap = figure.difference
    difference = "" if gap is None else f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
    return figure.name, str(figure.n), f"{figure.value:.3f}", spread, f"{figure.floor:.3f}", base, difference
