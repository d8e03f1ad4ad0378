"""Fillers: words around a client's answer that say nothing of the matter, each only where it joins what was asked and what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from pixel_core.writing.cues import cue_of, lowered
from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import text_of

Filler = str | Mapping[str, Any]
"""A line of a bank; as a mapping it tells what must be held by the therapist's last sentence (`asked`), by all of their turn
(`heard`), or by the answer it stands with (`own`)."""

_NEAR = 3  # sentences at the end of a turn, one of which asks where the turn does
_LAST = re.compile(r"(?<=[.!?]) (?=[A-Z\"'])|(?<=[.!?][\"']) (?=[A-Z\"'])")
_STEPS = frozenset({"skill", "attended", "attended_hesitant", "urgent", "planned", "safety_told", "risk"})
_TOLD = frozenset(
    {"voices", "course", "impact", "support", "attachment", "tried", "strength", "trait", "screen", "mild_since", "mild_works"}
    | {"event", "event_hesitant", "links", "links_hesitant", "memory", "thought", "thought_hesitant", "told"}
)
_LIGHT = frozenset({"strength", "trait", "screen", "tried", "support", "attachment", "course", "mild_since", "mild_works"})


def joins(before: str, text: str) -> Callable[[Filler], bool]:
    """Whether a filler suits an answer of this text to a therapist's turn `before`; none says the word that the text begins with."""
    holds, first = _holding(before, text), _first_word(text)
    return lambda line: _first_word(text_of(line)) != first and holds(line)


def _holding(before: str, text: str) -> Callable[[Filler], bool]:
    asked = last_sentence(before)
    sides = {"asked": (asked, lowered(asked)), "heard": (before, lowered(before)), "own": (text, lowered(text))}
    held: dict[str, bool] = {}  # many lines share a pattern

    def holds(line: Filler) -> bool:
        if isinstance(line, str):
            return True
        for side, said in sides.items():
            if pattern := line.get(side):
                if pattern not in held:
                    held[pattern] = cue_of(pattern).holds(*said)
                if not held[pattern]:
                    return False
        return True

    return holds


def forewords(before: str) -> tuple[str, list[Filler]]:
    """The bank of words before an answer to this turn, by name and lines: a question is thought over, a statement taken in."""
    name = "asked" if any("?" in sentence for sentence in _LAST.split(before.strip())[-_NEAR:]) else "told"
    return f"foreword:{name}", bank("client")["foreword"][name]


def afterwords(kind: str) -> tuple[str, list[Filler]]:
    """The bank of words after an answer of this kind, by name and lines."""
    name = {"no_risk": "sure", "agenda": "agenda"}.get(kind, "found")
    if kind in _TOLD:
        name = "light" if kind in _LIGHT else "told"
    elif kind in _STEPS or kind.endswith("_step"):
        name = "step"
    return f"afterword:{name}", bank("client")["afterword"][name]


def last_sentence(turn: str) -> str:
    """The sentence that a turn ends with: what an answer answers."""
    return _LAST.split(turn.strip())[-1]


def unfit_fillers(before: str, text: str) -> Iterator[str]:
    """The fillers with which an answer to a turn begins although they do not suit both."""
    for said, lines in _conditional().items():
        if text.startswith(said + " ") and not any(map(_holding(before, text[len(said) + 1 :]), lines)):
            yield said


@cache
def _conditional() -> Mapping[str, tuple[Filler, ...]]:
    """The fillers that do not suit every answer, by what they say."""
    client = bank("client")
    lines = (*client["lead"], *client["yielding"], *(line for lines in client["foreword"].values() for line in lines))
    found: dict[str, tuple[Filler, ...]] = {}
    for line in lines:
        found[text_of(line)] = (*found.get(text_of(line), ()), line)
    return {said: same for said, same in found.items() if not any(isinstance(line, str) for line in same)}


@lru_cache(maxsize=4096)
def _first_word(text: str) -> str:
    found = re.search(r"[\w']+", text)
    return found[0].lower() if found else ""
