"""Weightings that are learned from the losses: homoscedastic uncertainty, and FAMO."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pixel_core.objectives.strategy import Seen

TINY = 1e-8
DECAY = 1e-3  # of FAMO's logits, as in the paper
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of FAMO's Adam


class Uncertainty:
    """One log variance s an objective, learned by gradient descent on (exp(-s) loss + s) / 2 (arXiv 1705.07115); the factor is exp(-s).

    The gradient is taken in closed form from the losses of all ranks, so it is no parameter of the model and ZeRO never
    partitions it.
    """

    needs_gramian = False

    def __init__(self, names: Sequence[str], rate: float) -> None:
        self._rate = rate
        self._variances = dict.fromkeys(names, 0.0)

    def factors(self, seen: Seen) -> dict[str, float]:
        """One gradient step on the log variances of the objectives that had labels."""
        for name, loss in seen.losses.items():
            if name in self._variances:
                self._variances[name] -= self._rate * (1 - math.exp(-self._variances[name]) * loss) / 2
        return {name: math.exp(-value) for name, value in self._variances.items()}

    def state(self) -> dict[str, Any]:
        """The log variances."""
        return {"variances": dict(self._variances)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._variances = dict(state["variances"])


class Famo:
    """FAMO (arXiv 2306.03792): every loss shall fall at the same relative rate; logits follow by Adam, weights are softmax / loss.

    Two things differ from the paper: how a step changed the losses is seen on the next batch, since a second pass over
    the same one would cost a third of a step; and the losses in the weights are those of the step before.
    """

    needs_gramian = False

    def __init__(self, names: Sequence[str], rate: float) -> None:
        self._rate, self._steps = rate, 0
        self._logits = dict.fromkeys(names, 0.0)
        self._means = dict.fromkeys(names, 0.0)
        self._squares = dict.fromkeys(names, 0.0)
        self._losses: dict[str, float] = {}

    def factors(self, seen: Seen) -> dict[str, float]:
        """They sum to the number of objectives, as the fixed ones do; 1 each until losses are known.

        A loss that rounding has brought below 0 counts as 0.
        """
        before, now = self._losses, {name: max(loss, 0.0) for name, loss in seen.losses.items() if name in self._logits}
        if before:
            self._learn({name: math.log(before[name] + TINY) - math.log(loss + TINY) for name, loss in now.items() if name in before})
        self._losses = {**before, **now}
        if not self._losses:
            return dict.fromkeys(self._logits, 1.0)
        each = {name: share / (self._losses[name] + TINY) for name, share in self._shares().items() if name in self._losses}
        total = sum(each.values())
        return {name: each[name] * len(each) / total if name in each else 1.0 for name in self._logits}

    def _shares(self) -> dict[str, float]:
        top = max(self._logits.values())
        raw = {name: math.exp(logit - top) for name, logit in self._logits.items()}
        total = sum(raw.values())
        return {name: value / total for name, value in raw.items()}

    def _learn(self, fallen: Mapping[str, float]) -> None:
        """One Adam step on the logits along the gradient of softmax(logits) . fallen."""
        shares = self._shares()
        mean = sum(shares[name] * fall for name, fall in fallen.items())
        self._steps += 1
        first, second = BETAS
        for name, share in shares.items():
            gradient = share * (fallen.get(name, 0.0) - mean) + DECAY * self._logits[name]
            self._means[name] = first * self._means[name] + (1 - first) * gradient
            self._squares[name] = second * self._squares[name] + (1 - second) * gradient**2
            length = math.sqrt(self._squares[name] / (1 - second**self._steps)) + EPSILON
            self._logits[name] -= self._rate * self._means[name] / (1 - first**self._steps) / length

    def state(self) -> dict[str, Any]:
        """Logits, Adam's moments and the last losses."""
        parts = {"logits": self._logits, "means": self._means, "squares": self._squares, "losses": self._losses}
        return {"steps": self._steps, **{name: dict(values) for name, values in parts.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._steps, self._losses = state["steps"], dict(state["losses"])
        self._logits, self._means, self._squares = (
            {name: state[part][name] for name in self._logits}
            for part in ("logits", "means", "squares")  # in their order, so that sums keep every bit
        )
