"""The harness: a task is items, a way of asking, a score an item, a floor and a version.

Every answer becomes one row of `items.parquet` (see asking.py), from which all figures follow (see figures.py). An answer that
cannot be parsed is a row like any other, and wrong.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import polars as pl

from pixel_core.artifacts import digest_of
from pixel_core.conversation import Part, Turn
from pixel_core.evaluation.figures import Measure, Status
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Respondent

_LONG = 8  # words of an answer that is somebody's own: a shorter one anybody may give
_WORD = re.compile(r"\w+")


_HOW = ("part", "reply_tokens")  # settings of a task without which a reply to an item is not the same reply


@dataclass(frozen=True, slots=True)
class Question:
    """One item as asked: the dialogue, and the right answer by column (NaN = unknown).

    For a head the question is about turn `t`. For choices the columns are `choices`, and more than one may be right.
    `text` is what must not stand in the training text. `right` are replies that score best, one for each turn that the
    model speaks: what somebody says who was given the answers (see tests/pixel_core/evaluation/scripted.py). They, or else the
    right choices, must not stand there either, unless they are `taught`: names and criteria that training is there to teach.
    """

    item: str
    group: str
    turns: tuple[Turn, ...]
    truth: tuple[float, ...]
    text: str
    tags: tuple[str, ...] = ()
    t: int = 0
    choices: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    taught: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """The right answers of eight words or more, which nobody may have learned by heart."""
        chosen = (choice for choice, value in zip(self.choices, self.truth, strict=True) if value > 0) if self.choices else ()
        given = () if self.taught else self.right or tuple(chosen)
        return tuple(answer for answer in given if len(_WORD.findall(answer)) >= _LONG)

    @property
    def digest(self) -> str:
        """SHA-256 of the item as it is asked and judged: all but its name, its kinds and what must not stand in training."""
        return digest_of(_plain([self.turns, self.t, self.truth, self.choices, self.right]))


@dataclass(frozen=True, slots=True)
class Answer:
    """The row of one question (see asking.py); `scores` and `floor_scores` default to the decisions.

    `judgements` are the raw answers of judges about it, kept beside (see asking.py).
    """

    question: Question
    truth: Sequence[float]
    prediction: Sequence[float]
    floor: Sequence[float]
    scores: Sequence[float] | None = None
    floor_scores: Sequence[float] | None = None
    parsed: bool = True
    answer: str | None = None
    reply: str | None = None
    judgements: Sequence[Mapping[str, Any]] = ()
    likelihoods: Sequence[float] | None = None


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """Items of one kind and what is measured of them.

    `excluded` says by reason how many items were left out because they stand in training (see `HeldOut.keep`); `absent` says
    why, should there be no item at all.
    """

    name: str
    axis: str
    version: str
    questions: tuple[Question, ...]
    measures: tuple[Measure, ...]
    excluded: Mapping[str, int] = field(default_factory=dict)
    absent: Status = "no items"

    @abstractmethod
    def answer(self, respondent: Respondent) -> list[Answer]:
        """Ask every question; the answers stand in the order of the questions."""

    @property
    def prompts(self) -> str:
        """SHA-256 of what judges are told about the answers, but the answers; empty where nobody judges."""
        return ""

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """What follows from this task's own answers and is kept beside them, by name: `<task>.<name>.parquet`. Most tasks have none."""
        return {}

    def digest_of_item(self, question: Question) -> str:
        """SHA-256 of one item as it is asked and judged, by whom and in how many words a reply is; tasks that ask more add that."""
        how = [getattr(self, f.name) for f in fields(self) if f.name in _HOW]
        return digest_of([question.digest, *how]) if how else question.digest

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the answers but the respondent: items, settings, version."""
        return digest_of({f.name: _plain(value) for f in fields(self) if not callable(value := getattr(self, f.name))})


@dataclass(frozen=True, kw_only=True)
class ChoiceTask(Task):
    """Choices ranked by log-likelihood a byte; column k says whether a right one is among the first `top[k]`.

    Floor: the chance of a random order. Equal likelihoods keep the order of the choices. Where a respondent ranks fewer
    than `top[k]` choices, column k is not answered.
    """

    top: tuple[int, ...] = (1,)

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        likelihoods = respondent.likelihoods([q.turns for q in self.questions], [q.choices for q in self.questions])
        asked = zip(self.questions, likelihoods, strict=True)
        return [replace(self._ranked(question, found), likelihoods=found) for question, found in asked]

    def _ranked(self, question: Question, likelihoods: Sequence[float]) -> Answer:
        ranked = [index for index, value in enumerate(likelihoods) if not math.isnan(value)]
        order = sorted(ranked, key=lambda index: (-likelihoods[index], index))
        count, right = len(question.choices), sum(value > 0 for value in question.truth)
        chance = [1 - math.comb(count - right, top) / math.comb(count, top) for top in self.top]
        if not order:
            return Answer(question, [1.0] * len(self.top), [0.0] * len(self.top), chance, parsed=False)
        hits = [float(any(question.truth[index] for index in order[:top])) for top in self.top]
        known = [hit if len(order) >= min(top, count) else math.nan for hit, top in zip(hits, self.top, strict=True)]
        return Answer(question, [1.0] * len(hits), known, chance, answer=str(order[0]))


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a written reply: a value a column, whether it could be parsed, and what was read from it."""

    values: tuple[float, ...]
    parsed: bool = True
    answer: str | None = None


def mean_of_choices(values: Callable[[str, Question], Sequence[float]]) -> Callable[[Question, str], list[float]]:
    """The floor of written replies that have choices beside them: the mean of what each choice would get as the reply."""

    def floor_of(question: Question, reply: str) -> list[float]:
        others = [values(choice, question) for choice in question.choices]
        return [sum(column) / len(others) for column in zip(*others, strict=True)]

    return floor_of


@dataclass(frozen=True, kw_only=True)
class TextTask(Task):
    """Greedy replies, scored by a function of (reply, question) that never sees the prompt.

    `floor_of` gives the value a column of a model that knows nothing, for (question, reply). Values are
    compared with 1 by the measures, or taken as they are.
    """

    part: Part = "assistant"
    reply_tokens: int
    score: Callable[[str, Question], Scored]
    floor_of: Callable[[Question, str], Sequence[float]]

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        replies = respondent.replies([q.turns for q in self.questions], self.part, self.reply_tokens)
        return [self._scored(question, reply) for question, reply in zip(self.questions, replies, strict=True)]

    def _scored(self, question: Question, reply: str) -> Answer:
        scored = self.score(reply, question)
        values = scored.values if scored.parsed else (0.0,) * len(scored.values)
        return Answer(
            question,
            [1.0] * len(values),
            values,
            self.floor_of(question, reply),
            parsed=scored.parsed,
            answer=scored.answer,
            reply=reply,
        )


@dataclass(frozen=True, kw_only=True)
class HeadTask(Task):
    """What a head says about turn t, beside its training prior; outputs that were never supervised answer nothing.

    A trained output that is no number leaves the whole answer unparsed: it counts as wrong as can be (see measuring.py).
    """

    head: str

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        prior, seen = respondent.prior(self.head), respondent.supervised(self.head)
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])

        def trained(values: Sequence[float], *, parsed: bool = True) -> list[float]:
            return [value if parsed and count else math.nan for value, count in zip(values, seen, strict=True)]

        found = []
        for question, heads in zip(self.questions, said, strict=True):
            own, parsed = heads[self.head], says_numbers(heads[self.head], seen)
            decisions, scores = trained(own.decisions, parsed=parsed), trained(own.scores, parsed=parsed)
            found.append(
                Answer(question, question.truth, decisions, trained(prior.decisions), scores, trained(prior.scores), parsed=parsed)
            )
        return found


def says_numbers(said: HeadAnswer, supervised: Sequence[int]) -> bool:
    """Whether every output that was trained says a number."""
    told = zip(said.scores, said.decisions, supervised, strict=True)
    return not any(count and not (math.isfinite(score) and math.isfinite(decision)) for score, decision, count in told)


def _plain(value: Any) -> Any:
    """The value as canonical JSON takes it: records as mappings, unknown numbers as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
