"""Conflicts: what the Gramian of a step's gradients says about the objectives, as figures for its log."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from torch import Tensor


class ConflictLog:
    """Sums what `fan_out` observes over the micro-batches of a step; a Gramian of parts of a batch is the sum of theirs."""

    def __init__(self) -> None:
        self._gramian: Tensor | None = None
        self._weights: Tensor | None = None
        self._seen = 0

    def __call__(self, gramian: Tensor, weights: Tensor) -> None:
        """Observe one backward pass."""
        gramian, weights = gramian.detach().double().cpu(), weights.detach().double().cpu()
        self._gramian = gramian if self._gramian is None else self._gramian + gramian
        self._weights = weights if self._weights is None else self._weights + weights
        self._seen += 1

    def take(self, scale: float = 1.0) -> tuple[Tensor, Tensor] | None:
        """The Gramian of the gradients divided by `scale`, and the mean merging weights, and forget them; None when nothing was seen."""
        if self._gramian is None or self._weights is None:
            return None
        found = self._gramian / scale**2, self._weights / self._seen
        self._gramian = self._weights = None
        self._seen = 0
        return found


def describe(names: Sequence[str], gramian: Tensor, weights: Tensor, *, pairs: bool) -> dict[str, float]:
    """`conflict_share` and `cosine_lowest` over all pairs with gradients; `gradient_<name>`, `merged_<name>` of each that has one.

    A pair conflicts where its cosine is negative. `gradient_` is the length of an objective's weighted gradient at the hidden
    state, `merged_` its weight in the merged one. With `pairs` every `cosine_<one>_<other>` too.
    """
    lengths = gramian.diagonal().clamp_min(0).sqrt()
    active = [index for index, length in enumerate(lengths.tolist()) if length > 0]
    cosines = {(i, j): float(gramian[i, j] / lengths[i] / lengths[j]) for i, j in combinations(active, 2)}
    found: dict[str, float] = {}
    if cosines:
        found["conflict_share"] = sum(cosine < 0 for cosine in cosines.values()) / len(cosines)
        found["cosine_lowest"] = min(cosines.values())
    for index in active:
        found[f"gradient_{names[index]}"] = float(lengths[index])
        found[f"merged_{names[index]}"] = float(weights[index])
    if pairs:
        found |= {f"cosine_{names[i]}_{names[j]}": cosine for (i, j), cosine in cosines.items()}
    return {name: float(f"{value:.5g}") for name, value in found.items()}
