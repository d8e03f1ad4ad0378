"""The evaluation assets: a partition a checkpoint, then the leaderboard of all and the pointer to the promoted one."""

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checkpoints import checkpoint_of
from pixel_assets.config import Build
from pixel_assets.defs.evaluation.conditions import AFTER_ANY_UPDATE, ON_NEW_CHECKPOINT
from pixel_assets.metadata import picture, result_of
from pixel_core import evaluation
from pixel_core.evaluation import evaluation as harness
from pixel_core.evaluation import uniting
from pixel_core.evaluation.ranking import alerts
from pixel_core.evaluation.ranking import leaderboard as ranking
from pixel_core.evaluation.ranking import promotion as pointer
from pixel_core.evaluation.scorecard import PICTURE, REPORT
from pixel_core.knowledge import Notes, Retriever

OWNERS = ["team:pixel"]
_HELD_OUT = ["checkpoint", "packed_dataset", "training_mixture", "head_examples"]


def held_out() -> evaluation.HeldOut:
    """Where the held-out items lie."""
    mixture, examples = paths.artifact("training_mixture"), paths.artifact("head_examples")
    profile, criteria = paths.artifact("personality_profile"), paths.artifact("dsm5_criteria")
    return evaluation.HeldOut(paths.shipped() / "scenarios", mixture, examples, profile, _knowledge, criteria)


def _knowledge() -> Notes:
    """What answers a text with retrieved knowledge."""
    return Notes(Retriever.open(paths.artifact("knowledge_index")))


def _evaluated(axis: str, context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    checkpoint, out = checkpoint_of(context.partition_key), paths.artifact(f"{axis}_evaluation")
    packed = paths.artifact("packed_dataset")
    built = evaluation.evaluate_axis(axis, checkpoint, out, data=held_out(), packed=packed, recipe=config.load(), force=config.force)
    return result_of(built)


@dg.asset(
    deps=_HELD_OUT,
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "pytorch", "parquet"},
    code_version=harness.VERSION,
    pool="evaluation",  # not that of training, whose checkpoints are evaluated while it goes on
    automation_condition=ON_NEW_CHECKPOINT,
    description="Emotional intelligence of a checkpoint: multiple-choice items over five domains by likelihood, and the heads eq, "
    "emotions, affect and mer on held-out labels; each figure with interval, floor and checkpoint-0 beside it.",
)
def eq_evaluation(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The axis eq of one checkpoint."""
    return _evaluated("eq", context, config)


@dg.asset(
    deps=_HELD_OUT,
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "pytorch", "parquet"},
    code_version=harness.VERSION,
    pool="evaluation",  # not that of training, whose checkpoints are evaluated while it goes on
    automation_condition=ON_NEW_CHECKPOINT,
    description="Expressed empathy of a checkpoint: levels of three mechanisms on held-out pairs, and its own replies to held-out posts "
    "beside human ones.",
)
def empathy_evaluation(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The axis empathy of one checkpoint."""
    return _evaluated("empathy", context, config)


@dg.asset(
    deps=[*_HELD_OUT, "knowledge_index", "dsm5_criteria"],
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "pytorch", "parquet"},
    code_version=harness.VERSION,
    pool="evaluation",  # not that of training, whose checkpoints are evaluated while it goes on
    automation_condition=ON_NEW_CHECKPOINT,
    description="Clinical recognition of a checkpoint: vignettes by likelihood, by head and as free text, written assessments held against "
    "the criteria, and the heads clinical, pdm2 and crisis on held-out labels. Tests a classifier; no clinical evidence.",
)
def clinical_evaluation(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The axis clinical of one checkpoint."""
    return _evaluated("clinical", context, config)


@dg.asset(
    deps=_HELD_OUT,
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "pytorch", "parquet"},
    code_version=harness.VERSION,
    pool="evaluation",  # not that of training, whose checkpoints are evaluated while it goes on
    automation_condition=ON_NEW_CHECKPOINT,
    description="Whether a checkpoint knows who should speak next, therapist or assistant: by context and trigger, told and untold, over "
    "whole talks with a change or none, and on the turns of held-out conversations.",
)
def persona_evaluation(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The axis persona of one checkpoint."""
    return _evaluated("persona", context, config)


@dg.asset(
    deps=[*_HELD_OUT, "personality_profile"],
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "pytorch", "parquet"},
    code_version=harness.VERSION,
    pool="evaluation",  # not that of training, whose checkpoints are evaluated while it goes on
    automation_condition=ON_NEW_CHECKPOINT,
    description="Dialogue of a checkpoint: how well held-out conversations are predicted, coherence, flow, its replies beside human ones, "
    "sessions with scripted clients, likeness to the speaker of the profile, the heads appropriateness, technique and intervention.",
)
def dialogue_evaluation(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The axis dialogue of one checkpoint."""
    return _evaluated("dialogue", context, config)


@dg.asset(
    deps=[eq_evaluation, empathy_evaluation, clinical_evaluation, persona_evaluation, dialogue_evaluation],
    group_name="evaluation",
    partitions_def=partitions.checkpoints,
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=uniting.VERSION,
    automation_condition=ON_NEW_CHECKPOINT,
    description="All figures of a checkpoint as one JSON file with a schema, all answers, alerts, and a report to click in.",
)
def scorecard(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The scorecard of one checkpoint."""
    key = context.partition_key
    folders = {axis: paths.artifact(f"{axis}_evaluation", key) for axis in evaluation.AXES}
    beside = evaluation.promoted_scorecard(paths.artifact("promotion"), paths.artifact("scorecard"))
    built = evaluation.build_scorecard(folders, paths.artifact("scorecard", key), promoted=beside, force=config.force)
    report = dg.MetadataValue.path(str(built.folder / REPORT))
    told = dg.MetadataValue.md(alerts.of_scorecard(built.folder))
    return result_of(built, axes=picture(built.folder / PICTURE), report=report, alerts=told)


@dg.asset(
    deps=[scorecard],
    group_name="evaluation",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=ranking.VERSION,
    automation_condition=AFTER_ANY_UPDATE,
    description="One row a scorecard, best first by the mean skill over the axes; alerts of what fell or left its course; a report of "
    "trends and of any two checkpoints. A broken scorecard is listed apart and stops nothing.",
)
def leaderboard(config: Build) -> dg.MaterializeResult:
    """All scorecards, ranked."""
    built = evaluation.build_leaderboard(paths.artifact("scorecard"), paths.artifact("leaderboard"), force=config.force)
    report = dg.MetadataValue.path(str(built.folder / ranking.REPORT))
    told = dg.MetadataValue.md(alerts.of_leaderboard(built.folder))
    return result_of(built, steps=picture(built.folder / ranking.PICTURE), report=report, alerts=told)


@dg.asset(
    deps=[leaderboard],
    group_name="evaluation",
    owners=OWNERS,
    kinds={"python"},
    code_version=pointer.VERSION,
    automation_condition=AFTER_ANY_UPDATE,
    description="The pointer to the checkpoint to use. It moves to the best one on which no axis falls below its base or the last promoted "
    "one beyond the interval, by its headline or by a guard; a refusal names the axis.",
)
def promotion(config: Build) -> dg.MaterializeResult:
    """Move the pointer, or say why not."""
    folders = paths.artifact("leaderboard"), paths.artifact("scorecard"), paths.artifact("training_run")
    return result_of(evaluation.build_promotion(*folders, paths.artifact("promotion"), force=config.force))
