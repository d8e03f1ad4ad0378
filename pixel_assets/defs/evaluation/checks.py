"""The checks of the evaluation assets: three for each axis, then scorecard, leaderboard and promotion."""

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checks import answer
from pixel_assets.defs.evaluation.assets import held_out
from pixel_core.evaluation import AXES, quality
from pixel_core.evaluation.reports import quality as report_quality


def _of_axis(axis: str) -> list[dg.AssetChecksDefinition]:
    """The same three checks for the evaluation of every axis."""
    asset = f"{axis}_evaluation"

    @dg.asset_check(
        asset=asset,
        name="figures_hold",
        blocking=True,
        partitions_def=partitions.checkpoints,
        description="Every figure is finite, has n, interval, floor and base, and comes out the same when computed again from the answers.",
    )
    def figures_hold(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return answer(lambda: quality.check_figures(paths.artifact(asset, context.partition_key)))

    @dg.asset_check(
        asset=asset,
        name="answers_are_counted",
        blocking=True,
        partitions_def=partitions.checkpoints,
        description="Every question was answered once; an answer that could not be parsed counts as wrong, and many of them warn.",
    )
    def answers_are_counted(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return answer(lambda: quality.check_answers(paths.artifact(asset, context.partition_key)))

    @dg.asset_check(
        asset=asset,
        name="items_are_held_out",
        blocking=True,
        partitions_def=partitions.checkpoints,
        description="No text that was asked about stands in the train splits of mixture and head examples.",
    )
    def items_are_held_out(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return answer(lambda: quality.check_held_out(paths.artifact(asset, context.partition_key), held_out().training_files))

    return [figures_hold, answers_are_counted, items_are_held_out]


axis_checks = [check for axis in AXES for check in _of_axis(axis)]


@dg.asset_check(
    asset="scorecard",
    blocking=True,
    partitions_def=partitions.checkpoints,
    description="Each of the five axes has one headline, no figure stands twice, and the score follows from them.",
)
def scorecard_is_complete(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at one scorecard."""
    return answer(lambda: quality.check_scorecard(paths.artifact("scorecard", context.partition_key)))


@dg.asset_check(
    asset="scorecard",
    name="report_is_self_contained",
    partitions_def=partitions.checkpoints,
    description="The HTML report shows every figure, loads nothing from elsewhere and runs no script but its own.",
)
def scorecard_report(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at one report."""
    return answer(lambda: report_quality.check_report(paths.artifact("scorecard", context.partition_key)))


@dg.asset_check(
    asset="scorecard",
    partitions_def=partitions.checkpoints,
    description="A warning: a headline fell below the base or the last promoted checkpoint beyond its paired interval, or more of the "
    "other figures did than chance explains. The metadata of the scorecard lists them.",
)
def no_figure_fell(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Compare one scorecard with base and last promoted."""
    return answer(lambda: report_quality.check_falls(paths.artifact("scorecard", context.partition_key)), dg.AssetCheckSeverity.WARN)


@dg.asset_check(
    asset="leaderboard",
    blocking=True,
    description="Every scorecard is listed once, in the order of the rule, as it is now; broken ones stand apart.",
)
def leaderboard_lists_every_scorecard() -> dg.AssetCheckResult:
    """Compare the leaderboard with the scorecards."""
    return answer(lambda: quality.check_leaderboard(paths.artifact("leaderboard"), paths.artifact("scorecard")))


@dg.asset_check(
    asset="leaderboard",
    name="report_is_self_contained",
    description="The HTML report shows every checkpoint, loads nothing from elsewhere and runs no script but its own.",
)
def leaderboard_report() -> dg.AssetCheckResult:
    """Look at the report."""
    return answer(lambda: report_quality.check_board_report(paths.artifact("leaderboard")))


@dg.asset_check(
    asset="leaderboard",
    description="A warning: a figure of a run's newest checkpoint left the course of the checkpoints before it to the worse, by a robust "
    "rule. The metadata of the leaderboard lists them.",
)
def no_figure_left_its_course() -> dg.AssetCheckResult:
    """Look at the alerts of the newest checkpoints."""
    return answer(lambda: report_quality.check_trends(paths.artifact("leaderboard")), dg.AssetCheckSeverity.WARN)


@dg.asset_check(
    asset="promotion",
    blocking=True,
    description="The pointer names a valid checkpoint on which no axis falls, and every refusal names an axis.",
)
def promotion_is_earned() -> dg.AssetCheckResult:
    """Look at the pointer and at the decision behind it."""
    return answer(lambda: quality.check_promotion(paths.artifact("promotion"), paths.artifact("training_run")))
