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
_UPPER = re.compile(r"\b(?:(?:less|fewer|shorter|no more|no longer|not more|not longer) than|up to|at most|within|under)\s+$", re.I)
_TOLERANCE = 0.02  # twelve months are 360 days in words and 365 in a calendar


def days_in(text: str) -> list[float]:
    """The lengths of time that a text names, in days and in its order; a month has 30 days, a year 365."""
    return [number_of(m[1]) * DAYS[m[2].lower()] for m in _TIME.finditer(text)]


def bounds_in(text: str) -> dict[str, int]:
    """The bounds in days that a text sets as `min_days` and `max_days`: `less than six months` bounds above, `two weeks` below."""
    above = [bool(_UPPER.search(text[: found.start()])) for found in _TIME.finditer(text)]
    days = [round(length) if length >= 1 else 0 for length in days_in(text)]
    shortest = min((d for d, is_upper in zip(days, above, strict=True) if d and not is_upper), default=0)
    longest = max((d for d, is_upper in zip(days, above, strict=True) if d and is_upper), default=0)
    found = {"min_days": shortest, "max_days": longest if longest > shortest else 0}
    return {name: days for name, days in found.items() if days}


def number_of(word: str) -> float:
    """A number in digits or in words; raises KeyError for another word."""
    return float(word) if word.isdigit() else WORDS[word.lower()]


def same_time(days: float, other: float) -> bool:
    """Whether two lengths of time are one, as people write them."""
    return abs(days - other) <= _TOLERANCE * max(days, other)
