"""Times in words: `at least two weeks` as days."""

from __future__ import annotations

import re

_SPELLED = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
)
WORDS: dict[str, float] = {word: number for number, word in enumerate(_SPELLED, start=1)} | {"a": 1, "an": 1, "half": 0.5}
DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_TIME = re.compile(rf"\b(\d+|{'|'.join(WORDS)})(?: (?:an?|full|consecutive))?[ -]({'|'.join(DAYS)})s?\b", re.I)
_TOLERANCE = 0.02  # twelve months are 360 days in words and 365 in a calendar


def days_in(text: str) -> list[float]:
    """The lengths of time that a text names, in days and in its order; a month has 30 days, a year 365."""
    return [number_of(m[1]) * DAYS[m[2].lower()] for m in _TIME.finditer(text)]


def number_of(word: str) -> float:
    """A number in digits or in words; raises KeyError for another word."""
    return float(word) if word.isdigit() else WORDS[word.lower()]


def same_time(days: float, other: float) -> bool:
    """Whether two lengths of time are one, as people write them."""
    return abs(days - other) <= _TOLERANCE * max(days, other)
