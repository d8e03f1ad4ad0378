"""The sensor that evaluates the conditions of this stage, and of the check of the checkpoints that it starts from."""

import dagster as dg

evaluation_automation = dg.AutomationConditionSensorDefinition(
    "evaluation_automation",
    target=dg.AssetSelection.groups("evaluation") | dg.AssetSelection.checks_for_assets("checkpoint"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    emit_backfills=False,  # a check cannot be backfilled; a run a checkpoint shows best what failed
    description="Evaluates each announced checkpoint once its check has passed, then scorecard, leaderboard and promotion.",
)
