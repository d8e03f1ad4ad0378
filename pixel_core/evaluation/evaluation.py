"""Evaluating a checkpoint: tasks in, an artifact of figures, answers and questions out.

The work key is checkpoint, items and evaluator version: the same key is never worked on twice, unless by force, and
then the answers must be the same again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from pixel_core.artifacts import MANIFEST, Built, Summary, build, digest_of, is_valid, read_manifest, verify, write_table
from pixel_core.evaluation.asking import Asked, ask_all, questions_of
from pixel_core.evaluation.candidate import BASE, checkpoint_manifest, key_of, require_held_out
from pixel_core.evaluation.figures import AXES, Figure, Status
from pixel_core.evaluation.harness import ChoiceTask, Task
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.judges.agreement import Judged, judged_of
from pixel_core.evaluation.measuring import Rows, difference_of, figure_of
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.scorecard import (
    FIGURES,
    ITEMS,
    JUDGEMENTS,
    QUESTIONS,
    SCHEMA_VERSION,
    EvaluationError,
    Scorecard,
    TaskRecord,
    read_items,
    read_scorecard,
    summary_figures,
    write_scorecard,
)
from pixel_core.recipe import EvaluationRecipe, Recipe

VERSION = "3"
_DATA = ("training_mixture", "head_examples")  # what a packed dataset is made of
Open = Callable[[Path, int], Respondent]  # opens a checkpoint folder for batches of so many dialogues
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """How figures are computed. `batch_size` changes no figure but for rounding on a GPU."""

    resamples: int = 1000
    seed: str = "0"
    batch_size: int = 16

    @classmethod
    def of(cls, recipe: Recipe) -> Settings:
        """The settings of a recipe."""
        return cls(recipe.evaluation.bootstrap, str(recipe.seed), recipe.evaluation.batch_size)


@dataclass(frozen=True, slots=True)
class Told:
    """Who answered: the partition key `<run>.<step>`, the digest of the checkpoint, the digests of what it was trained with.

    `asked` says of a model behind an endpoint how it was asked.
    """

    key: str
    digest: str
    inputs: Mapping[str, str]
    asked: Mapping[str, str] = field(default_factory=dict)


def tasks_of(axis: str, data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of an axis; raises EvaluationError for one that does not exist."""
    from pixel_core.evaluation.clinical import tasks as clinical
    from pixel_core.evaluation.dialogue import tasks as dialogue
    from pixel_core.evaluation.empathy import tasks as empathy
    from pixel_core.evaluation.eq import tasks as eq
    from pixel_core.evaluation.judges.replies import AXIS as judges
    from pixel_core.evaluation.judges.replies import judged_replies
    from pixel_core.evaluation.persona import tasks as persona

    for module in (eq, empathy, clinical, persona, dialogue):
        if axis == module.AXIS:
            return (*module.tasks(data, recipe), *(judged_replies(data, recipe) if axis == judges else ()))
    raise EvaluationError(f"axis {axis!r} is not known: use one of {', '.join(AXES)}")


def evaluate(
    checkpoint: Path, tasks: Sequence[Task], out: Path, *, base: Path | None = None, settings: Settings | None = None
) -> Scorecard:
    """The figures of a checkpoint folder on these tasks, also written to `out` as an artifact.

    `base` is an earlier evaluation folder that the figures are compared with. Raises ArtifactError when the folder is no
    valid checkpoint.
    """
    build_evaluation(checkpoint, tasks, out, base=base, settings=settings or Settings())
    return read_scorecard(out / FIGURES)


def build_evaluation(
    checkpoint: Path,
    tasks: Sequence[Task],
    out: Path,
    *,
    base: Path | None,
    settings: Settings,
    kind: str = "evaluation",
    data: Mapping[str, str] | None = None,
    force: bool = False,
    opened: Open | None = None,
) -> Built:
    """Write `figures.json`, `items.parquet` (answers) and `questions.parquet`; where `base` is `out` it is compared with itself.

    `data` are digests of what the checkpoint's packed dataset was made of. With force on a valid evaluation of the same work
    key the answers must come out the same: EvaluationError if not. `opened` opens the checkpoint where there is work to do.
    """
    manifest = checkpoint_manifest(checkpoint)
    told = Told(key_of(checkpoint), manifest.digest, {**manifest.inputs, **(data or {})})

    def respond() -> Respondent:
        from pixel_core.evaluation.respondents.opening import open_checkpoint

        return (opened or open_checkpoint)(checkpoint, settings.batch_size)

    return build_answers(told, respond, tasks, out, base=base, settings=settings, kind=kind, force=force)


def build_answers(
    told: Told,
    respond: Callable[[], Respondent],
    tasks: Sequence[Task],
    out: Path,
    *,
    base: Path | None,
    settings: Settings,
    kind: str = "evaluation",
    force: bool = False,
) -> Built:
    """The evaluation of whoever `told` speaks of; `respond` opens it where there is work to do. See `build_evaluation`."""
    _require_different(tasks)
    inputs = {
        "checkpoint": told.digest,
        "tasks": digest_of({task.name: task.digest for task in tasks}),
        "intervals": digest_of([settings.resamples, settings.seed]),
        "base": "none" if base is None else "itself" if base == out else verify(base).digest,
    }

    def write(folder: Path) -> Summary:
        logger.info("%s: asking %s, %d items", kind, told.key, sum(len(task.questions) for task in tasks))
        asked = ask_all(tasks, respond())
        _require_same(out, asked.items, inputs)
        card = record(folder, tasks, asked, told, settings=settings, base=folder if base == out else base)
        return Summary(rows=asked.items.height, figures=summary_figures(card))

    return build(out, kind=kind, version=VERSION, inputs=inputs, write=write, force=force)


