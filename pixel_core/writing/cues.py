"""Cues: patterns looked for in very many sentences, most of which lack a word that every match holds and are told by that alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

T = TypeVar("T")
_SHORTEST = 2  # letters of a word that is worth looking for
_OPTIONAL = re.compile(r"[?*]|\{0?[,}]")  # a quantifier under which a match may lack what it follows
_QUANTIFIER = re.compile(r"(?:[?*+]|\{\d*,?\d*\})[?+]?")
_LOOK = re.compile(r"\?<?[=!]")
_FLAGS = re.compile(r"\?[ims]+\)")
_GROUP = re.compile(r"\?:|(?!\?)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_NO_WIDTH, _KINDS = "bBAZ", "wWdDsS"
Row = tuple["str | Asked", ...]
"""What one alternative of a pattern asks for, each of it: a word, or a choice of several rows."""
Asked = tuple[Row, ...]
"""What a pattern asks for: one of these rows; a row without anything is always met."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A pattern, and words in lower case one of which stands in whatever it matches; without words it is always tried.

    `asked` holds all that it asks for: a pattern that looks back and ahead a good deal costs a hundred times as much to try.
    """

    pattern: re.Pattern[str]
    words: tuple[str, ...]
    asked: Asked

    @classmethod
    def of(cls, pattern: re.Pattern[str]) -> Cue:
        """The cue with the words that its pattern asks for; raises ValueError for a pattern that `asked_by` does not read."""
        if pattern.flags & re.VERBOSE:
            raise ValueError(f"{pattern.pattern!r}: patterns in verbose mode are not read here")
        asked = asked_by(pattern.pattern)
        return cls(pattern, tuple(sorted(_one_of(asked) or ())), asked)

    def holds(self, text: str, lower: str | None) -> bool:
        """Whether the pattern is found in the text; `lower` as `lowered` gives it, once for all the cues of a text."""
        if lower is None or not self.words:
            return self.pattern.search(text) is not None
        for word in self.words:  # a loop, since nothing is asked more often: `any` takes twice as long
            if word in lower:
                return _is_met(self.asked, lower) and self.pattern.search(text) is not None
        return False


@cache
def cue_of(pattern: str) -> Cue:
    """The cue of a bank's pattern, which looks past upper and lower case; compiled once."""
    return Cue.of(re.compile(pattern, re.I))


def lowered(text: str) -> str | None:
    """The text in lower case; None beyond ASCII, where ignoring case means more than that."""
    return text.lower() if text.isascii() else None


def all_held(text: str, cues: Iterable[tuple[T, Cue]]) -> list[T]:
    """What stands with the cues that a text holds, however its apostrophes are written."""
    plain = text.replace("\u2019", "'")
    lower = lowered(plain)
    return [meant for meant, cue in cues if cue.holds(plain, lower)]


def first_held(text: str, cues: Iterable[tuple[T, Cue]]) -> T | None:
    """What stands with the first cue that a text holds, however its apostrophes are written; None when it holds none."""
    plain = text.replace("\u2019", "'")
    lower = lowered(plain)
    return next((meant for meant, cue in cues if cue.holds(plain, lower)), None)


def asked_by(pattern: str) -> Asked:
    """The words, in lower case, that stand in every text which the pattern matches.

    Raises ValueError for what it does not read: groups with names, conditions or flags of their own, and escaped letters that
    stand for one character.
    """
    asked, end = _any_of(pattern, 0)
    if end != len(pattern):
        raise ValueError(f"{pattern!r} cannot be read beyond its character {end}")
    return asked


def _is_met(asked: Asked, lower: str) -> bool:
    return any(all(part in lower if isinstance(part, str) else _is_met(part, lower) for part in row) for row in asked)


def _one_of(asked: Asked) -> frozenset[str] | None:
    """Words one of which stands wherever this is met, of each row those whose shortest is the longest; None when there are none."""
    best = [_best(row) for row in asked]
    return None if None in best else frozenset[str]().union(*(words for words in best if words))


def _best(row: Row) -> frozenset[str] | None:
    found = [frozenset({part}) if isinstance(part, str) else _one_of(part) for part in row]
    return max((words for words in found if words), key=lambda words: (min(map(len, words)), -len(words)), default=None)


def _any_of(pattern: str, at: int) -> tuple[Asked, int]:
    """What the alternatives from here on ask for, and where they end: at a closing parenthesis or the end."""
    rows: list[Row] = []
    while True:
        row, at = _branch(pattern, at)
        rows.append(row)
        if at >= len(pattern) or pattern[at] == ")":
            return tuple(rows), at
        at += 1


def _branch(pattern: str, at: int) -> tuple[Row, int]:
    """What one alternative asks for, and where it ends."""
    row: list[str | Asked] = []
    run = ""
    while at < len(pattern) and pattern[at] not in "|)":
        text, asked, at = _atom(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, at)
        at = quantifier.end() if quantifier else at
        needed = quantifier is None or _OPTIONAL.match(quantifier[0]) is None
        run += text if text and needed else ""
        if quantifier or text is None:
            row.append(run)
            run = ""
        if asked and needed:
            row.append(asked)
    row.append(run)
    return tuple(part for part in row if (len(part) >= _SHORTEST if isinstance(part, str) else () not in part)), at


def _atom(pattern: str, at: int) -> tuple[str | None, Asked | None, int]:
    """One element: the letter that it is ("" without width, None when it may be several things), what it asks for, its end."""
    sign = pattern[at]
    if sign == "\\":
        escaped = pattern[at + 1]
        if escaped.isalnum() and escaped not in _NO_WIDTH + _KINDS:
            raise ValueError(f"{pattern!r}: the escape \\{escaped} is not read here")
        return ("" if escaped in _NO_WIDTH else None if escaped in _KINDS else escaped), None, at + 2
    if sign == "[":
        found = _CLASS.match(pattern, at)
        return None, None, found.end() if found else len(pattern)
    if sign == "(":
        if flags := _FLAGS.match(pattern, at + 1):
            return "", None, flags.end()
        looks = _LOOK.match(pattern, at + 1)
        opening = looks or _GROUP.match(pattern, at + 1)
        if opening is None:
            raise ValueError(f"{pattern!r}: the group at character {at} is not read here")
        asked, end = _any_of(pattern, opening.end())
        return ("" if looks else None), (None if looks else asked), end + 1
    if sign in "^$.":
        return ("" if sign != "." else None), None, at + 1
    return sign.lower(), None, at + 1
