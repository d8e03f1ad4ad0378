"""What a strategy of weighting is, and what it may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known after a step; step 0 knows nothing yet.

    `losses`: the step's mean losses over all ranks, of the objectives that had labels. `factors`: what the recipe's weights
    were multiplied with. `gramian`: of the weighted gradients at the hidden state, in the order of `factors`. `shares`: the
    newest validation loss of each objective over its baseline's.
    """

    step: int
    steps: int
    losses: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    gramian: Tensor | None = None
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """Share of the run that is done when the next step is."""
        return min(1.0, (self.step + 1) / self.steps)

    @property
    def lengths(self) -> dict[str, float]:
        """The length of each weighted gradient of a step; empty where none was observed."""
        if self.gramian is None:
            return {}
        return dict(zip(self.factors, self.gramian.diagonal().clamp_min(0).sqrt().tolist(), strict=True))


class Strategy(Protocol):
    """One idea of weighting. Deterministic: the same sequence of `Seen` gives the same factors."""

    needs_gramian: bool

    def factors(self, seen: Seen) -> dict[str, float]:
        """The factor of each objective for the step after `seen`; called once a step, in order."""

    def state(self) -> dict[str, Any]:
        """What a resumed run needs, as JSON."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state` gave, bit for bit."""