def record(folder: Path, tasks: Sequence[Task], asked: Asked, told: Told, *, settings: Settings, base: Path | None = None) -> Scorecard:
    """Write answers, questions and the figures that follow from them; `base` may be the folder itself.

    What judges said is written where there were any.
    """
    answers = asked.items
    write_table(folder / ITEMS, answers)
    if asked.judgements.height:
        write_table(folder / JUDGEMENTS, asked.judgements)
    write_table(folder / QUESTIONS, questions_of(tasks))
    for task in tasks:
        own = answers.filter(pl.col("task") == task.name)
        for name, table in task.tables(own).items() if own.height else ():
            write_table(folder / f"{task.name}.{name}.parquet", table)
    judged = _judged(tasks, asked.judgements)
    card = Scorecard(
        schema_version=SCHEMA_VERSION,
        checkpoint=told.key,
        digest=told.digest,
        trained_with=dict(told.inputs),
        asked=dict(told.asked),
        base=None if base is None else f"{told.key.rpartition('.')[0]}.0",
        evaluator=VERSION,
        tasks={t.name: TaskRecord(version=t.version, digest=t.digest, excluded=dict(t.excluded), judged=judged.get(t.name)) for t in tasks},
        resamples=settings.resamples,
        seed=settings.seed,
        figures=figures_of(tasks, answers, settings, base, calibrated={name for name, one in judged.items() if one.calibrated}),
    )
    write_scorecard(folder / FIGURES, card)
    return card


def _judged(tasks: Sequence[Task], judgements: pl.DataFrame) -> dict[str, Judged]:
    """By judged task, how far its judges agree."""
    by_task = {task.name: judgements.filter(pl.col("task") == task.name) for task in tasks}
    return {task.name: judged_of(by_task[task.name], task.prompts) for task in tasks if by_task[task.name].height}


def figures_of(
    tasks: Sequence[Task], answers: pl.DataFrame, settings: Settings, base: Path | None = None, *, calibrated: Collection[str] = ()
) -> tuple[Figure, ...]:
    """The figures of all measures of the tasks, each beside that of the evaluation folder `base`.

    The judges of the `calibrated` tasks were held against people.
    """
    others = read_items(base) if base is not None else {}
    found = []
    for task in tasks:
        rows = Rows.of(answers, task.name)
        absent: Status = "not answered" if task.questions else task.absent
        for declared in task.measures:
            measure = replace(declared, uncalibrated=declared.uncalibrated and task.name not in calibrated)
            figure = figure_of(
                measure,
                rows,
                axis=task.axis,
                task=task.name,
                excluded=sum(task.excluded.values()),
                count=settings.resamples,
                seed=settings.seed,
                absent=absent,
                silent="not answered" if isinstance(task, ChoiceTask) else "untrained",
            )
            if figure.value is not None and task.name in others:
                pair = difference_of(measure, rows, others[task.name], count=settings.resamples, seed=settings.seed)
                if pair is not None:
                    figure = figure.model_copy(update={"base": pair[0], "difference": pair[1]})
            found.append(figure)
    return tuple(found)


def evaluate_axis(
    axis: str,
    checkpoint: Path,
    out: Path,
    *,
    data: HeldOut,
    packed: Path,
    recipe: Recipe,
    force: bool = False,
    tasks: Sequence[Task] | None = None,
    opened: Open | None = None,
) -> Built:
    """One axis of a checkpoint of a run, below `out` under its key `<run>.<step>`, compared with the run's checkpoint-0.

    The base is evaluated first where that is still to do; it is compared with itself. Raises EvaluationError when the
    run has no base, or was trained on other data than `packed` and `data` hold: nobody knows then what is held out. `tasks` are
    those of the axis, where the caller has them already; `opened` as in `build_evaluation`.
    """
    tasks = tasks_of(axis, data, recipe.evaluation) if tasks is None else tasks
    settings, kind = Settings.of(recipe), f"{axis}_evaluation"
    base, made = checkpoint.parent / BASE, read_manifest(packed).inputs
    made_of = {name: made[name] for name in _DATA if name in made}
    require_held_out(checkpoint, packed, data)
    if not (base / MANIFEST).is_file():
        raise EvaluationError(f"{checkpoint.parent} holds no {BASE}, which its checkpoints are compared with: train the run again")
    beside = out / key_of(base)
    if checkpoint.name != BASE:
        build_evaluation(base, tasks, beside, base=beside, settings=settings, kind=kind, data=made_of, opened=opened)
    return build_evaluation(
        checkpoint, tasks, out / key_of(checkpoint), base=beside, settings=settings, kind=kind, data=made_of, force=force, opened=opened
    )


def _require_different(tasks: Sequence[Task]) -> None:
    names = [measure.name for task in tasks for measure in task.measures]
    twice = {name for name in names if names.count(name) > 1} | {t.name for t in tasks if sum(t.name == o.name for o in tasks) > 1}
    if twice:
        raise EvaluationError(f"two tasks or figures are named {min(twice)}: names must be unique within an evaluation")


def _require_same(earlier: Path, answers: pl.DataFrame, inputs: Mapping[str, str]) -> None:
    """Raise EvaluationError when a valid evaluation of the same work key has other answers than these."""
    if not is_valid(earlier):
        return
    manifest = read_manifest(earlier)
    if manifest.version == VERSION and dict(manifest.inputs) == dict(inputs) and not pl.read_parquet(earlier / ITEMS).equals(answers):
        raise EvaluationError(f"{earlier.name} was evaluated again and answered otherwise: the evaluation is not deterministic")
