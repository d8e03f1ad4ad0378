"""Runs: which recipe trains on which data under which id, and what a finished run folder holds.

training_run/<recipe>-<12 hex>/
  run.json            recipe sections, seed and packed digest: all that the run depends on
  checkpoint-<step>/  see checkpoints.py
  metrics.jsonl       one line a reported step: losses, learning rate, gradient norm, validation
  events.jsonl        phases, breaches and what answered them, one line an event
  curves.png          the same as a picture
  manifest.json       written when the run is finished
training_run/.<run>.speed.jsonl  tokens and seconds of every session; a clock stands in no artifact
training_run/latest.json         {"run": id} of the run that finished last
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pixel_core.artifacts import ArtifactError, Manifest, digest_of, input_digest, verify, write_json
from pixel_core.recipe import ModelRecipe, Recipe, TrainingRecipe

KIND = "training_run"
VERSION = "4"
RUN_FILE, BASELINES, METRICS, CURVES, LATEST = "run.json", "baselines.json", "metrics.jsonl", "curves.png", "latest.json"
EVENTS = "events.jsonl"
_OTHERS_KEYS = {"search_trials", "search_steps", "head_repeats"}  # of loss_weight_search and packed_dataset: no run depends on them


@dataclass(frozen=True, slots=True)
class Run:
    """A training run before, during and after it: its folder, and all that its weights depend on."""

    folder: Path
    recipe: str
    seed: int
    model: ModelRecipe
    training: TrainingRecipe
    packed: str

    @property
    def id(self) -> str:
        """`<recipe>-<12 hex>`, the name of its folder."""
        return self.folder.name

    @property
    def inputs(self) -> dict[str, str]:
        """The digests that its checkpoints and its manifest name."""
        keys = self.training.model_dump(mode="json", exclude=_OTHERS_KEYS)
        return {
            "packed_dataset": self.packed,
            "model": self.model.digest,
            "training": digest_of(keys),
            "seed": digest_of(self.seed),
        }

    @property
    def speed_file(self) -> Path:
        """The file of tokens and seconds, beside the folder."""
        return self.folder.parent / f".{self.id}.speed.jsonl"

    def to_json(self) -> dict[str, Any]:
        """What `run.json` holds."""
        return {
            "run": self.id,
            "recipe": self.recipe,
            "seed": self.seed,
            "model": self.model.model_dump(mode="json"),
            "training": self.training.model_dump(mode="json"),
            "packed_dataset": self.packed,
        }


def plan_run(packed: Path, runs: Path, recipe: Recipe) -> Run:
    """The run of this recipe on this packed dataset, below the folder of all runs; writes its `run.json`.

    Raises ArtifactError when the packed dataset is not valid.
    """
    draft = Run(runs / "draft", recipe.name, recipe.seed, recipe.model, recipe.training, input_digest(packed))
    run = Run(runs / f"{recipe.name}-{digest_of(draft.inputs)[:12]}", draft.recipe, draft.seed, draft.model, draft.training, draft.packed)
    run.folder.mkdir(parents=True, exist_ok=True)
    if not (run.folder / RUN_FILE).is_file():
        _replace_json(run.folder / RUN_FILE, run.to_json())
    return run


def read_run(folder: Path) -> Run:
    """The run of a folder that `plan_run` made; raises ArtifactError when its `run.json` is missing or malformed."""
    path = folder / RUN_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        model, training = ModelRecipe.model_validate(raw["model"]), TrainingRecipe.model_validate(raw["training"])
        return Run(folder, raw["recipe"], raw["seed"], model, training, raw["packed_dataset"])
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(f"{path} does not describe a run ({error}): plan it again with the recipe") from error


def finished(run: Run) -> Manifest | None:
    """The manifest of a run that has come to its end and whose files are all valid, else None."""
    try:
        manifest = verify(run.folder)
    except ArtifactError:
        return None
    same = manifest.kind == KIND and manifest.version == VERSION and dict(manifest.inputs) == run.inputs
    return manifest if same else None


def reuse(run: Run) -> bool:
    """Whether the run is finished and valid; then it becomes the latest again and needs no training."""
    if finished(run) is None:
        return False
    point_latest(run)
    return True


@contextmanager
def alone(run: Run, patience: float) -> Iterator[None]:
    """The run's folder for this process alone, waiting at most `patience` seconds for another one to leave it; raises ArtifactError."""
    lock = FileLock(run.folder.parent / f".{run.id}.lock")
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise ArtifactError(f"run {run.id} is being trained by another process: wait until it ends, or stop it and start again") from error
    try:
        yield
    finally:
        lock.release()


