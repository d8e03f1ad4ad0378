"""The harness: a task is items, a way of asking, a score an item, a floor and a version.

Every answer becomes one row of `items.parquet`, from which all figures follow (see figures.py). An answer that
cannot be parsed is a row like any other, and wrong.
"""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import polars as pl

from pixel_core.artifacts import digest_of
from pixel_core.conversation import Part, Turn
from pixel_core.evaluation.figures import Measure, Status
from pixel_core.evaluation.respondents.respondent import NotAnsweredError, Respondent

logger = logging.getLogger(__name__)
ITEM_SCHEMA = pl.Schema(
    {
        "task": pl.String(),
        "item": pl.String(),  # unique within the task
        "group": pl.String(),  # what is resampled together: a seeker, a transcript, a client sheet
        "tags": pl.List(pl.String()),  # kinds of item, such as `domain:social_cognition`
        "truth": pl.List(pl.Float64()),  # by column: the label, null where unknown; 1 for the hits of choices
        "prediction": pl.List(pl.Float64()),  # the decision or hit, in the form of the truth; null where the output is untrained
        "scores": pl.List(pl.Float64()),  # value, probability or expected level behind the decision; for replies: what the human reply gets
        "floor": pl.List(pl.Float64()),  # what a model that has read nothing would predict, or its expected hit
        "floor_scores": pl.List(pl.Float64()),
        "parsed": pl.Boolean(),
        "answer": pl.String(),  # what was chosen or parsed; null where nothing was
        "reply": pl.String(),  # text that the model wrote; null where it was not asked to write
    }
)
JUDGEMENT_SCHEMA = pl.Schema(
    {
        "task": pl.String(),
        "item": pl.String(),
        "flow": pl.String(),  # <name>@<version> of the flow of questions
        "question": pl.String(),  # which of its questions
        "judge": pl.String(),  # model at the endpoint
        "repeat": pl.Int64(),
        "order": pl.String(),  # how it was put: which answer is named first, and whether the text comes before the question
        "prompt": pl.String(),  # SHA-256 of the request: model, messages, schema, sampling
        "yes": pl.Boolean(),  # null where the judge gave no answer
        "failure": pl.String(),  # why it gave none
        "raw": pl.String(),  # the judge's own words
        "human": pl.Boolean(),  # what a person answered, where the judge is held against people
    }
)
QUESTION_SCHEMA = pl.Schema({"task": pl.String, "item": pl.String, "text": pl.String})  # `text` must not stand in training


@dataclass(frozen=True, slots=True)
class Question:
    """One item as asked: the dialogue, and the right answer by column (NaN = unknown).

    For a head the question is about turn `t`. For choices the columns are `choices`, and more than one may be right.
    `text` is what must not stand in the training text. `right` are replies that score best, one for each turn that the
    model speaks: what somebody says who was given the answers (see tests/pixel_core/evaluation/scripted.py).
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


@dataclass(frozen=True, slots=True)
class Answer:
    """The row of one question (see `ITEM_SCHEMA`); `scores` and `floor_scores` default to the decisions.

    `judgements` are the raw answers of judges about it, kept beside (see `JUDGEMENT_SCHEMA`).
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


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """Items of one kind and what is measured of them.

    `excluded` items were left out because they stand in training; `absent` says why, should there be no item at all.
    """

    name: str
    axis: str
    version: str
    questions: tuple[Question, ...]
    measures: tuple[Measure, ...]
    excluded: int = 0
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
        return [self._ranked(question, found) for question, found in zip(self.questions, likelihoods, strict=True)]

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
    """What a head says about turn t, beside its training prior; outputs that were never supervised answer nothing."""

    head: str

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        prior, seen = respondent.prior(self.head), respondent.supervised(self.head)
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])

        def trained(values: Sequence[float]) -> list[float]:
            return [value if count else math.nan for value, count in zip(values, seen, strict=True)]

        return [
            Answer(
                question,
                question.truth,
                trained(heads[self.head].decisions),
                trained(prior.decisions),
                trained(heads[self.head].scores),
                trained(prior.scores),
            )
            for question, heads in zip(self.questions, said, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of tasks: `items` with `ITEM_SCHEMA`, `judgements` with `JUDGEMENT_SCHEMA`."""

    items: pl.DataFrame
    judgements: pl.DataFrame


def ask(tasks: Iterable[Task], respondent: Respondent) -> pl.DataFrame:
    """Every answer of every task, one row an item, with `ITEM_SCHEMA`."""
    return ask_all(tasks, respondent).items


def ask_all(tasks: Iterable[Task], respondent: Respondent) -> Asked:
    """Every answer of every task, and what judges said of them; a task that the respondent cannot answer has no row."""
    rows: list[dict[str, Any]] = []
    judged: list[dict[str, Any]] = []
    for task in tasks:
        try:
            answers = task.answer(respondent) if task.questions else []
        except NotAnsweredError as error:
            logger.info("%s is not answered: %s", task.name, error)
            continue
        rows += [_row(task.name, answer) for answer in answers]
        judged += [{"task": task.name, "item": answer.question.item, **said} for answer in answers for said in answer.judgements]
    return Asked(pl.DataFrame(rows, schema=ITEM_SCHEMA), pl.DataFrame(judged, schema=JUDGEMENT_SCHEMA))


def questions_of(tasks: Iterable[Task]) -> pl.DataFrame:
    """What the items ask about, with `QUESTION_SCHEMA`."""
    rows = [{"task": task.name, "item": q.item, "text": q.text} for task in tasks for q in task.questions]
    return pl.DataFrame(rows, schema=QUESTION_SCHEMA)


def _row(task: str, answer: Answer) -> dict[str, Any]:
    question = answer.question
    columns = {
        "truth": answer.truth,
        "prediction": answer.prediction,
        "scores": answer.prediction if answer.scores is None else answer.scores,
        "floor": answer.floor,
        "floor_scores": answer.floor if answer.floor_scores is None else answer.floor_scores,
    }
    listed = {name: [_known(value) for value in values] for name, values in columns.items()}
    own = {"task": task, "item": question.item, "group": question.group, "tags": list(question.tags)}
    return {**own, **listed, "parsed": answer.parsed, "answer": answer.answer, "reply": answer.reply}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _plain(value: Any) -> Any:
    """The value as canonical JSON takes it: records as mappings, unknown numbers as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
