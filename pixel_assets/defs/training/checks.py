"""The checks of the training assets; they block where nothing must be built on what failed."""

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checkpoints import checkpoint_of
from pixel_assets.checks import answer
from pixel_core.training import quality, run_quality, search_quality


@dg.asset_check(
    asset="packed_dataset",
    blocking=True,
    description="Every token that was read stands in a row or is counted as cut; no row is longer than the sequence length.",
)
def tokens_add_up() -> dg.AssetCheckResult:
    """Add up the tokens."""
    return answer(lambda: quality.check_packed_tokens(paths.artifact("packed_dataset")))


@dg.asset_check(
    asset="packed_dataset",
    blocking=True,
    description="Language loss lies on the turns to learn and their ends, and on nothing else; labelled examples carry none.",
)
def masks_are_right() -> dg.AssetCheckResult:
    """Derive the masks again from the turns."""
    return answer(lambda: quality.check_packed_masks(paths.artifact("packed_dataset")))


@dg.asset_check(
    asset="packed_dataset",
    blocking=True,
    description="No conversation and no group stands in training and in validation.",
)
def splits_are_apart() -> dg.AssetCheckResult:
    """Compare ids and groups of the splits."""
    return answer(lambda: quality.check_packed_splits(paths.artifact("packed_dataset")))


@dg.asset_check(
    asset="training_run",
    blocking=True,
    description="The last validation language loss is below checkpoint-0's and below that of a unigram model of the training text.",
)
def learning_is_real() -> dg.AssetCheckResult:
    """Compare the language losses."""
    return answer(lambda: run_quality.check_learning(paths.artifact("training_run")))


@dg.asset_check(
    asset="training_run",
    blocking=True,
    description="Each supervised head's last validation loss is below that of predicting its training prior; failing heads are named.",
)
def heads_beat_their_priors() -> dg.AssetCheckResult:
    """Compare every head with its prior."""
    return answer(lambda: run_quality.check_heads(paths.artifact("training_run")))


@dg.asset_check(
    asset="training_run",
    blocking=True,
    description="The run has a valid checkpoint at step 0, at each interval and at its end, and can be resumed from the last.",
)
def checkpoints_are_valid() -> dg.AssetCheckResult:
    """Verify the checkpoints of the run."""
    return answer(lambda: run_quality.check_checkpoints(paths.artifact("training_run")))


@dg.asset_check(
    asset="loss_weight_search",
    description="Every trial has a finite score, and the best one is named and no worse than the recipe's own weights.",
)
def search_is_sound() -> dg.AssetCheckResult:
    """Look for the best trial again."""
    return answer(lambda: search_quality.check_search(paths.artifact("loss_weight_search")))


@dg.asset_check(
    asset="checkpoint",
    blocking=True,
    partitions_def=partitions.checkpoints,
    # Nobody materialises an announced checkpoint, so its check runs by itself, once a content. Not eager(): Dagster takes every
    # evaluation of a partitioned check for its first, and eager() never acts on the first.
    automation_condition=dg.AutomationCondition.missing() & ~dg.AutomationCondition.in_progress(),
    description="The checkpoint's files are those of its manifest, and all of its weights are finite.",
)
def checkpoint_is_whole(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Verify and open one checkpoint."""
    return answer(lambda: run_quality.check_checkpoint(checkpoint_of(context.partition_key)))
