"""A panel: several judges, or one asked several times, whose majority decides each question.

Every repeat puts the question otherwise: which answer is named first, and whether the text or the question comes first. So a
judge who goes by position disagrees with itself. All raw answers are kept, valid or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pixel_core.artifacts import digest_of
from pixel_core.endpoint import Endpoint, Message, Request, settle
from pixel_core.endpoint.cache import request_digest
from pixel_core.evaluation.judges.flow import Exchange, First, Flow, Question, prompt

VERSION = "1"
_ORDERS: tuple[tuple[First, bool], ...] = (("yes", True), ("no", False), ("no", True), ("yes", False))
_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Rating:
    """One judge's answer to one question about one item, as it is stored (see `JUDGEMENT_SCHEMA`)."""

    item: str
    flow: str
    question: str
    judge: str
    repeat: int
    order: str
    prompt: str
    yes: bool | None
    failure: str | None
    raw: str | None
    human: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a panel decided about one item: by question whether the answer is the good one (None: nobody, or as many as not)."""

    flow: Flow
    good: Mapping[str, bool | None]

    @property
    def parsed(self) -> bool:
        """Whether anything was decided."""
        return any(value is not None for value in self.good.values())

    @property
    def harmful(self) -> bool:
        """Whether a red question was answered badly, or was asked and remains undecided: caution wins."""
        return any(question.red and self.good[question.id] is not True for question in self.flow.questions if question.id in self.good)

    @property
    def values(self) -> tuple[float, ...]:
        """1 if not harmful; the share of all questions with the good answer; then each question in order."""
        each = [float(self.good.get(question.id) is True) for question in self.flow.questions]
        return (float(self.parsed and not self.harmful), sum(each) / len(each), *each)


@dataclass(frozen=True)
class Panel:
    """Judges and how often each is asked. Raises ValueError for one judge asked once: nobody could tell chance from judgement."""

    judges: tuple[Endpoint, ...]
    repeats: int
    cache: Path

    def __post_init__(self) -> None:
        if len(self.judges) * self.repeats < 2:
            raise ValueError("a panel needs two judges, or one that is asked twice: set evaluation.judges.repeats or name another model")
        names = [judge.model for judge in self.judges]
        if len(set(names)) != len(names):
            raise ValueError(f"two judges have one name among {', '.join(names)}: ask one of them more often in place of it")

    @property
    def digest(self) -> str:
        """SHA-256 of who judges and how often."""
        return digest_of([VERSION, [[judge.base_url, judge.model] for judge in self.judges], self.repeats])

    def judge(self, flow: Flow, exchanges: Sequence[Exchange]) -> tuple[list[Verdict], list[list[Rating]]]:
        """A verdict on each exchange, and all ratings of it. Raises EndpointError when a judge cannot be reached."""
        good: list[dict[str, bool | None]] = [{} for _ in exchanges]
        ratings: list[list[Rating]] = [[] for _ in exchanges]
        going = list(range(len(exchanges)))
        for question in flow.questions:
            asked = self.ask(flow, question, [exchanges[place] for place in going])
            for place, found in zip(going, asked, strict=True):
                ratings[place] += found
                yes = majority(found)
                good[place][question.id] = None if yes is None else yes == question.good
            if question.ends:
                going = [place for place in going if good[place][question.id] is not False]
        return [Verdict(flow, one) for one in good], ratings

    def ask(self, flow: Flow, question: Question, exchanges: Sequence[Exchange]) -> list[list[Rating]]:
        """The ratings of one question about each exchange, by judge and repeat."""
        found: list[list[Rating]] = [[] for _ in exchanges]
        for judge in self.judges:
            for repeat in range(self.repeats):
                first, text_first = _ORDERS[repeat % len(_ORDERS)]
                schema = _schema(first)
                requests = [_request(question, exchange, first, text_first, repeat) for exchange in exchanges]
                answers = settle(judge, requests, schema, cache=self.cache / digest_of(judge.base_url)[:12])
                for place, (request, answer) in enumerate(zip(requests, answers, strict=True)):
                    rating = Rating(
                        item=exchanges[place].item,
                        flow=flow.id,
                        question=question.id,
                        judge=judge.model,
                        repeat=repeat,
                        order=f"{first} first, {'text' if text_first else 'question'} first",
                        prompt=request_digest(judge.model, request, schema),
                        yes=None if answer.failure else answer.value["answer"] == "yes",
                        failure=answer.failure.kind if answer.failure else None,
                        raw=answer.text,
                    )
                    found[place].append(rating)
        return found


def majority(ratings: Sequence[Rating]) -> bool | None:
    """What most of those who answered said; None where nobody did, or as many said yes as no."""
    votes = [rating.yes for rating in ratings if rating.yes is not None]
    return None if 2 * sum(votes) == len(votes) else 2 * sum(votes) > len(votes)


def row_of(rating: Rating) -> dict[str, Any]:
    """The rating as a row."""
    return asdict(rating)


def _request(question: Question, exchange: Exchange, first: First, text_first: bool, repeat: int) -> Request:
    system, user = prompt(question, exchange, first, text_first)
    return Request((Message("system", system), Message("user", user)), {"temperature": 0, "seed": repeat, "max_tokens": _TOKENS})


def _schema(first: First) -> dict[str, Any]:
    ordered = ["yes", "no"] if first == "yes" else ["no", "yes"]
    answer = {"type": "string", "enum": ordered}
    return {"type": "object", "properties": {"answer": answer}, "required": ["answer"], "additionalProperties": False}
