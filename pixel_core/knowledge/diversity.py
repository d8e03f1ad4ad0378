"""Maximal marginal relevance: hits that answer the query and do not repeat each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pixel_core.knowledge.encoder import Vectors

Scores = npt.NDArray[np.float32]


def diversified(scores: Scores, vectors: Vectors, k: int, diversity: float) -> list[int]:
    """The positions of k candidates: each the best by (1 - diversity) x score - diversity x cosine to the nearest one chosen before.

    With diversity 0 these are the best scores in order. Equal candidates go by position.
    """
    chosen: list[int] = []
    nearest = np.full(len(scores), -np.inf, dtype=np.float32)
    left = np.ones(len(scores), dtype=bool)
    while len(chosen) < min(k, len(scores)):
        penalty = np.float32(diversity) * nearest if chosen else np.float32(0)
        gain = np.where(left, np.float32(1 - diversity) * scores - penalty, -np.inf)
        best = int(np.argmax(gain)) if chosen else int(np.argmax(scores))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen
