"""Steering: what changes a run while it trains. It lives on every rank, sees the same on each, and decides the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pixel_core.artifacts import write_json
from pixel_core.objectives.curriculum import Curriculum
from pixel_core.objectives.weighting import Weighting
from pixel_core.recipe import TrainingRecipe
from pixel_core.training.guard import LAST, Guard, Stopped
from pixel_core.training.probe import ProbeWatch
from pixel_core.training.validation import Validation

if TYPE_CHECKING:
    from torch import Tensor

STATE = "steering.json"
Event = dict[str, Any]


class _Part(Protocol):
    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Steering:
    """The weights of the next step, and the events of the run.

    `baselines`: the validation loss by objective that training has to beat.
    """

    def __init__(self, training: TrainingRecipe, weights: Mapping[str, float], baselines: Mapping[str, float], seed: int) -> None:
        self._training, self._baselines = training, dict(baselines)
        self._weighting = Weighting(training.weighting, weights, steps=training.steps, seed=seed)
        self._guard = Guard(training.guard, weights, training.steps)
        self.curriculum = Curriculum(training.curriculum, training.steps)
        self._probes = ProbeWatch(training.probe)
        self._shares: dict[str, float] = {}

    @property
    def needs_gramian(self) -> bool:
        """Whether every step must observe its gradients."""
        return self._weighting.needs_gramian

    @property
    def changes_weights(self) -> bool:
        """Whether the weights are worth a line a step in the log."""
        recipe = self._training.weighting
        return recipe.strategy != "fixed" or bool(recipe.phases)

    def weights(self) -> dict[str, float]:
        """The objectives' weights of the next step."""
        return self._weighting.weights()

    def begin(self) -> list[Event]:
        """The events of a run's start."""
        return self._entered(0)

    def after_step(self, step: int, losses: Mapping[str, float], gramian: Tensor | None) -> list[Event]:
        """Take in a step: its mean losses over all ranks, and its Gramian where one was observed."""
        before = self._weighting.phase
        self._weighting.after(step, losses, gramian, self._shares)
        events = [] if self._weighting.phase == before else self._entered(step)
        return events + self.curriculum.after_step(step)

    def after_validation(self, step: int, found: Validation) -> list[Event]:
        """Take in a validation; the answer to every breach is in force at once."""
        self._shares = {name: loss / self._baselines[name] for name, loss in found.losses.items() if self._baselines.get(name)}
        events: list[Event] = []
        own = self._weighting.weights()  # turn losses have none: they are parts of their heads' objectives
        losses = {name: loss for name, loss in found.losses.items() if name in own}
        for breach in self._guard.judge(step, losses, found.safety):
            raised = self._weighting.raise_weight(breach.component, self._training.guard.raise_by)
            event = "weight_raised" if breach.number < LAST else "stopped"
            told = {"component": breach.component, "figure": breach.figure, "observed": breach.observed, "bound": breach.bound}
            events.append({"step": step, "event": event, **told, "raised": raised})
        gains = [1 - share for share in self._shares.values()]
        return events + self.curriculum.after_validation(step, sum(gains) / len(gains) if gains else None)

    def after_probe(self, step: int, figures: Mapping[str, float]) -> list[Event]:
        """Take in the figures of a probe."""
        return self._probes.judge(step, figures)

    @property
    def exhausted(self) -> bool:
        """Whether the run must stop."""
        return bool(self._guard.exhausted)

    def require_safe(self, step: int) -> None:
        """Raise Stopped when a component breached for the last time."""
        if broken := self._guard.exhausted:
            raise Stopped(
                f"{', '.join(broken)} passed a bound of training.guard for the second time by step {step}: the run is stopped and its "
                "checkpoint kept; events.jsonl names figures and bounds. Change the recipe (weights, rates, data), or the bound"
            )

    def save(self, folder: Path) -> None:
        """Write the state beside an engine's."""
        write_json(folder / STATE, {**{name: part.state() for name, part in self._parts.items()}, "shares": self._shares})

    def restore(self, folder: Path) -> None:
        """Go on from a state that `save` wrote."""
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        for name, part in self._parts.items():
            part.restore(state[name])
        self._shares = dict(state["shares"])

    @property
    def _parts(self) -> dict[str, _Part]:
        return {"weighting": self._weighting, "guard": self._guard, "curriculum": self.curriculum, "probes": self._probes}

    def _entered(self, step: int) -> list[Event]:
        phase = self._weighting.phase
        return [{"step": step, "event": "phase", "phase": phase}] if self._training.weighting.phases else []
