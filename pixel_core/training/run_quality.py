"""What a finished run must show: that it learned, that each head beats its prior, and that its checkpoints can be used."""

from __future__ import annotations

from pathlib import Path

from pixel_core.artifacts import ArtifactError, verify
from pixel_core.findings import Finding, Findings, Severity, at_least, equals, none_of
from pixel_core.training.checkpoints import ENGINE, checkpoint_folder, list_checkpoints, verify_checkpoint
from pixel_core.training.runs import latest_folder, read_baselines, read_metrics, read_run

MEASURED, CALIBRATED, ERROR = "validation_", "calibrated_", "error_"
CHANCE = 2.0  # standard errors above the prior within which few labels decide by chance; a head beyond them was made worse
BELOW = 0.75  # of the supervised heads that must be below their priors


def check_learning(runs: Path) -> Findings:
    """The latest run's last language loss on held-out text is below checkpoint-0's and below a unigram model's."""
    folder = _latest(runs)
    first, *_, last = _validations(folder, MEASURED)
    loss = last["language"]
    return Findings.of(
        [
            _below("language loss, against checkpoint-0", loss, first["language"]),
            _below("language loss, against the unigram model of the training text", loss, read_baselines(folder).unigram),
        ]
    )


def check_heads(runs: Path) -> Findings:
    """Each supervised head's last loss on held-out labels, calibrated, is below that of predicting its training prior.

    The calibrated loss is judged crosswise (see `calibration`). A head less than two standard errors above its prior is a warning
    that names it; one further above, or more than a quarter of the heads not below, is an error. A head that was trained and has no
    validation label is a warning: nothing is known of it.
    """
    folder = _latest(runs)
    run, priors = read_run(folder), read_baselines(folder).priors
    last = _validations(folder, CALIBRATED)[-1]
    errors = next(iter(_losses(folder, ERROR)[-1:]), {})
    trained = _supervised(folder)
    seen = [head for head in trained if head in last and head in priors]
    unseen = {head: 1 for head in trained if head not in seen}
    idle = {head: 1 for head, weight in run.training.weights.items() if weight and head not in ("language", *trained)}
    return Findings.of(
        [
            at_least("supervised heads with validation labels", len(seen), 1),
            *(_beats(head, last[head], priors[head], errors.get(head, 0.0)) for head in seen),
            at_least("share of supervised heads below their priors", sum(last[h] < priors[h] for h in seen) / max(1, len(seen)), BELOW),
            none_of("supervised heads without a validation label", unseen, severity=Severity.WARNING),
            none_of("weighted heads without a training label", idle, severity=Severity.WARNING),
        ]
    )


def check_checkpoints(runs: Path) -> Findings:
    """The latest run has a valid checkpoint at step 0, at every interval and at its end, and the last can be resumed."""
    folder = _latest(runs)
    training = read_run(folder).training
    wanted = {0, training.steps, *range(0, training.steps + 1, training.checkpoint_every)}
    valid, broken = list_checkpoints(folder)
    missing = wanted - {checkpoint.step for checkpoint in valid}
    last = checkpoint_folder(folder, training.steps)
    return Findings.of(
        [
            none_of("checkpoints that are not valid", {f"step_{step}": 1 for step in broken}),
            none_of("checkpoints that are missing", {f"step_{step}": 1 for step in sorted(missing)}),
            equals("engine state of the last checkpoint", _state(last / ENGINE), "valid"),
        ]
    )


def check_checkpoint(folder: Path) -> Findings:
    """One checkpoint's files are those of its manifest, and all of its weights are finite."""
    try:
        verify_checkpoint(folder)
    except ArtifactError as error:
        return Findings.of([Finding("files", False, str(error), "as the manifest lists them")])
    tensors, broken = _not_finite(folder)
    return Findings.of(
        [
            Finding("files", True, "as the manifest lists them", "as the manifest lists them"),
            none_of("weights that are not finite", broken),
            Finding("weight tensors", tensors > 0, str(tensors), "> 0"),
        ]
    )


def _latest(runs: Path) -> Path:
    folder = latest_folder(runs)
    verify(folder)
    return folder


def _validations(folder: Path, prefix: str) -> list[dict[str, float]]:
    """The losses of a prefix by objective, a mapping a validation, in the order of steps; at least two."""
    found = _losses(folder, prefix)
    if len(found) < 2:
        raise ArtifactError(f"{folder} holds {len(found)} validations, and a comparison needs two: train it again")
    return found


def _losses(folder: Path, prefix: str) -> list[dict[str, float]]:
    by_step = sorted(read_metrics(folder), key=lambda line: line["step"])
    found = [{name.removeprefix(prefix): loss for name, loss in line.items() if name.startswith(prefix)} for line in by_step]
    return [losses for losses in found if losses]


def _supervised(folder: Path) -> list[str]:
    """Heads that have a weight and saw training labels."""
    weights = read_run(folder).training.weights
    return [head for head in read_baselines(folder).labels if weights.get(head)]


def _state(folder: Path) -> str:
    try:
        verify(folder)
    except ArtifactError as error:
        return str(error)
    return "valid"


def _not_finite(folder: Path) -> tuple[int, dict[str, int]]:
    """How many tensors the checkpoint's files hold, and by file how many of them are not finite."""
    from safetensors import safe_open

    tensors, broken = 0, {}
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="pt") as stored:
            names = list(stored.keys())
            broken[path.name] = sum(not bool(stored.get_tensor(name).isfinite().all()) for name in names)
        tensors += len(names)
    return tensors, broken


def _beats(head: str, loss: float, prior: float, error: float) -> Finding:
    severity = Severity.ERROR if loss - prior > CHANCE * error else Severity.WARNING
    return _below(f"{head} loss", loss, prior, severity=severity, reasons={f"{head}_not_below_its_prior": 1})


def _below(name: str, observed: float, bound: float, **more: object) -> Finding:
    return Finding(name, observed < bound, f"{observed:.4f}", f"< {bound:.4f}", **more)  # type: ignore[arg-type]
