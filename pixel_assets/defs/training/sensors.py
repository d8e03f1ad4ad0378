"""The sensor that announces checkpoints; what evaluates them is declared on the evaluation assets."""

import dagster as dg

from pixel_assets.checkpoints import announce_checkpoints


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Announces every valid checkpoint of every run as a partition of `checkpoint`. An error fails the tick.",
)
def new_checkpoints(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Announce, and say what; runs follow from the conditions of the evaluation assets."""
    announced = announce_checkpoints(context.instance)
    return dg.SkipReason(f"announced {', '.join(announced)}" if announced else "no new checkpoint")
