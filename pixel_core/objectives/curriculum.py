"""Curriculum: how much of the rows, from easy to hard, a step draws from, and which empathy it learns.

The stage follows the step alone (`scheduled`), or the validations (`adaptive`): a stage is left at its milestone, and a
regression leads back into the one before. All ranks see the same and move alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pixel_core.recipe.steering import CurriculumRecipe

MECHANISMS = 3  # of empathy
Event = dict[str, Any]


class Curriculum:
    """The stage of the next step; stages count from 0."""

    def __init__(self, recipe: CurriculumRecipe, steps: int) -> None:
        self._recipe, self._steps = recipe, steps
        self._last = len(recipe.shares) - 1
        self._stage = 0 if self.on else self._last
        self._best: float | None = None

    @property
    def on(self) -> bool:
        """Whether there is a curriculum at all."""
        return self._recipe.mode != "none"

    @property
    def stage(self) -> int:
        """Stage of the next step."""
        return self._stage

    @property
    def share(self) -> float:
        """Share of the rows, in curriculum order, that the next step draws from."""
        return self._recipe.shares[self._stage] if self.on else 1.0

    @property
    def empathy(self) -> int | None:
        """How many mechanisms of empathy, in their order, the next step learns; None: all. The last stage learns all."""
        if not (self.on and self._recipe.staged_empathy):
            return None
        return self._stage + 1 if self._stage < self._last else max(self._stage + 1, MECHANISMS)

    def after_step(self, step: int) -> list[Event]:
        """Take in a step; stages of equal length follow one another."""
        if self._recipe.mode != "scheduled":
            return []
        return self._move(min(self._last, step * (self._last + 1) // self._steps), step, "stage")

    def after_validation(self, step: int, score: float | None) -> list[Event]:
        """Take in a validation's score (higher is better; None: nothing was measured): on at a milestone, back at a regression."""
        if self._recipe.mode != "adaptive" or score is None:
            return []
        events: list[Event] = []
        if self._best is not None and score < self._best - self._recipe.tolerance:
            events = self._move(max(0, self._stage - 1), step, "regression", score=score, best=self._best)
            self._best = score  # the next fall counts from here
        elif self._stage < self._last and score >= self._recipe.milestones[self._stage]:
            events = self._move(self._stage + 1, step, "milestone", score=score, best=max(score, self._best or score))
        self._best = score if self._best is None else max(score, self._best)
        return events

    def state(self) -> dict[str, Any]:
        """What a resumed run needs, as JSON."""
        return {"stage": self._stage, "best": self._best}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._stage, self._best = state["stage"], state["best"]

    def _move(self, stage: int, step: int, event: str, **why: float) -> list[Event]:
        """The event of a change; a regression in the first stage is told too, though there is nothing to step back to."""
        if stage == self._stage and event != "regression":
            return []
        told = {"step": step, "event": event, "stage": stage, "from_stage": self._stage, **why}
        self._stage = stage
        return [told]
