"""The writers' common protocol: orders in, one candidate conversation or a reason an order out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from pixel_core.conversation import Conversation
from pixel_core.writing.material import Feature, Notion, Picture
from pixel_core.writing.sheets import Temper


class Combination(NamedTuple):
    """What is counted together when rejects steer the next batch; `subject` is a class, a concern or a topic."""

    kind: str
    subject: str
    modality: str

    def __str__(self) -> str:
        return " / ".join(part or "any" for part in self)


@dataclass(frozen=True, slots=True)
class Order:
    """One conversation to be written.

    `key` names all its draws: the same order gives the same conversation. `kind` is disorder, comorbid, differential,
    psychodynamic, everyday, subclinical or questions; `pictures` are the classes that are voiced, `topic` is what questions are about
    and `concern` the name of an everyday one. `modality` is "" where the writer chooses. `temper` and `person` are the
    client sheet as far as it is decided beforehand. `risk` asks for a voiced thought of dying, `against` is the
    class that a differential tells the first picture from.
    """

    key: str
    kind: str
    pictures: tuple[Picture, ...] = ()
    topic: Picture | Notion | None = None
    concern: str = ""
    modality: str = ""
    temper: Temper | None = None
    person: Mapping[str, str] = field(default_factory=dict)
    risk: bool = False
    against: Picture | None = None

    @property
    def subject(self) -> str:
        """What the conversation is about, as one name: `clinical.F32`, `everyday.exam`, `questions.trait:openness`."""
        if self.topic is not None:
            return topic_name(self.topic)
        return self.pictures[0].label if self.pictures else f"{self.kind}.{self.concern}"

    @property
    def combination(self) -> Combination:
        """Kind, subject and modality."""
        return Combination(self.kind, self.subject, self.modality)

    @property
    def features(self) -> Iterator[tuple[str, Picture, Feature]]:
        """What the client may voice, by id (`F32:A1`): every feature knows the spans it rests on."""
        return ((feature_id(p, f), p, f) for p in self.pictures for f in p.features if f.voiced)

    def rng(self, purpose: str) -> random.Random:
        """The draws of this order for one purpose."""
        return random.Random(f"{self.key}:{purpose}")  # noqa: S311


@dataclass(frozen=True, slots=True)
class Candidate:
    """What came of an order: a conversation, or the reason why there is none and what was answered instead."""

    order: Order
    conversation: Conversation | None = None
    reason: str = ""
    detail: str = ""
    content: Any = field(default=None, repr=False)


class Writer(Protocol):
    """Writes conversations to order."""

    @property
    def name(self) -> str:
        """`grammar`, or `teacher` with the model's name."""
        ...

    def write(self, orders: Sequence[Order], advice: Mapping[Combination, Sequence[str]]) -> list[Candidate]:
        """One candidate an order, in their order; `advice` names per combination the faults that its last ones had."""
        ...


def feature_id(picture: Picture, feature: Feature) -> str:
    """The id of a feature over all classes."""
    return f"{picture.id}:{feature.key}"


def topic_name(topic: Picture | Notion) -> str:
    """The name of what questions are about."""
    return f"{topic.head if isinstance(topic, Picture) else topic.kind}:{topic.id}"
