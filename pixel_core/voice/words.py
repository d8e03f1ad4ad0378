"""Words of speech, and how many of them a recogniser got wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation; apostrophes within a word stay and are straight."""
    return [word.replace("\u2019", "'") for word in _WORD.findall(unicodedata.normalize("NFC", text).lower())]


def word_errors(heard: Sequence[str], said: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that make `said` from `heard`."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(heard, start=1):
        diagonal, row[0] = row[0], i
        for j, expected in enumerate(said, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != expected))
    return row[-1]


def word_error_rate(heard: dict[str, str], said: dict[str, str]) -> float:
    """Word errors over words said, all recordings together; a recording that was not heard counts all its words.

    Raises ValueError when nothing was said.
    """
    spoken = {key: words_of(text) for key, text in said.items()}
    total = sum(map(len, spoken.values()))
    if not total:
        raise ValueError("a word error rate needs a reference with at least one word")
    return sum(word_errors(words_of(heard.get(key, "")), words) for key, words in spoken.items()) / total
