"""The teacher writer: orders become requests, answers become candidates, and every outcome is kept by the digest of its request."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pixel_core.artifacts import write_json
from pixel_core.endpoint import Answer, Endpoint, EndpointError, Failure, Request, Spent, complete
from pixel_core.endpoint.cache import request_digest
from pixel_core.writing.material import Material
from pixel_core.writing.teacher.answer import SCHEMA, AnswerError, conversation_of
from pixel_core.writing.teacher.offer import Offer, Retrieve, offer
from pixel_core.writing.teacher.prompt import prompt
from pixel_core.writing.writer import Candidate, Combination, Order

# Failures that the model made: the same request would meet them again, so they count as its answer and are kept.
_OF_THE_MODEL = ("invalid_answer", "declined", "cut_off", "rejected_request")
_ROUNDS = 3  # in which requests that the server lost are asked again before the writing stops
_REFUSED = "refused"  # the folder of kept failures, beside the kept answers

logger = logging.getLogger(__name__)


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
        answers = self._answers(requests)
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

    def _answers(self, requests: Sequence[Request]) -> list[Answer]:
        digests = [request_digest(self.endpoint.model, request, SCHEMA) for request in requests]
        found = {i: kept for i, digest in enumerate(digests) if (kept := self._refused(digest)) is not None}
        for _ in range(_ROUNDS):
            open_ = [i for i in range(len(requests)) if i not in found]
            lost = []
            for i, answer in zip(open_, complete(self.endpoint, [requests[i] for i in open_], SCHEMA, cache=self.cache), strict=True):
                if answer.failure is not None and answer.failure.kind not in _OF_THE_MODEL:
                    lost.append(answer.failure)
                    continue
                if answer.failure is not None:
                    self._keep(digests[i], answer.failure, answer.spent)
                found[i] = answer
            if not lost:
                return [found[i] for i in range(len(requests))]
            logger.warning("%s lost %d of %d requests; they are asked again", self.endpoint.host, len(lost), len(open_))
        raise EndpointError(f"{lost[0].detail}: {len(lost)} requests stay without an answer; run again, what is answered is kept")

    def _refused(self, digest: str) -> Answer | None:
        path = self.cache / _REFUSED / f"{digest}.json"
        if not path.is_file():
            return None
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Answer(failure=Failure(raw["kind"], raw["detail"]), spent=Spent(**raw["spent"]), cached=True)

    def _keep(self, digest: str, failure: Failure, spent: Spent) -> None:
        folder = self.cache / _REFUSED
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{digest}.part"
        write_json(temporary, {"kind": failure.kind, "detail": failure.detail, "spent": asdict(spent)})
        temporary.replace(folder / f"{digest}.json")
