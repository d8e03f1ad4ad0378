"""What conversations are written from: clinical pictures and psychological notions whose every sentence knows its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pixel_core.conversation import Evidence

DOCUMENT = "knowledge/"  # evidence names documents by this and their path in the knowledge folder, never by a machine's path
Head = Literal["clinical", "pdm2"]
Role = Literal["symptom", "impact", "course", "screen"]
NotionKind = Literal["attachment", "defence", "trait", "interview"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or paragraph of a source, with the characters [start, end) it stands at."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a client can voice: an item of a criterion, or a criterion without items.

    `key` is the id in its source (`A1`), `symptom` the name in the vocabulary of symptoms ("" for a criterion). `role` says
    whether it is a symptom, what it does to life, how long it lasts, or what must be ruled out. Of features with a `pole` one
    client has only those of one: nobody's conscience is merciless and faint.
    """

    key: str
    symptom: str
    text: Statement | None
    voiced: tuple[Statement, ...]
    role: Role = "symptom"
    pole: str = ""


@dataclass(frozen=True, slots=True)
class Differential:
    """Another class that looks alike, and how to tell the two apart."""

    name: str
    distinguish: Statement


@dataclass(frozen=True, slots=True)
class Picture:
    """A class of the clinical or the pdm2 head with what the knowledge says of it."""

    head: Head
    id: str
    name: str
    summary: Statement | None = None
    features: tuple[Feature, ...] = ()
    focus: tuple[Statement, ...] = ()
    care: tuple[Statement, ...] = ()
    exclusions: tuple[Statement, ...] = ()
    impairment: Statement | None = None
    duration: Statement | None = None
    min_days: int | None = None
    needed: tuple[tuple[str, int], ...] = ()
    """How many items of a criterion the class needs: (`A`, 5)."""
    differentials: tuple[Differential, ...] = ()
    depth: Statement | None = None
    """PDM-2: the tension at the core of a syndrome, or what a function makes possible."""
    defences: tuple[str, ...] = ()
    group: str = ""

    @property
    def label(self) -> str:
        """The output of the head: `clinical.F32`."""
        return f"{self.head}.{self.id}"

    @property
    def speaks(self) -> bool:
        """Whether it holds enough voiced features for a client to speak from."""
        return sum(1 for _ in self.voiced("symptom")) >= 3

    @property
    def poles(self) -> tuple[str, ...]:
        """The sides of the class of which one person has one, sorted; () where it has none."""
        return tuple(sorted({f.pole for f in self.features if f.pole}))

    def voiced(self, *roles: Role) -> Iterator[Feature]:
        """The features of these roles that a client can voice."""
        return (f for f in self.features if f.voiced and f.role in roles)


@dataclass(frozen=True, slots=True)
class Notion:
    """An attachment style, defence, trait or interview guideline: what it is, how it sounds, and what to do with it."""

    kind: NotionKind
    id: str
    name: str
    text: Statement
    signs: tuple[Statement, ...] = ()
    examples: tuple[Statement, ...] = ()
    voiced: tuple[Statement, ...] = ()
    focus: tuple[Statement, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """All pictures and notions at hand, in the order of their sources."""

    pictures: tuple[Picture, ...]
    notions: tuple[Notion, ...] = ()

    def of(self, kind: NotionKind) -> tuple[Notion, ...]:
        """The notions of one kind."""
        return tuple(n for n in self.notions if n.kind == kind)

    def speaking(self, head: Head) -> tuple[Picture, ...]:
        """The pictures of a head that a client can speak from."""
        return tuple(p for p in self.pictures if p.head == head and p.speaks)


_IMPACT = re.compile(
    r"distress|impair|get in the way|restricts? life|hold the person back|clear difficulty|clearly (harms|reduce)|quality of life", re.I
)
_SCREEN = re.compile(r"never been a|\bis not\b|\bare not\b|not (better )?explained|does not occur only|not only about|not limited", re.I)
_COURSE = re.compile(r"\bmonths?\b|\bweeks?\b|\byears?\b|\bnights a week\b|free of the symptoms|before age|early development", re.I)


def role_of(criterion: str) -> Role:
    """The role that the text of a criterion without items announces."""
    for role, pattern in (("impact", _IMPACT), ("screen", _SCREEN), ("course", _COURSE)):
        if pattern.search(criterion):
            return role  # type: ignore[return-value]
    return "symptom"
