"""Finishing a run: its figures, its picture, its manifest, and the pointer to it."""

from __future__ import annotations

from collections import Counter

from pixel_core.artifacts import Figure, Manifest, Summary, finish
from pixel_core.training import runs
from pixel_core.training.checkpoints import CheckpointError, list_checkpoints, prune_engines
from pixel_core.training.plots import draw_curves
from pixel_core.training.runs import Run, append_events, read_baselines, read_events, read_metrics


def finish_run(run: Run) -> Manifest:
    """Close a run that has taken its last step: picture, figures, manifest last, then `latest.json`.

    Raises CheckpointError when the last step has no valid checkpoint.
    """
    valid, broken = list_checkpoints(run.folder, resumable=False)
    if not valid or valid[-1].step != run.training.steps:
        raise CheckpointError(f"run {run.id} has no valid checkpoint of step {run.training.steps}: {broken or 'none was written'}")
    prune_engines(run.folder, keep=1)
    append_events(run.folder, ())  # a run without any says so by an empty file
    draw_curves(run.folder / runs.CURVES, read_metrics(run.folder), read_baselines(run.folder))
    summary = Summary(rows=len(valid), figures=_figures(run))
    manifest = finish(run.folder, kind=runs.KIND, version=runs.VERSION, inputs=run.inputs, summary=summary)
    runs.point_latest(run)
    return manifest


def _figures(run: Run) -> dict[str, Figure]:
    """Validation losses first and last, and the baselines."""
    validations = [line for line in read_metrics(run.folder) if any(name.startswith("validation_") for name in line)]
    baselines = read_baselines(run.folder)
    figures: dict[str, Figure] = {"steps": run.training.steps, "unigram_loss": round(baselines.unigram, 6)}
    events = Counter(event["event"] for event in read_events(run.folder))
    figures |= {"events": sum(events.values()), "breaches": events["weight_raised"]}
    for name in sorted(validations[-1]):
        if name.startswith("validation_"):
            objective = name.removeprefix("validation_")
            figures[f"{objective}_loss_first"] = validations[0][name]
            figures[f"{objective}_loss"] = validations[-1][name]
            if objective in baselines.priors:
                figures[f"{objective}_prior_loss"] = round(baselines.priors[objective], 6)
        elif name.startswith("safety_"):
            figures[name] = validations[-1][name]
        elif name.startswith("calibrated_"):
            figures[f"{name.removeprefix('calibrated_')}_calibrated_loss"] = validations[-1][name]
    return figures
