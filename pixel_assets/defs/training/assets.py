"""The training assets. A run is trained by DeepSpeed in processes of its own; checkpoints are announced, not materialised."""

import time

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.cluster import cluster_name
from pixel_assets.config import Build
from pixel_assets.metadata import picture, result_of
from pixel_assets.pipes import ProcessGroupPipes
from pixel_core.artifacts import Built, verify
from pixel_core.training import checkpoints, data, launch, runs, search

OWNERS = ["team:pixel"]


@dg.asset(
    deps=["training_mixture", "head_examples"],
    group_name="training",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=data.VERSION,
    description="The mixture and the head examples in tokens: whole conversations packed into rows of one length, with masks, labels, "
    "tokeniser, and the baselines that training has to beat.",
)
def packed_dataset(config: Build) -> dg.MaterializeResult:
    """Train and validation rows."""
    recipe, out = config.load(), paths.artifact("packed_dataset")
    mixture, examples = paths.artifact("training_mixture"), paths.artifact("head_examples")
    built = data.pack_dataset(mixture, examples, out, model=recipe.model, training=recipe.training, seed=recipe.seed, force=config.force)
    return result_of(built)


@dg.asset(
    deps=[packed_dataset],
    group_name="training",
    owners=OWNERS,
    kinds={"python", "deepspeed", "pytorch"},
    code_version=runs.VERSION,
    pool="cpu",
    description="A training run under DeepSpeed on the cluster of PIXEL_CLUSTER: checkpoints from step 0, validation losses beside "
    "their baselines, curves. An interrupted run continues from its newest valid checkpoint.",
)
def training_run(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The run of this recipe on this packed dataset."""
    began, packed = time.monotonic(), paths.artifact("packed_dataset")
    run = runs.plan_run(packed, paths.artifact("training_run"), config.load())
    skipped = not config.force and runs.reuse(run)
    if not skipped:
        arguments = ["--run", str(run.folder), "--packed", str(packed), "--cluster", cluster_name()]
        restart = ["--restart"] if config.force or not config.resume else []
        cluster = launch.load_cluster(cluster_name())
        line = launch.command(cluster, "pixel_assets.train_entry", [*arguments, *restart])
        ProcessGroupPipes().run(context=context, command=line, env=launch.environment(cluster))
    built = Built(run.folder, verify(run.folder), skipped, time.monotonic() - began)
    events = dg.MetadataValue.json(runs.read_events(run.folder))
    return result_of(built, run=run.id, curves=picture(run.folder / runs.CURVES), happened=events, **runs.read_speed(run))


@dg.asset(
    deps=[packed_dataset],
    group_name="training",
    owners=OWNERS,
    kinds={"python", "optuna", "parquet"},
    code_version=search.VERSION,
    pool="cpu",
    description="Short trials of other weights for the objectives, the recipe's own first, scored by how far each beats the baselines "
    "on held-out data. A suggestion: no run takes it by itself.",
)
def loss_weight_search(config: Build) -> dg.MaterializeResult:
    """Trials, and the best of them."""
    recipe, out = config.load(), paths.artifact("loss_weight_search")
    packed = paths.artifact("packed_dataset")
    built = search.search_weights(packed, out, model=recipe.model, training=recipe.training, seed=recipe.seed, force=config.force)
    return result_of(built, history=picture(out / search.HISTORY))


checkpoint = dg.AssetSpec(
    "checkpoint",
    deps=[training_run],
    group_name="training",
    owners=OWNERS,
    kinds={"huggingface", "safetensors"},
    code_version=checkpoints.VERSION,
    partitions_def=partitions.checkpoints,
    description="A checkpoint `<run>.<step>`: a standard Hugging Face checkpoint with Pixel's heads. Announced by the sensor "
    "`new_checkpoints`, or by `pixel run`, when its manifest is valid.",
)
