"""Criteria as a tree: which signs a criterion asks for, how many of them, and whether a person's signs meet it.

A criterion has items, of which at least `min_count` are needed, and groups: further demands on some of the items (`at least one
of the first two`), all of which hold unless `min_groups` says how many do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pixel_core.knowledge.durations import DAYS, WORDS, number_of

Kind = Literal["symptoms", "context", "duration", "frequency", "onset", "age", "impairment", "exclusion", "associated"]
KINDS: tuple[Kind, ...] = ("symptoms", "context", "duration", "frequency", "onset", "age", "impairment", "exclusion", "associated")
_ANNOUNCED: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))  # type: ignore[misc]
    for kind, pattern in (
        ("impairment", r"distress|impair|interfere|in the way|disturb work|disturbs? |suffer|limits? |reduce|restricts"),
        ("age", r"years old|at least eighteen|developmental age|at least age|\bage \d+ (years )?or (older|more)"),
        ("onset", r"\bbeg[ai]ns?\b|\bonset\b|(before|prior to) (the )?age|present (before|prior to)"),
        (
            "exclusion",
            r"\bnot (due|better|the effect|explained|confined|limited|attribut)|does not (explain|occur)|do not explain|never|ruled out"
            r"|\bcannot be (explained|attributed)|\bcriteria (are|have) not\b"
            r"|\baccounts? for\b|\bnot merely a worsening|\bneither .{1,40} nor .{1,40} (causes?|has ever)",
        ),
        ("associated", r"\bnot required\b|\boften (also|goes?|follows?|found|affected)\b|\bfrequently found\b"),
        ("frequency", r"times a (week|month)|nights a week|on average|(once|twice) a (week|month)"),
        ("duration", r"\blast(s|ed)?\b|\bpersist(s|ed)?\b|\bduration\b|months|weeks or more|years or more"),
    )
)
_NUMBER = rf"(\d+|{'|'.join(w for w in WORDS if w not in ('a', 'an', 'half'))})"
_UNITS = "|".join([*DAYS, "time", "night"])
_LENGTH = rf"[ -](?:(?:consecutive|calendar|full) )?(?:{_UNITS})"
_THRESHOLD = re.compile(
    rf"\bat least {_NUMBER}\b(?!{_LENGTH})|\b{_NUMBER} \(?or more\)?(?= of\b| \(of\b| \(?[a-z]+\)? ?of\b|$|\.)"
    rf"|\b{_NUMBER} of (?:the following|these|(?:the )?{_NUMBER})\b|\b(?P<one>either|one (?:and/or|\(?or) both\)?) of\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Group:
    """A demand on some of the items: at least `at_least` of those whose ids stand in `of`."""

    id: str
    at_least: int
    of: frozenset[str]

    def met(self, present: Collection[str]) -> bool:
        """Whether enough of its items are present."""
        return sum(1 for item in self.of if item in present) >= self.at_least


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a disorder; `at_least` is 0 where it is judged by its text alone, or is not required."""

    id: str
    kind: str
    at_least: int
    items: tuple[str, ...]
    groups: tuple[Group, ...] = ()
    groups_needed: int = 0

    def met(self, present: Collection[str]) -> bool:
        """Whether the items present (ids) reach the threshold and as many of the groups as are needed."""
        enough = sum(1 for item in self.items if item in present) >= self.at_least
        return enough and sum(1 for group in self.groups if group.met(present)) >= self.groups_needed


def criteria_of(row: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """The criteria of a row of `disorders.parquet`."""
    return tuple(_criterion_of(raw) for raw in row["criteria"])


def unmet(row: Mapping[str, Any], present: Collection[str]) -> list[str]:
    """The ids of the criteria that ask for more of their items than are present; what is judged by text alone is left out."""
    return [criterion.id for criterion in criteria_of(row) if not criterion.met(present)]


def stated_threshold(text: str) -> int | None:
    """The number in `at least five of these`, `five or more of the following`, `five of nine` or `either of these`, or None."""
    found = _THRESHOLD.search(text)
    if not found or found["one"]:
        return 1 if found else None
    return int(number_of(found[1] or found[2] or found[3]))


def announced_kind(text: str, items: int) -> Kind:
    """The kind of criterion that a text announces; one with items is `symptoms` unless it begins with its consequences."""
    if items and not _ANNOUNCED[0][1].search(text[:60]):
        return "symptoms"
    return next((kind for kind, pattern in _ANNOUNCED if pattern.search(text)), "symptoms")


def _criterion_of(raw: Mapping[str, Any]) -> Criterion:
    groups = tuple(Group(g["id"], g["min_count"] or 0, frozenset(g["of"])) for g in raw["groups"])
    needed = raw["min_groups"] if raw["min_groups"] is not None else len(groups)
    return Criterion(raw["id"], raw["kind"], raw["min_count"] or 0, tuple(i["id"] for i in raw["items"]), groups, needed)
