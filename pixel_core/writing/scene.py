"""A conversation while it is written: turns, what has been said, and what is known of the client."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pixel_core.conversation import Evidence
from pixel_core.writing.deck import Deck
from pixel_core.writing.echo import continued
from pixel_core.writing.facts import Facts, facts_of, join
from pixel_core.writing.material import Feature, Picture, Statement
from pixel_core.writing.phrases import Family, bank

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
    """One turn of a scene.

    A helper's turn knows its `move` (of the modality, else the technique that it serves), what it answers (`because`), and the
    features it `rests_on`, what it `tells` in serving its purpose, and the heading of the passage that this was
    `taught_from`.
    """

    speaker: str  # client, therapist, other, assistant
    text: str
    stage: str
    evidence: tuple[Evidence, ...] = ()
    voices: tuple[Voice, ...] = ()
    techniques: tuple[str, ...] = ()
    purpose: str | None = None
    reluctant: bool = False
    risk: int = 0
    move: str = ""
    because: str = ""
    rests_on: tuple[str, ...] = ()
    tells: str = ""
    taught_from: str = ""


@dataclass(slots=True)
class Scene:
    """The turns so far, the phrases used in them, and the facts that the client has told.

    `techniques` are those that the helper may use; None leaves all open.
    """

    deck: Deck
    rng: random.Random
    facts: Facts = field(default_factory=dict)
    techniques: frozenset[str] | None = None
    turns: list[Utterance] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def draw(self, name: str, options: Sequence[T], fits: Callable[[T], bool] = lambda option: True) -> T | None:
        """An option of a bank that was not used in this scene and that fits."""

        def free(option: T) -> bool:
            if isinstance(option, str):  # most are, and a mere line is of no technique
                return option not in self.used and fits(option)
            return text_of(option) not in self.used and self.allows(option) and fits(option)

        found = self.deck.draw(name, options, self.rng, free)
        if found is not None and text_of(found):
            self.used.add(text_of(found))
        return found

    def draw_line(self, name: str, options: Sequence[T], fits: Callable[[T], bool] = lambda option: True) -> T | None:
        """An option that fits and that the client can say without contradicting what is known of them; its facts are kept."""
        found = self.draw(name, options, lambda o: fits(o) and join(self.facts, facts_of(text_of(o))) is not None)
        if found is not None:
            self.facts = join(self.facts, facts_of(text_of(found))) or self.facts
        return found

    def allows(self, option: Any) -> bool:
        """Whether a phrase is of a technique that may be used here."""
        technique = option.get("technique") if isinstance(option, dict) else getattr(option, "technique", None)
        return technique is None or self.techniques is None or technique in self.techniques

    def fresh(
        self,
        parts: Sequence[str | None],
        name: str,
        options: Sequence[T],
        fits: Callable[[T], bool] = lambda option: True,
        *,
        before: bool = False,
    ) -> list[str]:
        """The parts of a turn, with words of a bank that fit added until nobody has said just that: shared turns would tie conversations.

        They are added at the end, or `before` the rest.
        """
        said = [p for p in parts if p]

        def longer(words: str) -> list[str]:
            if not before:
                return [*said, words]
            return [words, continued(said[0]) if words[-1] in ":," else said[0], *said[1:]]

        while not self.deck.is_new(" ".join(said)):
            more = self.draw_line(name, options, lambda o: fits(o) and self.deck.is_new(" ".join(longer(text_of(o)))))
            more = more or self.draw_line(name, options, fits)
            if more is None:
                break
            said = longer(text_of(more))
        return said

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def _makes_new(self, text: str) -> Callable[[str], bool]:
        """Whether a breath in front of the text makes it one that nobody has said yet."""
        return lambda breath: self.deck.is_new(f"{breath} {text}")

    def helper(
        self,
        speaker: str,
        pieces: Iterable[Piece],
        stage: str,
        evidence: Iterable[Evidence] = (),
        *,
        move: str = "",
        because: str = "",
        rests_on: Iterable[str] = (),
    ) -> None:
        """Add a helper's turn; its purpose is the technique of the last piece that has one, its move that unless another is named."""
        said = list(pieces)
        techniques = tuple(dict.fromkeys(p.technique for p in said if p.technique))
        purpose = next((p.technique for p in reversed(said) if p.technique), None)
        text = " ".join(p.text for p in said if p.text)
        while speaker == "therapist" and not self.deck.is_new(text):
            name = "bridge" if self.turns else "greeting"
            breaths = bank("therapist")[name]
            breath = self.draw(name, breaths, self._makes_new(text)) or self.draw(name, breaths)
            if breath is None:
                break
            text = f"{breath} {text}"
        self.deck.note(text)
        spans, grounds = tuple(dict.fromkeys(evidence)), tuple(dict.fromkeys(rests_on))
        self.turns.append(
            Utterance(
                speaker,
                text,
                stage,
                spans,
                techniques=techniques,
                purpose=purpose,
                move=move or purpose or "",
                because=because,
                rests_on=grounds,
                tells=" ".join(p.text for p in said if p.technique == purpose),
            )
        )


def text_of(option: Any) -> str:
    """The text by which a phrase is known: itself, or what it says or asks."""
    if isinstance(option, str):
        return option
    if isinstance(option, Statement):
        return option.text
    if isinstance(option, tuple):
        return str(option[0])
    return str(option["say"] if isinstance(option, dict) else option.say)
