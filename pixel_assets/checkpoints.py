"""Announcing checkpoints: from valid folders to partitions and materialisations of the external asset `checkpoint`.

One function, for the sensor and for `pixel run`, which has no daemon.
"""

import logging
from pathlib import Path

import dagster as dg

from pixel_assets import paths
from pixel_assets.metadata import describe
from pixel_assets.partitions import checkpoints
from pixel_core.artifacts import MANIFEST, ArtifactError, read_manifest
from pixel_core.training import runs
from pixel_core.training.checkpoints import Checkpoint, checkpoint_folder, step_of, verify_checkpoint

ASSET = dg.AssetKey("checkpoint")
DATA_VERSION = "dagster/data_version"
_PARTITIONS = str(checkpoints.name)
logger = logging.getLogger("pixel_core.training.checkpoints")  # Dagster captures the loggers of pixel_core


def latest_run() -> str | None:
    """Id of the training run that finished last, or None."""
    return runs.latest_run(paths.artifact("training_run"))


def checkpoint_of(key: str) -> Path:
    """The folder of the checkpoint partition `<run>.<step>`; raises ValueError for a key of another form."""
    run, _, step = key.rpartition(".")
    if not run or not step.isdecimal():
        raise ValueError(f"{key!r} is no checkpoint partition: they are named <run>.<step>")
    return checkpoint_folder(paths.artifact("training_run", run), int(step))


def announce_checkpoints(instance: dg.DagsterInstance) -> list[str]:
    """Announce every valid checkpoint of every run that is new or was written anew; returns their partition keys.

    A key `<run>.<step>` becomes a partition, and a materialisation with the manifest's digest as data version is
    reported once a digest. A broken checkpoint is logged and left out; the others are announced.
    """
    announced = []
    for folder in _folders():
        key = f"{folder.parent.name}.{step_of(folder)}"
        try:
            if _reported(instance, key) == read_manifest(folder).digest:
                continue  # nothing is hashed again; the asset's own check does that
            checkpoint = verify_checkpoint(folder)
        except ArtifactError as error:
            logger.warning("checkpoint %s is not announced: %s", key, error)
            continue
        _report(instance, checkpoint)
        announced.append(key)
    return announced


def _folders() -> list[Path]:
    """Folders of finished checkpoints in run and step order; one without a manifest is still being written, or is none."""
    found = [p for p in paths.artifact("training_run").glob("*/checkpoint-*") if step_of(p) is not None and (p / MANIFEST).is_file()]
    return sorted(found, key=lambda p: (p.parent.name, step_of(p)))


def _reported(instance: dg.DagsterInstance, key: str) -> str | None:
    if not instance.has_dynamic_partition(_PARTITIONS, key):
        return None
    records = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=ASSET, asset_partitions=[key]), limit=1).records
    event = records[0].asset_materialization if records else None
    return (event.tags or {}).get(DATA_VERSION) if event else None


def _report(instance: dg.DagsterInstance, checkpoint: Checkpoint) -> None:
    instance.add_dynamic_partitions(_PARTITIONS, [checkpoint.key])
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            asset_key=ASSET,
            partition=checkpoint.key,
            metadata={"run": checkpoint.run, **describe(checkpoint.folder, checkpoint.manifest)},
            tags={DATA_VERSION: checkpoint.manifest.digest},
        )
    )
