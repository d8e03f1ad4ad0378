"""A conversation while it is written: turns, what has been said, and what is known of the client."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pixel_core.conversation import Evidence
from pixel_core.writing.deck import Deck
from pixel_core.writing.facts import Facts, facts_of, join
from pixel_core.writing.material import Feature, Picture, Statement
from pixel_core.writing.phrases import Family

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Voice:
    """A feature about to be voiced, or voiced: in which sentence, of which picture, answered by which family.

    `picture` is None for everyday concerns.
    """

    feature: Feature
    statement: Statement
    picture: Picture | None
    family: Family


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a helper's turn: a sentence and the technique it is (None for a mere bridge).

    A piece without text adds its technique to the sentence of the next.
    """

    technique: str | None
    text: str


@dataclass(slots=True)
class Utterance:
    """One turn of a scene."""

    speaker: str  # client, therapist, other, assistant
    text: str
    stage: str
    evidence: tuple[Evidence, ...] = ()
    voices: tuple[Voice, ...] = ()
    techniques: tuple[str, ...] = ()
    purpose: str | None = None
    reluctant: bool = False
    risk: int = 0


@dataclass(slots=True)
class Scene:
    """The turns so far, the phrases used in them, and the facts that the client has told."""

    deck: Deck
    rng: random.Random
    facts: Facts = field(default_factory=dict)
    turns: list[Utterance] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def draw(self, name: str, options: Sequence[T], fits: Callable[[T], bool] = lambda option: True) -> T | None:
        """An option of a bank that was not used in this scene and that fits."""
        found = self.deck.draw(name, options, self.rng, lambda o: text_of(o) not in self.used and fits(o))
        if found is not None and text_of(found):
            self.used.add(text_of(found))
        return found

    def draw_line(self, name: str, options: Sequence[T]) -> T | None:
        """An option that the client can say without contradicting what is known of them; its facts are kept."""
        found = self.draw(name, options, lambda o: join(self.facts, facts_of(text_of(o))) is not None)
        if found is not None:
            self.facts = join(self.facts, facts_of(text_of(found))) or self.facts
        return found

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def helper(self, speaker: str, pieces: Iterable[Piece], stage: str, evidence: Iterable[Evidence] = ()) -> None:
        """Add a helper's turn; its purpose is the technique of the last piece that has one."""
        said = list(pieces)
        techniques = tuple(dict.fromkeys(p.technique for p in said if p.technique))
        purpose = next((p.technique for p in reversed(said) if p.technique), None)
        text = " ".join(p.text for p in said if p.text)
        self.turns.append(Utterance(speaker, text, stage, tuple(dict.fromkeys(evidence)), techniques=techniques, purpose=purpose))


def text_of(option: Any) -> str:
    """The text by which a phrase is known: itself, or what it says or asks."""
    if isinstance(option, str):
        return option
    if isinstance(option, Statement):
        return option.text
    return str(option["say"] if isinstance(option, dict) else option.say)
