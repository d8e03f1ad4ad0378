"""Tasks put to a respondent, and the tables of what was asked and answered: whatever is read later is read from these alone."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from pixel_core.evaluation.harness import Answer, Task
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
        "likelihoods": pl.List(pl.Float64()),  # of the choices, a byte; null for one that was not ranked, and where there were none
        "right": pl.List(pl.Int64()),  # places of the right choices among these; null where no choices were ranked
        "digest": pl.String(),  # of the item as it was asked: only under the same one are answers compared
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
QUESTION_SCHEMA = pl.Schema(
    {
        "task": pl.String(),
        "item": pl.String(),
        "text": pl.String(),  # must not stand in training
        "answers": pl.List(pl.String()),  # right answers, none of which may stand there either
        "choices": pl.List(pl.String()),  # what the places of `right` and `likelihoods` of the answers speak of
    }
)


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
        rows += [_row(task, answer) for answer in answers]
        judged += [{"task": task.name, "item": answer.question.item, **said} for answer in answers for said in answer.judgements]
    return Asked(pl.DataFrame(rows, schema=ITEM_SCHEMA), pl.DataFrame(judged, schema=JUDGEMENT_SCHEMA))


def questions_of(tasks: Iterable[Task]) -> pl.DataFrame:
    """What the items ask about, with `QUESTION_SCHEMA`."""
    asked = ((task.name, question) for task in tasks for question in task.questions)
    rows = [(name, q.item, q.text, list(q.answers), list(q.choices)) for name, q in asked]
    return pl.DataFrame(rows, schema=QUESTION_SCHEMA, orient="row")


def _row(task: Task, answer: Answer) -> dict[str, Any]:
    question, nats = answer.question, answer.likelihoods
    columns = {
        "truth": answer.truth,
        "prediction": answer.prediction,
        "scores": answer.prediction if answer.scores is None else answer.scores,
        "floor": answer.floor,
        "floor_scores": answer.floor if answer.floor_scores is None else answer.floor_scores,
    }
    listed = {name: [_known(value) for value in values] for name, values in columns.items()}
    own = {"task": task.name, "item": question.item, "group": question.group, "tags": list(question.tags)}
    ranked = {
        "likelihoods": None if nats is None else [_known(value) for value in nats],
        "right": None if nats is None else [place for place, value in enumerate(question.truth) if value > 0],
        "digest": task.digest_of_item(question),
    }
    return {**own, **listed, "parsed": answer.parsed, "answer": answer.answer, "reply": answer.reply, **ranked}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
