"""A whole evaluation: every axis of one respondent, and the scorecard that unites them."""

from __future__ import annotations

from pathlib import Path

from pixel_core.artifacts import Built
from pixel_core.evaluation.beside import promoted_scorecard
from pixel_core.evaluation.evaluation import evaluate_axis, key_of
from pixel_core.evaluation.figures import AXES
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.scorecard import build_scorecard
from pixel_core.recipe import Recipe


def evaluate_checkpoint(checkpoint: Path, out: Path, *, data: HeldOut, packed: Path, recipe: Recipe, force: bool = False) -> Built:
    """All axes of a checkpoint and its scorecard: `out/<axis>_evaluation/<run>.<step>` and `out/scorecard/<run>.<step>`."""
    built = {
        axis: evaluate_axis(axis, checkpoint, out / f"{axis}_evaluation", data=data, packed=packed, recipe=recipe, force=force)
        for axis in AXES
    }
    folders = {axis: one.folder for axis, one in built.items()}
    beside = promoted_scorecard(out / "promotion", out / "scorecard")
    return build_scorecard(folders, out / "scorecard" / key_of(checkpoint), promoted=beside, force=force)
