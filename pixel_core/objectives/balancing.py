"""Weightings that balance what is measured: validation losses, gradient lengths, the minimum-norm point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pixel_core.objectives.strategy import Seen

LEAST, MOST = 0.1, 10.0  # bounds of a factor, so that no objective is lost and none drowns the others
ASYMMETRY = 1.5  # GradNorm's alpha: how much more an objective that learns slowly is pulled


class Performance:
    """What lags gets more: a factor in proportion to the share of its baseline's loss that an objective still has on validation."""

    needs_gramian = False

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def factors(self, seen: Seen) -> dict[str, float]:
        """1 before the first validation, and for an objective that has no validation labels."""
        known = {name: seen.shares[name] for name in self._names if name in seen.shares}
        mean = sum(known.values()) / len(known) if known else 0.0
        return {name: _bounded(known[name] / mean) if name in known and mean else 1.0 for name in self._names}

    def state(self) -> dict[str, Any]:
        """Nothing: the newest validation is part of what is seen."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""


class GradientNorm:
    """GradNorm (arXiv 1711.02257) at the hidden state: gradients of one length, longer where an objective learns slowly.

    In the multiplicative form: a factor moves by `rate` of the log ratio of wanted and found length. What an objective's
    training rate is compared with is its loss at the first step that it had labels.
    """

    needs_gramian = True

    def __init__(self, names: Sequence[str], rate: float) -> None:
        self._names, self._rate = tuple(names), rate
        self._logs = dict.fromkeys(names, 0.0)
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def factors(self, seen: Seen) -> dict[str, float]:
        """Their mean is 1; an objective without a gradient keeps its share."""
        for name, loss in seen.losses.items():
            if name in self._logs and loss > 0:
                self._first.setdefault(name, loss)
                self._last[name] = loss
        lengths = seen.lengths
        active = [name for name in self._names if lengths.get(name) and name in self._first]
        if len(active) > 1:
            left = {name: self._last[name] / self._first[name] for name in active}
            mean_left = sum(left.values()) / len(left)
            mean_length = sum(lengths[name] for name in active) / len(active)
            for name in active:
                wanted = mean_length * (left[name] / mean_left) ** ASYMMETRY
                moved = self._logs[name] + self._rate * math.log(wanted / lengths[name])
                self._logs[name] = min(math.log(MOST), max(math.log(LEAST), moved))
        raw = {name: math.exp(value) for name, value in self._logs.items()}
        mean = sum(raw.values()) / len(raw)
        return {name: value / mean for name, value in raw.items()}

    def state(self) -> dict[str, Any]:
        """Log factors, and the losses that training rates are taken from."""
        return {"logs": dict(self._logs), "first": dict(self._first), "last": dict(self._last)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._logs = {name: state["logs"][name] for name in self._names}  # in their order, so that sums keep every bit
        self._first, self._last = dict(state["first"]), dict(state["last"])


class Pareto:
    """The weights of the point of least norm in the hull of the gradients (MGDA), of the step before.

    A merging method resolves the very step's conflicts; as a weighting, with momentum, it finds the lasting balance.
    """

    needs_gramian = True

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._factors = dict.fromkeys(names, 1.0)

    def factors(self, seen: Seen) -> dict[str, float]:
        """They sum to the number of objectives that had gradients; others keep their last."""
        from pixel_core.objectives.merging import weights

        lengths = seen.lengths
        active = [index for index, name in enumerate(self._names) if lengths.get(name)]
        if len(active) > 1 and seen.gramian is not None:
            # A gradient is divided by the factor that it was taken with: the hull is that of the recipe's own weights.
            own = seen.gramian[active][:, active].double()
            scale = own.new_tensor([1 / seen.factors[self._names[index]] for index in active])
            found = weights(own * scale * scale[:, None], "mgda").tolist()
            self._factors |= {self._names[index]: _bounded(value) for index, value in zip(active, found, strict=True)}
        return dict(self._factors)

    def state(self) -> dict[str, Any]:
        """The last factors."""
        return {"factors": dict(self._factors)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._factors = dict(state["factors"])


def _bounded(factor: float) -> float:
    return min(MOST, max(LEAST, factor))
