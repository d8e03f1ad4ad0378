"""Writing: how many conversations of which kind and class, and one after the other."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pixel_core.conversation import Conversation, validate
from pixel_core.writing import plots
from pixel_core.writing.deck import Deck
from pixel_core.writing.material import Material, Picture
from pixel_core.writing.phrases import bank, everyday, psychodynamic
from pixel_core.writing.questions import topics, write_questions
from pixel_core.writing.record import of_session
from pixel_core.writing.risk import IDEATION, level_of
from pixel_core.writing.sheets import draw_temper
from pixel_core.writing.therapy import Session

_SHARES = {"disorder": 0.50, "psychodynamic": 0.15, "everyday": 0.06, "subclinical": 0.04, "questions": 0.25}
_COMORBID = 0.2  # of the conversations about disorders
_RISK = 0.6  # of those about a disorder whose features hold thoughts of dying
_ATTEMPTS = 12
T = TypeVar("T")

logger = logging.getLogger(__name__)


class WritingError(ValueError):
    """The material cannot carry the conversations that were asked for; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One conversation to be written: its kind, and the place of its class in the round."""

    kind: str
    turn: int


def write_conversations(material: Material, *, count: int, seed: int) -> list[Conversation]:
    """`count` different conversations written from the material, sorted by id; the same arguments give the same ones.

    Half are therapy about disorders (a fifth of them comorbid), the rest psychodynamic, everyday, subclinical, and questions to an
    assistant; classes take turns. A kind that the material cannot carry leaves its share to the others. Raises WritingError when
    it carries none, or not enough different ones.
    """
    deck = Deck()
    written: dict[str, Conversation] = {}
    carried = _carried(material)
    if not carried:
        raise WritingError("no knowledge can be written from: disorders need a summary and care, or items with `voiced` sentences")
    for number, order in enumerate(_orders(carried, count)):
        for attempt in range(_ATTEMPTS):
            rng = random.Random(f"{seed}:conversation:{number}:{attempt}")  # noqa: S311
            conversation = _write(material, order, deck, rng, f"{number}.{attempt}")
            if conversation is not None and conversation.id not in written:
                validate(conversation)
                written[conversation.id] = conversation
                break
        else:
            raise WritingError(
                f"{len(written)} different conversations are all that this knowledge carries: lower knowledge.conversations ({count})"
            )
        if number % 1000 == 999:
            logger.info("%d of %d conversations written", number + 1, count)
    return [written[key] for key in sorted(written)]


def _carried(material: Material) -> dict[str, float]:
    """The shares of the kinds that the material can carry."""
    able = {
        "disorder": bool(material.speaking("clinical")),
        "psychodynamic": bool(material.speaking("pdm2")),
        "everyday": bool(material.of("trait") or material.of("attachment")),
        "subclinical": bool(_mild(material)),
        "questions": bool(topics(material)),
    }
    return {kind: share for kind, share in _SHARES.items() if able[kind]}


def _orders(carried: dict[str, float], count: int) -> list[_Order]:
    """The conversations in writing order: exact shares by largest remainder, the kinds well mixed."""
    total = sum(carried.values())
    exact = {kind: count * share / total for kind, share in carried.items()}
    sizes = {kind: int(value) for kind, value in exact.items()}
    for kind in sorted(exact, key=lambda k: (sizes[k] - exact[k], k))[: count - sum(sizes.values())]:
        sizes[kind] += 1
    placed = [(turn / size, kind, turn) for kind, size in sizes.items() for turn in range(size)]
    return [_Order(kind, turn) for _, kind, turn in sorted(placed)]


def _write(material: Material, order: _Order, deck: Deck, rng: random.Random, number: str) -> Conversation | None:
    if order.kind == "questions":
        return write_questions(material, _next(topics(material), order.turn, "questions"), deck, rng)
    session, kind = _session(material, order, deck, rng)
    if session is None:
        return None
    conversation = of_session(session, number, kind)
    return conversation if conversation.provenance else None


def _session(material: Material, order: _Order, deck: Deck, rng: random.Random) -> tuple[Session | None, str]:
    well = order.kind in ("everyday", "subclinical")
    temper = draw_temper(rng, resistance=0, attachments=["secure"]) if well else draw_temper(rng)
    if order.kind == "everyday":
        return plots.everyday_concern(material, _next(sorted(everyday()), order.turn, "everyday"), temper, deck, rng), "everyday"
    if order.kind == "subclinical":
        return plots.subclinical(material, _next(_mild(material), order.turn, "subclinical"), temper, deck, rng), "subclinical"
    if order.kind == "psychodynamic":
        picture = _next(material.speaking("pdm2"), order.turn, "psychodynamic")
        styles = psychodynamic()[picture.id].attachment if picture.id in psychodynamic() else ()
        temper = draw_temper(rng, attachments=styles, defences=picture.defences)
        return plots.therapy(material, [picture], temper, deck, rng, risk=False), "psychodynamic"
    picture = _next(material.speaking("clinical"), order.turn, "disorder")
    second = _companion(material, picture, rng) if rng.random() < _COMORBID else None
    risk = any(level_of("", f.symptom) >= IDEATION for f in picture.voiced("symptom")) and rng.random() < _RISK
    pictures = [picture, second] if second else [picture]
    styles = next((bank("comorbidity")["attachment"][p.id] for p in pictures if p.id in bank("comorbidity")["attachment"]), ())
    temper = draw_temper(rng, attachments=styles)
    return plots.therapy(material, pictures, temper, deck, rng, risk=risk), "comorbid" if second else "disorder"


def _companion(material: Material, picture: Picture, rng: random.Random) -> Picture | None:
    """A disorder that often occurs together with this one, if the material holds it."""
    codes = {b if a == picture.id else a for a, b in bank("comorbidity")["pairs"] if picture.id in (a, b)}
    able = [p for p in material.speaking("clinical") if p.id in codes]
    return rng.choice(able) if able else None


def _mild(material: Material) -> list[Picture]:
    return [p for p in material.speaking("clinical") if p.id in bank("comorbidity")["mild"]]


def _next(options: Sequence[T], turn: int, purpose: str, shuffle: Callable[[str], random.Random] = random.Random) -> T:
    """The option whose turn it is: every round goes through all of them, each round in another order."""
    order = list(range(len(options)))
    shuffle(f"{purpose}:{turn // len(options)}").shuffle(order)
    return options[order[turn % len(options)]]
