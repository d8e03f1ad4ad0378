"""Weighting: how much each objective counts at each step.

A strategy says a factor for every objective, from figures that are equal on all ranks, so its factors are too and nothing is
communicated. The weight of a step is the recipe's weight x the smoothed factor x the phase's priority x what crises raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pixel_core.objectives.balancing import GradientNorm, Pareto, Performance
from pixel_core.objectives.learned import Famo, Uncertainty
from pixel_core.objectives.schedules import CosineDecay, ExponentialDecay, Fixed, OneAfterAnother, Random
from pixel_core.objectives.strategy import Seen, Strategy
from pixel_core.recipe.steering import PhaseRecipe, WeightingRecipe

if TYPE_CHECKING:
    from torch import Tensor


_STRATEGIES: dict[str, Callable[[Sequence[str], WeightingRecipe, int], Strategy]] = {
    "fixed": lambda names, recipe, seed: Fixed(names),
    "cosine": lambda names, recipe, seed: CosineDecay(names),
    "exponential": lambda names, recipe, seed: ExponentialDecay(names),
    "curriculum": lambda names, recipe, seed: OneAfterAnother(names),
    "random": lambda names, recipe, seed: Random(names, seed),
    "performance": lambda names, recipe, seed: Performance(names),
    "gradient_norm": lambda names, recipe, seed: GradientNorm(names, recipe.rate),
    "pareto": lambda names, recipe, seed: Pareto(names),
    "uncertainty": lambda names, recipe, seed: Uncertainty(names, recipe.rate),
    "famo": lambda names, recipe, seed: Famo(names, recipe.rate),
}


def strategy_of(recipe: WeightingRecipe, names: Sequence[str], seed: int) -> Strategy:
    """A fresh strategy for these objectives."""
    return _STRATEGIES[recipe.strategy](names, recipe, seed)


class Weighting:
    """The weights of a run's objectives, step by step.

    `base` are the recipe's weights in the order of the objectives; only those above 0.
    """

    def __init__(self, recipe: WeightingRecipe, base: Mapping[str, float], *, steps: int, seed: int) -> None:
        strangers = sorted({name for phase in recipe.phases for name in phase.priorities} - set(base))
        if strangers:
            raise ValueError(f"training.weighting.phases names {', '.join(strangers)}: weighted objectives are {', '.join(base)}")
        self._recipe, self._base, self._steps = recipe, dict(base), steps
        self._strategy = strategy_of(recipe, tuple(base), seed)
        self._raised = dict.fromkeys(base, 1.0)
        self._factors = self._strategy.factors(Seen(0, steps))
        self._step = 0

    @property
    def needs_gramian(self) -> bool:
        """Whether the strategy looks at gradients, so that every step must observe them."""
        return self._strategy.needs_gramian

    @property
    def phase(self) -> str | None:
        """Name of the phase that the next step is in, or None outside of all phases."""
        found = phase_at(self._recipe.phases, self._step, self._steps)
        return found.name if found else None

    def weights(self) -> dict[str, float]:
        """The weights of the next step, in the order of the objectives."""
        phase = phase_at(self._recipe.phases, self._step, self._steps)
        priorities = phase.priorities if phase else {}
        return {name: weight * self._factors[name] * priorities.get(name, 1.0) * self._raised[name] for name, weight in self._base.items()}

    def after(self, step: int, losses: Mapping[str, float], gramian: Tensor | None, shares: Mapping[str, float]) -> None:
        """Take in a step that was taken with `weights()`, and settle the weights of the next one (see `Seen`)."""
        factors = {name: weight / self._base[name] for name, weight in self.weights().items()}
        fresh, momentum = self._strategy.factors(Seen(step, self._steps, losses, factors, gramian, shares)), self._recipe.momentum
        self._factors = {name: momentum * self._factors[name] + (1 - momentum) * fresh[name] for name in self._base}
        self._step = step

    def raise_weight(self, name: str, by: float) -> float:
        """Multiply the weight of an objective from the next step on; returns by how much it is raised altogether."""
        self._raised[name] *= by
        return self._raised[name]

    def state(self) -> dict[str, Any]:
        """All that changes over a run, as JSON; floats keep every bit."""
        return {"step": self._step, "factors": dict(self._factors), "raised": dict(self._raised), "strategy": self._strategy.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._step, self._factors, self._raised = state["step"], dict(state["factors"]), dict(state["raised"])
        self._strategy.restore(state["strategy"])


def phase_at(phases: Sequence[PhaseRecipe], step: int, steps: int) -> PhaseRecipe | None:
    """The phase of the step after `step`, or None after the last."""
    return next((phase for phase in phases if step < phase.until * steps), None)
