"""The teacher writer: orders become requests, answers become candidates, and every outcome is kept by the digest of its request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pixel_core.endpoint import Answer, Endpoint, Request, Spent, settle
from pixel_core.writing.material import Material
from pixel_core.writing.passages import Retrieve
from pixel_core.writing.teacher.answer import SCHEMA, AnswerError, conversation_of
from pixel_core.writing.teacher.offer import Offer, offer
from pixel_core.writing.teacher.prompt import prompt
from pixel_core.writing.writer import Candidate, Combination, Order


@dataclass
class TeacherWriter:
    """Conversations by a language model. All outcomes lie in `cache`, so a writing goes on where it was interrupted, at no
    further cost, and a rerun gives the same bytes: whether a server was lost for a while decides nothing.

    Raises EndpointError when the endpoint cannot be used or loses requests again and again.
    """

    material: Material
    endpoint: Endpoint
    cache: Path
    sampling: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "output of a language model"
    retrieve: Retrieve | None = None
    passages: int = 0
    spent: Spent = field(default_factory=Spent)
    """What all answers took when they were first asked for, kept ones included."""

    @property
    def name(self) -> str:
        """`teacher:<model>`."""
        return f"teacher:{self.endpoint.model}"

    @property
    def figures(self) -> dict[str, int | float]:
        """Calls, tokens and, where prices are known, cost of all that was written: the same when it comes from the cache."""
        spent, price = self.spent, self.endpoint.price_per_million
        found: dict[str, int | float] = {f"teacher_{name}": value for name, value in asdict(spent).items()}
        if price is not None:
            found["teacher_cost"] = round((spent.tokens_in * price[0] + spent.tokens_out * price[1]) / 1e6, 6)
        return found

    def write(self, orders: Sequence[Order], advice: Mapping[Combination, Sequence[str]]) -> list[Candidate]:
        """One candidate an order; requests go out together, up to the endpoint's bound."""
        offers = [offer(order, self.material, self.retrieve, self.passages) for order in orders]
        requests = [
            Request(
                prompt(order, offered, advice.get(order.combination, ())), {"seed": order.rng("seed").getrandbits(31)} | dict(self.sampling)
            )
            for order, offered in zip(orders, offers, strict=True)
        ]
        answers = settle(self.endpoint, requests, SCHEMA, cache=self.cache)
        for answer in answers:
            self.spent = Spent(*(a + b for a, b in zip(asdict(self.spent).values(), asdict(answer.spent).values(), strict=True)))
        return [self._candidate(*entry) for entry in zip(orders, offers, answers, strict=True)]

    def _candidate(self, order: Order, offered: Offer, answer: Answer) -> Candidate:
        if answer.failure is not None:
            return Candidate(order, None, answer.failure.kind, answer.failure.detail)
        try:
            written = conversation_of(answer.value, order, offered, model=self.endpoint.model, licence=self.licence)
        except AnswerError as error:
            return Candidate(order, None, error.reason, str(error), answer.value)
        return Candidate(order, written)
