"""Drawing from phrase banks so that every phrase is used about equally often, and never twice in one conversation."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
LONG = 8  # words from which a turn is somebody's own wording: two conversations that share one cannot be told apart by it


def _words(turn: str) -> list[str]:
    return re.findall(r"[^\W_]+", turn.lower())


class Deck:
    """Counts how often each phrase was drawn over all conversations of one writing, prefers the rarest, and knows what was said."""

    def __init__(self) -> None:
        self._drawn: defaultdict[str, list[int]] = defaultdict(list)
        self._said: set[str] = set()

    def is_new(self, turn: str) -> bool:
        """Whether no turn of this writing had just these words; short ones may be said by many."""
        words = _words(turn)
        return len(words) < LONG or " ".join(words) not in self._said

    def note(self, turn: str) -> None:
        """Remember that a turn was said."""
        self._said.add(" ".join(_words(turn)))

    def draw(self, name: str, options: Sequence[T], rng: random.Random, fits: Callable[[T], bool] = lambda option: True) -> T | None:
        """One of the options that fit, among those drawn least from the bank of this name; None when none fits.

        Whether an option fits is asked only of those that were drawn as seldom.
        """
        drawn = self._drawn[name]
        drawn += [0] * (len(options) - len(drawn))
        counts = drawn[: len(options)]
        for least in sorted(set(counts)):
            fitting = [index for index, count in enumerate(counts) if count == least and fits(options[index])]
            if fitting:
                chosen = rng.choice(fitting)
                drawn[chosen] += 1
                return options[chosen]
        return None
