"""Who is evaluated: a checkpoint folder of a run, its key, and whether it has not seen what it is asked."""

from __future__ import annotations

from pathlib import Path

from pixel_core.artifacts import MANIFEST, Manifest, read_manifest, verify
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.scorecard import EvaluationError

BASE = "checkpoint-0"
_WANTED = "give a folder <run>/checkpoint-<step> with its manifest"


def key_of(checkpoint: Path) -> str:
    """The partition key of a checkpoint folder `<run>/checkpoint-<step>`: `<run>.<step>`."""
    return f"{checkpoint.parent.name}.{checkpoint.name.removeprefix('checkpoint-')}"


def checkpoint_manifest(folder: Path) -> Manifest:
    """The manifest of a checkpoint, every file compared with it; raises ArtifactError or EvaluationError."""
    manifest = verify(folder)
    _require_kind(folder, manifest)
    return manifest


def require_held_out(checkpoint: Path, packed: Path, data: HeldOut) -> None:
    """Raise EvaluationError unless the checkpoint was trained on the packed dataset that was made of just this data."""
    trained, made = read_manifest(checkpoint).inputs.get("packed_dataset"), read_manifest(packed)
    if trained != made.digest:
        raise EvaluationError(
            f"{key_of(checkpoint)} was trained on another packed dataset than {packed} holds now: what it has not seen is unknown. "
            "Train a run on the present data, or bring back the data that it was trained on"
        )
    for name, folder in (("training_mixture", data.mixture), ("head_examples", data.head_examples)):
        if made.inputs.get(name) != verify(folder).digest:
            raise EvaluationError(f"{packed} was packed from another {name} than {folder} holds now: materialise packed_dataset again")


def require_checkpoint(folder: Path) -> None:
    """Raise EvaluationError for what is plainly something else; what its manifest lists is looked at later."""
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is {'a file' if folder.exists() else 'not there'}, no checkpoint: {_WANTED}")
    if not (folder / MANIFEST).is_file():
        raise EvaluationError(f"{folder} holds no {MANIFEST}: it is no checkpoint, or one that was never finished; {_WANTED}")
    _require_kind(folder, read_manifest(folder))


def _require_kind(folder: Path, manifest: Manifest) -> None:
    if manifest.kind != "checkpoint":
        raise EvaluationError(f"{folder} holds a {manifest.kind}, no checkpoint: {_WANTED}")
