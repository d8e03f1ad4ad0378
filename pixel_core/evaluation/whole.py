"""A whole evaluation: every axis of one respondent, and the scorecard that unites them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pixel_core.artifacts import MANIFEST, Built, digest_of
from pixel_core.endpoint import Endpoint
from pixel_core.evaluation.candidate import BASE, key_of, require_checkpoint
from pixel_core.evaluation.evaluation import Settings, Told, build_answers, evaluate_axis, tasks_of
from pixel_core.evaluation.figures import AXES
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.ranking.beside import promoted_scorecard
from pixel_core.evaluation.scorecard import EvaluationError
from pixel_core.evaluation.uniting import build_scorecard
from pixel_core.recipe import Recipe


def evaluate_checkpoint(checkpoint: Path, out: Path, *, data: HeldOut, packed: Path, recipe: Recipe, force: bool = False) -> Built:
    """All axes of a checkpoint and its scorecard: `out/<axis>_evaluation/<run>.<step>` and `out/scorecard/<run>.<step>`.

    The base is evaluated before it on all axes, so that each of them is loaded once. Raises EvaluationError where the folder
    is no checkpoint, or `out` no folder.
    """
    from pixel_core.evaluation.respondents.opening import KeptLoaded

    require_checkpoint(checkpoint)
    _require_folder(out)
    tasks, opened = {axis: tasks_of(axis, data, recipe.evaluation) for axis in AXES}, KeptLoaded()
    base, built = checkpoint.parent / BASE, dict[str, Built]()
    for folder in dict.fromkeys((*([base] if (base / MANIFEST).is_file() else []), checkpoint)):
        for axis in AXES:
            built[axis] = evaluate_axis(
                axis,
                folder,
                out / f"{axis}_evaluation",
                data=data,
                packed=packed,
                recipe=recipe,
                force=force and folder == checkpoint,
                tasks=tasks[axis],
                opened=opened,
            )
    folders = {axis: one.folder for axis, one in built.items()}
    beside = promoted_scorecard(out / "promotion", out / "scorecard")
    return build_scorecard(folders, out / "scorecard" / key_of(checkpoint), promoted=beside, force=force)


def evaluate_endpoint(
    endpoint: Endpoint,
    out: Path,
    *,
    data: HeldOut,
    recipe: Recipe,
    choices: Literal["auto", "likelihood", "letter"] = "auto",
    promoted: Path | None = None,
    force: bool = False,
) -> Built:
    """All axes of a model behind an endpoint and its scorecard, as of a checkpoint: `out/<axis>_evaluation/<name>` and so on.

    It has no base of its own; `promoted` is the scorecard of a checkpoint that it is paired with, on the items that both
    answered. What it saw in training nobody knows. Its answers are kept in `out/answers`. Raises EndpointError.
    """
    from pixel_core.evaluation.respondents.endpoint import open_endpoint

    _require_folder(out)
    respondent = open_endpoint(endpoint, out / "answers", choices)
    asked = respondent.asked
    told = Told(name_of(endpoint), digest_of({**asked, "address": endpoint.base_url}), {}, asked)
    folders = {}
    for axis in AXES:
        tasks, folder = tasks_of(axis, data, recipe.evaluation), out / f"{axis}_evaluation" / told.key
        kind, settings = f"{axis}_evaluation", Settings.of(recipe)
        folders[axis] = build_answers(told, lambda: respondent, tasks, folder, base=None, settings=settings, kind=kind, force=force).folder
    return build_scorecard(folders, out / "scorecard" / told.key, promoted=promoted, force=force)


def _require_folder(out: Path) -> None:
    """Raise EvaluationError where a file stands in the way of a folder."""
    for place in (out, *out.parents):
        if place.exists() and not place.is_dir():
            raise EvaluationError(f"{out} cannot hold evaluations: {place} is a file; name a folder, or one that is not there yet")


def name_of(endpoint: Endpoint) -> str:
    """A name for a model behind an endpoint that a folder can have: the model's, and eight characters of the address's digest."""
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', endpoint.model).strip('.-')}-{digest_of(endpoint.base_url)[:8]}"
