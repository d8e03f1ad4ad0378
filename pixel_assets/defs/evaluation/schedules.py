"""The schedules: by force what should come out the same again, which fails unless it does, and what became stale besides."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checkpoints import checkpoint_of
from pixel_assets.config import Build
from pixel_assets.defs.jobs import evaluation
from pixel_core.evaluation import AXES
from pixel_core.evaluation.ranking import due

EVALUATIONS = [*(f"{axis}_evaluation" for axis in AXES), "scorecard"]


@dg.schedule(
    job=evaluation,
    cron_schedule="0 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Evaluates the newest and the best checkpoint of the present data again, by force: a determinism check. And what a new "
    "version of the evaluator, or new items, made stale.",
)
def nightly_evaluation(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """A run for the newest checkpoint, one for the best if it is another, and one for each stale one."""
    folders = _announced(context)
    repeated = due.newest_and_best(folders, paths.artifact("packed_dataset"), paths.artifact("leaderboard"))
    yield from _requests(context, folders, repeated)


@dg.schedule(
    job=evaluation,
    cron_schedule="0 5 * * 0",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Evaluates every checkpoint again that was ever promoted, by the history of decisions, by force; and what is stale.",
)
def weekly_evaluation(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """A run for each checkpoint that the pointer ever moved to, and one for each stale one."""
    folders = _announced(context)
    repeated = due.promoted(folders, paths.artifact("packed_dataset"), paths.artifact("promotion"))
    yield from _requests(context, folders, repeated)


def _announced(context: dg.ScheduleEvaluationContext) -> dict[str, Path]:
    """The folders of all announced checkpoints by partition key, in the order of their announcement."""
    return {key: checkpoint_of(key) for key in context.instance.get_dynamic_partitions(str(partitions.checkpoints.name))}


def _requests(context: dg.ScheduleEvaluationContext, folders: Mapping[str, Path], repeated: Sequence[str]) -> Iterator[dg.RunRequest]:
    """One run a checkpoint, once a schedule and day: with force where it is to be repeated, without where it is only stale."""
    stale = due.stale(folders, paths.artifact("packed_dataset"), paths.artifact("leaderboard"))
    for key in dict.fromkeys([*repeated, *stale]):
        config = dg.RunConfig({name: Build(force=key in repeated) for name in EVALUATIONS})
        yield dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}:{key}", partition_key=key, run_config=config)
