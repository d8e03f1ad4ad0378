"""The scorecard: all figures of a checkpoint, with what they were measured by, as one JSON file with a schema.

The five evaluations of a checkpoint have the same form, each with the figures of its own axis (`figures.json`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, ValidationError

from pixel_core.artifacts import ArtifactError, digest_of, is_valid, verify, write_json
from pixel_core.artifacts import Figure as SummaryFigure
from pixel_core.evaluation.figures import AXES, Difference, Figure, Record, headlines
from pixel_core.evaluation.judges.agreement import Judged
from pixel_core.evaluation.measuring import Rows, difference_of

SCHEMA_VERSION: Literal["4"] = "4"  # of figures.json and scorecard.json; 3 had fewer statistics and is read as it is
SCORECARD, FIGURES, ITEMS, QUESTIONS = "scorecard.json", "figures.json", "items.parquet", "questions.parquet"
JUDGEMENTS = "judgements.parquet"
SCHEMA, PICTURE, REPORT = "scorecard.schema.json", "axes.png", "report.html"


class EvaluationError(ArtifactError):
    """An evaluation cannot be made or read as asked; the message says why and what to do."""


class TaskRecord(Record):
    """What a task was when it was asked."""

    version: str
    """Version of the task's code."""
    digest: str
    """SHA-256 of its items and settings."""
    excluded: dict[str, int]
    """Items left out because of what stands in the training text, by reason: `text_in_training`, `answer_in_training`."""
    judged: Judged | None = None
    """Who judged the answers, and how far the judges agree; null where nobody did."""


class Scorecard(Record):
    """The figures of one checkpoint, or of a model behind an endpoint."""

    schema_version: Literal["3", "4"]
    """Version of this form."""
    checkpoint: str
    """`<run>.<step>`, or the name of a model behind an endpoint."""
    digest: str
    """Digest of the checkpoint's manifest; of a model behind an endpoint: of its address, name and way of being asked."""
    trained_with: dict[str, str]
    """Digests of what the checkpoint was trained with: mixture, head examples, packed dataset, model and training recipe, seed."""
    asked: dict[str, str] = Field(default_factory=dict)
    """How a model behind an endpoint was asked: host, model, and how choices were put to it."""
    base: str | None
    """The checkpoint that `base` and `difference` of the figures speak of: the run's checkpoint-0."""
    promoted: str | None = None
    """The checkpoint that `promoted` and `against_promoted` speak of: the last promoted one when this was measured."""
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
        """By axis how far its headline stands between floor (0) and the best possible value (1).

        0 where it has no number; what the respondent has no way to answer is left out.
        """
        heads = {axis: figure for axis, figure in headlines(self.figures).items() if figure.status != "not answered"}
        return {axis: heads[axis].skill or 0.0 for axis in AXES if axis in heads}

    @property
    def score(self) -> float:
        """The mean skill over the axes: what the leaderboard ranks by."""
        return round(sum(self.skills.values()) / max(1, len(self.skills)), 6)

    @property
    def excluded(self) -> dict[str, int]:
        """By reason, how many items of all tasks were left out because of what stands in the training text."""
        reasons = Counter[str]()
        for task in self.tasks.values():
            reasons.update(task.excluded)
        return dict(sorted(reasons.items()))

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


def reliable(folder: Path) -> Scorecard | None:
    """The scorecard of an artifact folder; None where there is none, its files were altered, or it is of an older schema."""
    if not is_valid(folder):
        return None
    try:
        return read_scorecard(folder / SCORECARD)
    except ArtifactError:  # of an older schema: it is measured again
        return None


def write_scorecard(path: Path, card: Scorecard) -> None:
    """Write a scorecard as canonical JSON."""
    write_json(path, card.model_dump(mode="json"))


def read_items(folder: Path) -> dict[str, Rows]:
    """The rows of an evaluation or scorecard folder by task."""
    frame = pl.read_parquet(folder / ITEMS)
    return {task: Rows.of(frame, task) for task in frame["task"].unique(maintain_order=True)}


def compare(a: Path, b: Path) -> tuple[Difference, ...]:
    """Every figure of evaluation or scorecard folder `a` minus that of `b`, paired by item.

    Figures that only one of them has, or whose task has another version, are left out; so are items that only one answered, and
    those whose text, choices or right answer changed in between: each difference says how many.
    Raises ArtifactError where a folder is missing, or its files are not those of its manifest.
    """
    for folder in (a, b):
        verify(folder)
    pair = pairing(a, b)
    return tuple(found for figure in read_scorecard(_card(a)).figures if (found := pair(figure)) is not None)


def pairing(a: Path, b: Path) -> Callable[[Figure], Difference | None]:
    """What says of a figure of evaluation or scorecard folder `a` how it differs from that of `b`; None as in `compare`."""
    first, second = (read_scorecard(_card(folder)) for folder in (a, b))
    rows, others = read_items(a), read_items(b)

    def difference(figure: Figure) -> Difference | None:
        pair = _pair(figure, first, second, rows, others)
        return None if pair is None else pair[1]

    return difference


def paired(card: Scorecard, rows: Mapping[str, Rows], other: Path) -> Scorecard:
    """The scorecard with each figure beside that of another scorecard folder, on the items that both answered.

    Figures of a task that has another version there stay without; so does a scorecard beside itself.
    """
    against = read_scorecard(other / SCORECARD)
    if against.checkpoint == card.checkpoint:
        return card
    theirs, figures = read_items(other), []
    for figure in card.figures:
        pair = _pair(figure, card, against, rows, theirs)
        figures.append(figure if pair is None else figure.model_copy(update={"promoted": pair[0], "against_promoted": pair[1]}))
    return card.model_copy(update={"promoted": against.checkpoint, "figures": tuple(figures)})


def _pair(
    figure: Figure, first: Scorecard, second: Scorecard, rows: Mapping[str, Rows], others: Mapping[str, Rows]
) -> tuple[float, Difference] | None:
    """The figure of `second` and the difference from it, where both have answers to the same version of the task."""
    task = figure.task
    if task not in rows or task not in others or first.tasks[task].version != second.tasks[task].version:
        return None
    return difference_of(figure.measure, rows[task], others[task], count=first.resamples, seed=first.seed)


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
        "excluded": sum(card.excluded.values()),
        **{f"excluded_{reason}": count for reason, count in card.excluded.items()},
    }


def _card(folder: Path) -> Path:
    """The JSON file of a scorecard or evaluation folder."""
    path = folder / SCORECARD
    return path if path.is_file() else folder / FIGURES
