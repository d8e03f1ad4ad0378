"""Labelled statements composed from the knowledge: what somebody with a disorder says of it, and what is said about them.

A dialogue about a disorder takes a thousand words, most of them the therapist's; a head that tells a hundred disorders apart needs many
short texts of each. Two of three are sentences that a client would say, each for another criterion; the third is the description and some
of its signs. They train heads alone and only ever stand in the training split: nothing is measured on them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pixel_core.conversation import REST, Conversation, Label, Provenance, Turn
from pixel_core.knowledge.material import load_material
from pixel_core.writing import Picture, Statement
from pixel_core.writing.material import Feature
from pixel_core.writing.record import CONSENT, LICENCE

SOURCE = "derived:statements"
NAME = "statements"
SIGNS = (2, 5)  # fewest and most signs of one statement
ATTEMPTS = 4  # draws of each way until a statement is new: of few sentences there are few combinations


Free = Callable[[str], bool]
"""Whether this text may be said."""


def compose_statements(dsm5: Path, framework: Path, count: int, *, seed: int, free: Free) -> list[Conversation]:
    """The statements of every class in the two artifact folders, made of what is `free` to be said (see `statements_of`)."""
    return list(statements_of([_freed(picture, free) for picture in load_material(dsm5, framework).pictures], count, seed=seed))


def _freed(picture: Picture, free: Free) -> Picture:
    """The picture without the sentences that may not be said."""

    def may(statement: Statement | None) -> Statement | None:
        return statement if statement and free(statement.text) else None

    features = tuple(replace(f, text=may(f.text), voiced=tuple(v for v in f.voiced if free(v.text))) for f in picture.features)
    return replace(picture, summary=may(picture.summary), features=features)


def statements_of(pictures: Sequence[Picture], count: int, *, seed: int) -> Iterator[Conversation]:
    """At most `count` different labelled statements of each picture, in their order; fewer where its sentences allow no more."""
    for picture in pictures:
        drawn = random.Random(f"{seed}:{NAME}:{picture.head}:{picture.id}")  # noqa: S311 - an order, not a secret
        seen: set[str] = set()
        for number in range(count):
            ways = (_description, _voices) if number % 3 == 2 else (_voices, _description)
            tried = (_record(picture, said) for way in ways for _ in range(ATTEMPTS) if (said := way(picture, drawn)))
            if new := next((one for one in tried if one.id not in seen), None):
                seen.add(new.id)
                yield new


def _voices(picture: Picture, drawn: random.Random) -> list[Statement]:
    """A sentence each for some of the criteria, as a client says them; of a class with poles, those of one of them."""
    pole = drawn.choice(picture.poles) if picture.poles else ""
    return [drawn.choice(feature.voiced) for feature in _signs([f for f in picture.features if f.voiced and f.pole in ("", pole)], drawn)]


def _description(picture: Picture, drawn: random.Random) -> list[Statement]:
    """What the picture is, and some of its signs."""
    known = [feature for feature in picture.features if feature.text and feature.text != picture.summary]
    parts = [picture.summary, *(feature.text for feature in _signs(known, drawn))]
    return [part for part in parts if part]


def _signs(features: list[Feature], drawn: random.Random) -> list[Feature]:
    return drawn.sample(features, min(len(features), drawn.randint(*SIGNS)))


def _record(picture: Picture, said: Sequence[Statement]) -> Conversation:
    evidence = tuple(statement.evidence for statement in said if statement.evidence.uri)
    labels = (Label(picture.label, 1.0, SOURCE), Label(f"{picture.head}.{REST}", 0.0, SOURCE))
    text = " ".join(statement.text for statement in said)
    uris = dict.fromkeys(one.uri for one in evidence)
    return Conversation(
        turns=(Turn("user", "client", text, labels=labels, evidence=evidence),),
        category="supervision",
        group=f"{NAME}:{picture.head}:{picture.id}",
        difficulty=2,
        provenance=tuple(Provenance(NAME, uri, picture.id, LICENCE, CONSENT, NAME) for uri in uris),
        extra={"kind": "statement"},
    )
