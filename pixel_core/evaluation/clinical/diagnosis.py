"""Reading a diagnosis that a reply gives: names and codes as whole words, how sure it is, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORDS = re.compile(r"[a-z0-9.]+")
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)\s*(?:%|per\s?cent\b)")
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Named:
    """A class that a reply names; `sure` is the share that stands beside it, 1 where none does."""

    code: str
    sure: float


def parse_diagnosis(reply: str, classes: Mapping[str, str]) -> str | None:
    """The one class that a reply names, by name or code as whole words; None for none, for several, and for no text.

    A name within a longer name that is there too does not count twice.
    """
    words = words_of(reply)
    found = {
        code: spans for code, name in classes.items() if (spans := [*spans_of(words, words_of(name)), *spans_of(words, words_of(code))])
    }
    covered = {
        code
        for code, spans in found.items()
        if all(any(_inside(span, longer) for other, wide in found.items() if other != code for longer in wide) for span in spans)
    }
    named = set(found) - covered
    return named.pop() if len(named) == 1 else None


def parse_ranking(reply: str, classes: Mapping[str, str]) -> tuple[Named, ...]:
    """The classes that the first lines of a reply name, one a line, the likeliest first; () where the first line names not just one.

    The list ends at three, at a line that does not name just one class, and at a class that was named before.
    """
    found: list[Named] = []
    for line in [line for line in reply.splitlines() if line.strip()][:_LISTED]:
        shares = _PERCENT.findall(line.lower())
        code = parse_diagnosis(_PERCENT.sub(" ", line.lower()), classes)
        if code is None or len(shares) > 1 or any(float(share) > 100 for share in shares) or code in {one.code for one in found}:
            break
        found.append(Named(code, float(shares[0]) / 100 if shares else 1.0))
    return tuple(found)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; a dot within one stays, as in a code."""
    return [word.strip(".") for word in _WORDS.findall(text.lower()) if word.strip(".")]


def spans_of(words: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where the wanted words stand one after another; nowhere when there are none."""
    size = len(wanted)
    return [(k, k + size) for k in range(len(words) - size + 1) if size and list(words[k : k + size]) == list(wanted)]


def _inside(span: tuple[int, int], longer: tuple[int, int]) -> bool:
    return longer[0] <= span[0] and span[1] <= longer[1] and longer != span
