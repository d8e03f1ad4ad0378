"""The nightly schedule: newest and best checkpoint once more, by force, which fails unless every answer is the same again."""

from collections.abc import Iterator

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checkpoints import checkpoint_of
from pixel_assets.config import Build
from pixel_assets.defs.jobs import evaluation
from pixel_core.evaluation import AXES
from pixel_core.evaluation.leaderboard import newest_and_best

EVALUATIONS = [*(f"{axis}_evaluation" for axis in AXES), "scorecard"]


@dg.schedule(
    job=evaluation,
    cron_schedule="0 3 * * *",
    description="Evaluates the newest and the best checkpoint of the present data again, by force: a determinism check, and what a new "
    "version of the evaluator made stale.",
)
def nightly_evaluation(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """A run for the newest checkpoint and one for the best, if they are not the same."""
    announced = context.instance.get_dynamic_partitions(str(partitions.checkpoints.name))
    folders = {key: checkpoint_of(key) for key in announced}
    config = dg.RunConfig({name: Build(force=True) for name in EVALUATIONS})
    for key in newest_and_best(folders, paths.artifact("packed_dataset"), paths.artifact("leaderboard")):
        yield dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}:{key}", partition_key=key, run_config=config)
