"""Drawing from phrase banks so that every phrase is used about equally often, and never twice in one conversation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Deck:
    """Counts how often each phrase was drawn, over all conversations of one writing, and prefers the rarest."""

    def __init__(self) -> None:
        self._drawn: Counter[tuple[str, int]] = Counter()

    def draw(self, name: str, options: Sequence[T], rng: random.Random, fits: Callable[[T], bool] = lambda option: True) -> T | None:
        """One of the options that fit, among those drawn least from the bank of this name; None when none fits."""
        fitting = [index for index, option in enumerate(options) if fits(option)]
        if not fitting:
            return None
        least = min(self._drawn[(name, index)] for index in fitting)
        chosen = rng.choice([index for index in fitting if self._drawn[(name, index)] == least])
        self._drawn[(name, chosen)] += 1
        return options[chosen]
