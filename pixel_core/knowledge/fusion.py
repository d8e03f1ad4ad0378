"""Fusion: one score from the cosine of the vectors and from the words in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

FITTED = "fusion.json"
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much meaning (cosine) and words (lexical score) count; they add up to 1, so a fused score is at most 1.

    Of the lexical score only what exceeds `chance` counts: a query in other words than its answer still shares a few with
    passages that do not answer it, and these must not outweigh its meaning.
    """

    dense: float
    lexical: float
    chance: float = 0.0

    @classmethod
    def of(cls, lexical: float, chance: float = 0.0) -> Weights:
        """The weights with this much of the lexical score."""
        return cls(dense=round(1 - lexical, 6), lexical=lexical, chance=chance)

    def fuse(self, dense: Scores, lexical: Scores) -> Scores:
        """The fused score of each passage."""
        told = np.maximum(lexical - np.float32(self.chance), np.float32(0)) / np.float32(1 - self.chance)
        fused: Scores = (np.float32(self.dense) * dense + np.float32(self.lexical) * told).astype(np.float32)
        return fused


DENSE, LEXICAL = Weights(1.0, 0.0), Weights(0.0, 1.0)


def fitted_weights() -> Weights:
    """The weights in `fusion.json`, which also says what they were fitted on (`python -m pixel_core retrieval --fit` writes it)."""
    stored = fusion()["weights"]
    return Weights(dense=float(stored["dense"]), lexical=float(stored["lexical"]), chance=float(stored["chance"]))


def fitted_base() -> str:
    """The digest (`passages.base_digest`) of the passages that the weights were fitted on."""
    return str(fusion()["fitted"]["base_digest"])


@lru_cache(maxsize=1)
def fusion() -> Mapping[str, Any]:
    """The contents of `fusion.json`."""
    found: Mapping[str, Any] = json.loads(files("pixel_core.knowledge").joinpath(FITTED).read_text(encoding="utf-8"))
    return found
