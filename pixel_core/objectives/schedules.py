"""Weightings that follow the step alone: fixed, decaying, one objective after another, random."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from pixel_core.objectives.strategy import Seen

FLOOR = 0.1  # factor at the end of a decay, and of an objective whose turn has not come
ENTRY, RAMP = 0.5, 0.1  # shares of a run: within the first all objectives enter, and each takes the second to come to its weight
LANGUAGE = "language"


class _Schedule:
    """A strategy without a memory."""

    needs_gramian = False

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def state(self) -> dict[str, Any]:
        """Nothing: the step says it all."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""


class Fixed(_Schedule):
    """The recipe's own weights."""

    def factors(self, seen: Seen) -> dict[str, float]:
        """1 each."""
        return dict.fromkeys(self._names, 1.0)


class CosineDecay(_Schedule):
    """The heads' weights fall on half a cosine from 1 to `FLOOR`; language keeps its own."""

    def factors(self, seen: Seen) -> dict[str, float]:
        """The same for every head."""
        share = FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * seen.progress)) / 2
        return {name: 1.0 if name == LANGUAGE else share for name in self._names}


class ExponentialDecay(_Schedule):
    """The heads' weights fall by the same share at every step, to `FLOOR` at the end; language keeps its own."""

    def factors(self, seen: Seen) -> dict[str, float]:
        """The same for every head."""
        return {name: 1.0 if name == LANGUAGE else FLOOR**seen.progress for name in self._names}


class OneAfterAnother(_Schedule):
    """Objectives enter in their order, language first, and each rises to its weight over a tenth of the run."""

    def factors(self, seen: Seen) -> dict[str, float]:
        """`FLOOR` before an objective's entry, 1 once it is in."""
        entries = {name: ENTRY * index / len(self._names) for index, name in enumerate(self._names)}
        risen = {name: min(1.0, max(0.0, (seen.progress - entry) / RAMP)) for name, entry in entries.items()}
        return {name: 1.0 if not entries[name] else FLOOR + (1 - FLOOR) * share for name, share in risen.items()}


class Random(_Schedule):
    """New weights at every step, a softmax of normal draws times the number of objectives (RLW, arXiv 2111.10603): a control arm."""

    def __init__(self, names: Sequence[str], seed: int) -> None:
        super().__init__(names)
        self._seed = seed

    def factors(self, seen: Seen) -> dict[str, float]:
        """Drawn from the run's seed and the step, so alike on all ranks and after a resume."""
        draw = random.Random(f"{self._seed}:weighting:{seen.step + 1}")  # noqa: S311 - a draw, not a secret
        raw = {name: math.exp(draw.gauss(0.0, 1.0)) for name in self._names}
        total = sum(raw.values())
        return {name: value * len(raw) / total for name, value in raw.items()}
