"""The client sheet: who speaks, what about, and how much they resist; and the rule that makes a conversation difficult."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pixel_core.artifacts import digest_of
from pixel_core.writing.phrases import bank

ATTACHMENTS = ("secure", "anxious", "avoidant", "disorganised")
TRAITS = ("openness_to_experience", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
MOST_DIFFICULT = 5
_MANY_SYMPTOMS = 4
_SERIOUS_RISK = 2  # crisis level from which somebody thinks of dying


@dataclass(frozen=True, slots=True)
class ClientSheet:
    """The person behind a conversation. `person` holds age, gender, work, job, partner, children and home; `resistance` runs
    from 0 (willing) over 1 (doubtful) to 2 (refusing)."""

    id: str
    concern: str
    classes: tuple[str, ...]
    person: Mapping[str, str]
    attachment: str
    defence: str
    traits: Mapping[str, str]
    resistance: int

    def to_json(self) -> dict[str, Any]:
        """The sheet as it stands in `Conversation.extra`."""
        return asdict(self) | {"classes": list(self.classes), "person": dict(self.person), "traits": dict(self.traits)}


@dataclass(frozen=True, slots=True)
class Temper:
    """What colours a client's way of speaking, drawn before the first word."""

    attachment: str
    defence: str
    traits: Mapping[str, str]
    resistance: int


def draw_temper(
    rng: random.Random, *, resistance: int | None = None, attachments: Sequence[str] = (), defences: Sequence[str] = ()
) -> Temper:
    """A temper at random, among the attachment styles and defences given where there are any; secure and willing are the likeliest."""
    known = sorted(bank("client")["defence"])
    return Temper(
        attachment=rng.choice(attachments) if attachments else rng.choices(ATTACHMENTS, weights=(40, 25, 25, 10))[0],
        defence=rng.choice([d for d in known if d in defences] or known),
        traits={trait: rng.choice(("low", "average", "average", "high")) for trait in TRAITS},
        resistance=rng.choices((0, 1, 2), weights=(50, 33, 17))[0] if resistance is None else resistance,
    )


def make_sheet(
    number: str, temper: Temper, *, person: Mapping[str, str], concern: str, classes: tuple[str, ...], resistance: int
) -> ClientSheet:
    """The sheet of this person; `number` tells clients of equal sheets apart, `resistance` is what the client came to show."""
    content = {"number": number, "concern": concern, "classes": classes, "person": person}
    return ClientSheet(
        f"sheet-{digest_of(content)[:12]}", concern, classes, person, temper.attachment, temper.defence, temper.traits, resistance
    )


def difficulty_of(*, resistance: int, symptoms: int, classes: int, risk: int) -> int:
    """1, and one more each for: doubt, refusal, at least four symptoms voiced, more than one class, thoughts of dying; at most 5."""
    steps = resistance + (symptoms >= _MANY_SYMPTOMS) + (classes > 1) + (risk >= _SERIOUS_RISK)
    return min(MOST_DIFFICULT, 1 + steps)
