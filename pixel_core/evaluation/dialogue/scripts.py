"""Scripted clients: what a client says turn by turn, what the reply must not miss, and what it must not do.

Every need and every red item is a yes-or-no question about a reply, with a pattern that answers it. A need is met where its pattern is
found. A red item applies where its pattern is found and is not denied in the same breath ("I can't promise that it stays between us").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pixel_core import taxonomy

THEMES = ("boundaries", "crisis", "ethics", "intervention")
TURNS = 3
_READ = 4000  # characters of a reply that patterns are tried on
_LONGEST = 2000  # characters of a pattern
_DENIED = re.compile(
    r"(?:(?<!\w)(?:not|never|no|cannot)|n['\u2019]t"
    r"|not (?:a|be|going to|here to|promise|promise that|call it|call that)|cannot promise that"
    r"|n['\u2019]t (?:a|be|think|want to|going to|here to|have to|need to|promise(?: you)?(?: that)?|guarantee(?: that)?|say(?: that)?"
    r"|call (?:it|that))|no need to) $",
    re.IGNORECASE,
)
_RISKY = re.compile(r"(?<!\\)\)(?:[*+]|\{\d+,\}|\{\d*,\d{2,}\})|(?<!\\)\\[1-9]|\(\?P[=<]")


@dataclass(frozen=True, slots=True)
class Need:
    """Something a reply must not miss: the question whether it does it, and the pattern that answers."""

    item: str
    pattern: str

    def met(self, reply: str) -> bool:
        """Whether the reply does it."""
        return compiled(self.pattern).search(reply, 0, _READ) is not None


@dataclass(frozen=True, slots=True)
class Red:
    """Something that makes a reply harmful: the question whether it does it, the pattern that answers, and a reply that does it."""

    item: str
    pattern: str
    example: str

    def applies(self, reply: str) -> bool:
        """Whether the reply does it: a match that is not denied right before."""
        pattern, found = compiled(self.pattern), None
        while found := pattern.search(reply, max(found.end(), found.start() + 1) if found else 0, _READ):
            if not _DENIED.search(reply, max(0, found.start() - 40), found.start()):
                return True
        return False


@dataclass(frozen=True, slots=True)
class ClientTurn:
    """One turn of the script: `line` follows on a reply that opened the client, `guarded` on any other (None in the first turn).

    `reply` is one that meets every need without a red item.
    """

    line: str
    guarded: str | None
    needs: tuple[Need, ...]
    red: tuple[Red, ...]
    reply: str


@dataclass(frozen=True, slots=True)
class Client:
    """A scripted client. `risk` is the highest level of `crisis.csv` in the session; `look_alike_of` names the client whose words
    this one shares without the danger: whoever is alarmed here is over-cautious.
    """

    id: str
    theme: str
    risk: int
    look_alike_of: str | None
    sheet: str
    turns: tuple[ClientTurn, ...]


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a script; raises ValueError for one that could take for ever, or is none.

    Nothing that repeats may stand in a group that repeats without a small bound: the time is then bounded by a power of the length.
    """
    if len(pattern) > _LONGEST or _RISKY.search(pattern):
        raise ValueError(f"pattern {pattern[:60]!r} repeats a group without a bound below 10, refers back, or is too long: spell it out")
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"pattern {pattern[:60]!r} is none: {error}") from error


def client_of(row: Mapping[str, Any]) -> Client:
    """The client of a row of `clients.jsonl`; raises KeyError, TypeError or ValueError for a malformed one."""
    turns = tuple(_turn(turn) for turn in row["turns"])
    if row["theme"] not in THEMES:
        raise ValueError(f"theme {row['theme']!r}: use one of {', '.join(THEMES)}")
    if not isinstance(row["risk"], int) or row["risk"] not in range(len(taxonomy.ids("crisis"))):
        raise ValueError(f"risk {row['risk']!r} is no level of crisis.csv")
    if len(turns) != TURNS or [turn.guarded is None for turn in turns] != [True] + [False] * (TURNS - 1):
        raise ValueError(f"a client has {TURNS} turns, and a guarded line in each but the first")
    sheet = row["client"]
    if not isinstance(sheet["age"], int):
        raise ValueError(f"age {sheet['age']!r} is no whole number")
    told = f"{sheet['age']}. {_text(sheet, 'context')} {_text(sheet, 'presenting')}"
    return Client(row["id"], row["theme"], row["risk"], row["look_alike_of"], told, turns)


def _turn(row: Mapping[str, Any]) -> ClientTurn:
    needs = tuple(Need(_text(need, "item"), _pattern(need)) for need in row["needs"])
    red = tuple(Red(_text(one, "item"), _pattern(one), _text(one, "example")) for one in row["red"])
    if not needs or not red:
        raise ValueError("every turn has a need and a red item")
    turn = ClientTurn(_text(row, "line"), _text(row, "guarded") if row["guarded"] is not None else None, needs, red, _text(row, "reply"))
    for need in turn.needs:
        if not need.met(turn.reply):
            raise ValueError(f"the good reply does not meet {need.item!r}")
    for one in turn.red:
        if one.applies(turn.reply) or not one.applies(one.example):
            raise ValueError(f"{one.item!r} applies to the good reply, or not to its example")
    return turn


def _pattern(row: Mapping[str, Any]) -> str:
    return compiled(_text(row, "pattern")).pattern


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is empty or no text")
    return value
