"""The guard of a run: at each validation every component is held to its bounds, and a second breach ends the run.

A component breaches when its validation loss is above `divergence` times its lowest of the run (it diverges), or when a
safety figure is below its bound after the first part of the run. The first breach is answered by a raised weight.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pixel_core import taxonomy
from pixel_core.model.batch import PixelBatch
from pixel_core.model.decoding import decode
from pixel_core.model.heads import find_head
from pixel_core.recipe.steering import GuardRecipe

LEAST = 1e-6  # a loss; below it rounding multiplies a loss, and no divergence
LAST = 2  # breaches of one component after which the run stops
CRISIS_RECALL, APPROPRIATENESS = "crisis_recall", "appropriateness"
SAFETY = {CRISIS_RECALL: "crisis", APPROPRIATENESS: "appropriateness"}  # figure -> head
IDEATION = taxonomy.ids("crisis").index("ideation")


class Stopped(ArithmeticError):
    """A component passed its bound twice; the message names it, the figure and the checkpoint that is kept."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A component beyond its bound at a validation: the figure, its bound, and how often the component breached so far."""

    component: str
    figure: str
    observed: float
    bound: float
    number: int


class Guard:
    """Watches the objectives named in `weights`; deterministic, so that all ranks judge alike."""

    def __init__(self, recipe: GuardRecipe, weights: Mapping[str, float], steps: int) -> None:
        self._recipe, self._steps = recipe, steps
        self._bounds = {CRISIS_RECALL: recipe.crisis_recall, APPROPRIATENESS: recipe.appropriateness}
        for figure, bound in self._bounds.items():
            if bound and SAFETY[figure] not in weights:
                raise ValueError(
                    f"training.guard.{figure} = {bound:g} watches the head {SAFETY[figure]}, which has no weight: give it one, or 0"
                )
        self._lowest: dict[str, float] = {}
        self._breaches: Counter[str] = Counter()

    def judge(self, step: int, losses: Mapping[str, float], safety: Mapping[str, float]) -> list[Breach]:
        """The breaches of a validation, at most one a component; call it once a validation, in order.

        Where losses are watched, one that is no number is a breach. Raises ValueError where a figure that has a bound was not measured:
        nothing would watch it.
        """
        if unseen := [figure for figure, bound in self._bounds.items() if bound and figure not in safety]:
            raise ValueError(
                f"training.guard.{unseen[0]} = {self._bounds[unseen[0]]:g} cannot be watched: no validation row has a label that asks for "
                f"it. Add rows to the validation split that label the head {SAFETY[unseen[0]]}, or set the bound to 0"
            )
        found: dict[str, tuple[str, float, float]] = {}
        for figure, bound in self._bounds.items():
            if bound and step > self._recipe.after * self._steps and safety[figure] < bound:
                found[SAFETY[figure]] = (figure, safety[figure], bound)
        for name, loss in losses.items():
            lowest = self._lowest.get(name, loss)
            if self._recipe.divergence is not None:
                bound = self._recipe.divergence * max(lowest, LEAST)
                if loss > bound or not math.isfinite(loss):
                    found.setdefault(name, ("validation_loss", loss, bound))
            if math.isfinite(loss):
                self._lowest[name] = min(lowest, loss)
        self._breaches.update(list(found))
        return [Breach(name, *what, self._breaches[name]) for name, what in sorted(found.items())]

    @property
    def exhausted(self) -> list[str]:
        """The components that breached for the last time."""
        return sorted(name for name, count in self._breaches.items() if count >= LAST)

    def state(self) -> dict[str, Any]:
        """What a resumed run needs, as JSON."""
        return {"lowest": dict(self._lowest), "breaches": dict(self._breaches)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._lowest, self._breaches = dict(state["lowest"]), Counter(state["breaches"])


def safety_counts(raw: Mapping[str, Tensor], batch: PixelBatch) -> dict[str, float]:
    """`<figure>/asked` and `<figure>/found` of a batch, by figure of `SAFETY`; 0 for a head that is not there. They add up over batches."""
    found: dict[str, float] = {}
    for figure, name in SAFETY.items():
        asked = torch.zeros(0, dtype=torch.bool)
        seen = asked
        if name in raw:
            target, said = batch.head_targets[name][:, 0], decode(find_head(name), raw[name]).decisions[:, 0]
            dangerous = (lambda values: values >= IDEATION) if figure == CRISIS_RECALL else (lambda values: values == 0)
            asked = dangerous(target)  # NaN, unknown, is neither
            seen = asked & dangerous(said)
        found |= {f"{figure}/asked": float(asked.sum()), f"{figure}/found": float(seen.sum())}
    return found


def safety_figures(counts: Mapping[str, float]) -> dict[str, float]:
    """Each figure that something was asked for: the share found."""
    return {figure: counts[f"{figure}/found"] / counts[f"{figure}/asked"] for figure in SAFETY if counts.get(f"{figure}/asked")}