def restart(run: Run) -> None:
    """Remove everything that a run has written, so that it starts anew."""
    for path in sorted(run.folder.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != RUN_FILE:
            path.unlink()
    run.speed_file.unlink(missing_ok=True)


def point_latest(run: Run) -> None:
    """Make `latest.json` name this run."""
    _replace_json(run.folder.parent / LATEST, {"run": run.id})


def latest_run(runs: Path) -> str | None:
    """Id of the run that finished last, or None when none has."""
    path = runs / LATEST
    if not path.is_file():
        return None
    return str(json.loads(path.read_text(encoding="utf-8"))["run"])


def latest_folder(runs: Path) -> Path:
    """The folder of the run that finished last; raises ArtifactError when there is none."""
    run = latest_run(runs)
    if run is None:
        raise ArtifactError(f"{runs} holds no finished run: materialise training_run first")
    return runs / run


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The lines of a run's `metrics.jsonl`, in step order; a line that a cut power cord left unfinished is dropped."""
    path = folder / METRICS
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no {METRICS}: the run never started")
    return _whole_lines(path)


@dataclass(frozen=True, slots=True)
class Baselines:
    """The validation losses that training has to beat: of the unigram model, and of each head's training prior.

    `priors` names the heads that have training and validation labels; `labels` counts the labelled training turns by head.
    """

    unigram: float
    priors: Mapping[str, float]
    labels: Mapping[str, int]


def read_baselines(folder: Path) -> Baselines:
    """The baselines of a run folder."""
    path = folder / BASELINES
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no {BASELINES}: the run never started")
    return Baselines(**json.loads(path.read_text(encoding="utf-8")))


def read_events(folder: Path) -> list[dict[str, Any]]:
    """The events of a run, in step order; none where it wrote no file, as before a first step."""
    return _whole_lines(folder / EVENTS) if (folder / EVENTS).is_file() else []


def append_events(folder: Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Note events of a run, flushed at once; makes the file."""
    with (folder / EVENTS).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(event, sort_keys=True) + "\n" for event in events)


def truncate_log(folder: Path, step: int) -> None:
    """Drop what was reported after `step`, figures and events: a run that resumes there reports it again."""
    for path in (folder / METRICS, folder / EVENTS):
        if not path.is_file():
            continue
        kept = [line for line in _whole_lines(path) if line["step"] <= step]
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in kept), encoding="utf-8")
        part.replace(path)


def append_speed(run: Run, session: Mapping[str, float]) -> None:
    """Note the tokens and seconds of a session."""
    part = run.speed_file.with_suffix(".part")
    part.write_text("".join(json.dumps(one, sort_keys=True) + "\n" for one in [*_sessions(run), dict(session)]), encoding="utf-8")
    part.replace(run.speed_file)


def read_speed(run: Run) -> dict[str, float]:
    """Tokens a second and seconds over all sessions of a run; empty when none was noted."""
    sessions = _sessions(run)
    if not sessions:
        return {}
    seconds, tokens = sum(s["seconds"] for s in sessions), sum(s["tokens"] for s in sessions)
    return {"tokens_per_second": round(tokens / seconds, 1), "training_seconds": round(seconds, 1), "sessions": len(sessions)}


def _sessions(run: Run) -> list[dict[str, float]]:
    return _whole_lines(run.speed_file) if run.speed_file.is_file() else []


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSON Lines file but for a last one that a cut power cord left unfinished."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]


def _replace_json(path: Path, value: Any) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    write_json(part, value)
    part.replace(path)
