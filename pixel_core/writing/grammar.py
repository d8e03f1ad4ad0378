"""The grammar writer: conversations composed from the knowledge and the phrase banks, offline and from a seed."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence

from pixel_core.conversation import Conversation, validate
from pixel_core.writing import plots
from pixel_core.writing.deck import Deck
from pixel_core.writing.grounding import Grounding
from pixel_core.writing.material import Material
from pixel_core.writing.modalities import choose
from pixel_core.writing.orders import Plan
from pixel_core.writing.passages import Retrieve
from pixel_core.writing.people import settle
from pixel_core.writing.questions import write_questions
from pixel_core.writing.record import of_session
from pixel_core.writing.sheets import Temper
from pixel_core.writing.therapy import Session
from pixel_core.writing.writer import Candidate, Combination, Order

_ATTEMPTS = 12
_PATIENCE = 40  # orders that fail one after the other before the knowledge counts as used up
_NO_TEMPER = Temper("secure", "humour", {}, 0)

logger = logging.getLogger(__name__)
NOTHING = "no knowledge can be written from: disorders need a summary and care, or items with `voiced` sentences"


class WritingError(ValueError):
    """The material cannot carry the conversations that were asked for; the message says what is missing."""


class GrammarWriter:
    """The offline writer. Its deck spreads the phrases over all that it writes, so orders are written one after the other.

    With `retrieve`, what its moves tell rests on retrieved passages too; the words are the same without.
    """

    name = "grammar"

    def __init__(self, material: Material, retrieve: Retrieve | None = None) -> None:
        self._material = material
        self._grounding = Grounding(material, retrieve) if retrieve else None
        self._deck = Deck()
        self._written: set[str] = set()

    def write(self, orders: Sequence[Order], advice: Mapping[Combination, Sequence[str]]) -> list[Candidate]:
        """One candidate an order: a conversation unlike all before it, or `contradiction` when its sentences fit nobody."""
        return [self._candidate(order) for order in orders]

    def _candidate(self, order: Order) -> Candidate:
        for attempt in range(_ATTEMPTS):
            conversation = self._compose(order, order.rng(f"attempt {attempt}"), f"{order.key}.{attempt}")
            if conversation is not None and conversation.id not in self._written:
                validate(conversation)
                self._written.add(conversation.id)
                return Candidate(order, conversation)
        return Candidate(order, None, "contradiction", f"no {_ATTEMPTS} attempts gave a new conversation whose sentences fit one client")

    def _compose(self, order: Order, rng: random.Random, number: str) -> Conversation | None:
        if order.topic is not None:
            return write_questions(self._material, order.topic, self._deck, rng, self._grounding)
        session = self._session(order, rng)
        if session is None:
            return None
        session.person = settle(session.person, order.person, order.rng("person"))
        if self._grounding is not None:
            self._grounding.add(session.scene.turns, session.pictures)
        conversation = of_session(session, number, order.kind)
        return conversation if conversation.provenance else None

    def _session(self, order: Order, rng: random.Random) -> Session | None:
        temper = order.temper or _NO_TEMPER
        name = order.modality or choose(order.kind, order.pictures, temper, rng)
        setting = plots.Setting(self._material, name, temper, self._deck, rng)
        if order.kind == "everyday":
            return plots.everyday_concern(setting, order.concern)
        if order.kind == "subclinical":
            return plots.subclinical(setting, order.pictures[0])
        if order.against is not None:
            return plots.contrasted(setting, (order.pictures[0], order.against))
        return plots.therapy(setting, order.pictures, risk=order.risk)


def write_conversations(material: Material, *, count: int, seed: int) -> list[Conversation]:
    """`count` different conversations written by the grammar, sorted by id; the same arguments give the same ones.

    Half are therapy about disorders (some of them comorbid, a fifth telling two disorders apart), the rest psychodynamic, everyday,
    subclinical, and questions to an assistant; classes take turns. A kind that the material cannot carry leaves its share to the
    others. Raises WritingError when it carries none, or not enough different ones.
    """
    plan, writer = Plan(material, count=count, seed=seed), GrammarWriter(material)
    if not plan.missing:
        raise WritingError(NOTHING)
    written: list[Conversation] = []
    fruitless = 0
    while plan.missing:
        for order in plan.next(plan.missing):
            (candidate,) = writer.write([order], {})
            fruitless = fruitless + 1 if candidate.conversation is None else 0
            if candidate.conversation is None:
                continue
            written.append(candidate.conversation)
            plan.delivered(order)
            if len(written) % 1000 == 0:
                logger.info("%d of %d conversations written", len(written), count)
        if fruitless > _PATIENCE:
            raise WritingError(
                f"{len(written)} different conversations are all that this knowledge carries: lower knowledge.conversations ({count})"
            )
    return sorted(written, key=lambda c: c.id)
