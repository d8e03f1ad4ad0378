"""Checkpoints: written beside and renamed whole, valid only by their manifest, resumable by their engine state.

    <run>/checkpoint-<step>/
      config.json, model*.safetensors or adapter_*, tokenizer files     a standard Hugging Face checkpoint
      pixel/                                                            heads and their table, run.json
      engine/                                                           DeepSpeed state, with a manifest of its own
      manifest.json                                                     SHA-256 of all but engine/, written last

The engine state has its own manifest, so that `prune_engines` may drop it from older checkpoints, which stay valid
for evaluation and serving.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pixel_core.artifacts import ArtifactError, Figure, Manifest, Summary, finish, read_manifest, verify

logger = logging.getLogger(__name__)

KIND, ENGINE_KIND = "checkpoint", "engine_state"
VERSION = "1"
ENGINE = "engine"
_NAME = re.compile(r"checkpoint-(\d+)")


class CheckpointError(ArtifactError):
    """A folder is not a valid checkpoint, or holds no state to resume from; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A valid checkpoint: its folder, the optimiser step it stands at, its manifest."""

    folder: Path
    step: int
    manifest: Manifest

    @property
    def run(self) -> str:
        """Id of the run that wrote it."""
        return self.folder.parent.name

    @property
    def key(self) -> str:
        """Partition key `<run>.<step>`."""
        return f"{self.run}.{self.step}"


def step_of(folder: Path) -> int | None:
    """The step that the folder's name gives, or None when it is not named like a checkpoint."""
    named = _NAME.fullmatch(folder.name)
    return int(named[1]) if named else None


def checkpoint_folder(run: Path, step: int) -> Path:
    """Where the checkpoint of a step lies in a run folder."""
    return run / f"checkpoint-{step}"


def write_checkpoint(
    run: Path,
    step: int,
    *,
    inputs: Mapping[str, str],
    figures: Mapping[str, Figure],
    write_model: Callable[[Path], None],
    save_engine: Callable[[Path], None],
    writer: bool = True,
    barrier: Callable[[], None] = lambda: None,
) -> Path:
    """Write the checkpoint of a step whole or not at all; every rank calls it, over one shared file system.

    `write_model` fills a folder with everything but the engine state and is called where `writer` is true (rank 0);
    `save_engine` is called on every rank. An interrupt leaves a hidden staging folder, which the next write clears.
    """
    target = checkpoint_folder(run, step)
    staging, engine = run / f".{target.name}.staging", run / f".{target.name}.{ENGINE}"
    if writer:
        for leftover in (staging, engine):
            shutil.rmtree(leftover, ignore_errors=True)
            leftover.mkdir(parents=True)
        write_model(staging)
    barrier()
    save_engine(engine)
    barrier()
    if writer:
        finish(engine, kind=ENGINE_KIND, version=VERSION, inputs=inputs, summary=Summary(figures=figures))
        finish(staging, kind=KIND, version=VERSION, inputs=inputs, summary=Summary(figures={"step": step, **figures}))
        engine.rename(staging / ENGINE)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    barrier()
    return target


def verify_checkpoint(folder: Path, *, resumable: bool = False) -> Checkpoint:
    """The checkpoint in a folder, every file compared with its SHA-256; `resumable` also verifies the engine state.

    Raises CheckpointError naming the file that is missing or altered.
    """
    step = step_of(folder)
    if step is None:
        raise CheckpointError(f"{folder} is not named checkpoint-<step>")
    try:
        manifest = verify(folder)
        if resumable:
            verify(folder / ENGINE)
    except ArtifactError as error:
        raise CheckpointError(f"{error}; {folder.name} is not used: delete it, and training resumes from the one before") from error
    if manifest.kind != KIND or manifest.summary.figures.get("step") != step:
        raise CheckpointError(f"{folder} holds a {manifest.kind} of step {manifest.summary.figures.get('step')}: it was renamed; delete it")
    return Checkpoint(folder, step, manifest)


def list_checkpoints(run: Path, *, resumable: bool = False) -> tuple[list[Checkpoint], dict[int, str]]:
    """The valid checkpoints of a run in step order, and by step the reason why each other one is none."""
    valid: list[Checkpoint] = []
    broken: dict[int, str] = {}
    for step in _steps(run):
        try:
            valid.append(verify_checkpoint(checkpoint_folder(run, step), resumable=resumable))
        except CheckpointError as error:
            broken[step] = str(error)
    return valid, broken


def newest_resumable(run: Path) -> Checkpoint | None:
    """The newest checkpoint whose files and engine state are all valid, or None when the run has to start anew."""
    for step in reversed(_steps(run)):
        try:
            return verify_checkpoint(checkpoint_folder(run, step), resumable=True)
        except CheckpointError as error:
            logger.warning("not resumed from: %s", error)
    return None


def world_of(checkpoint: Checkpoint) -> int:
    """How many ranks wrote the engine state: it can be read by as many only."""
    return int(read_manifest(checkpoint.folder / ENGINE).summary.figures["ranks"] or 0)


def prune_engines(run: Path, keep: int = 1) -> list[Path]:
    """Drop the engine state of all but the newest `keep` checkpoints; returns the checkpoints that lost theirs.

    Checkpoints themselves are never dropped: evaluation compares them.
    """
    with_engine = [c.folder for c in list_checkpoints(run)[0] if (c.folder / ENGINE).is_dir()]
    dropped = with_engine[: max(0, len(with_engine) - keep)]
    for folder in dropped:
        shutil.rmtree(folder / ENGINE)
    return dropped


def _steps(run: Path) -> list[int]:
    return sorted(step for folder in run.glob("checkpoint-*") if (step := step_of(folder)) is not None)
