"""Calibration against people: what the empathy head finds in a text, beside how much empathy its writer felt.

Empathic Reactions (Buechel et al., 2018), by path: replies to news stories whose writers rated their own concern on 1-7. Felt is not
shown, so nobody gets near 1 here; a head that does not correlate with it at all measures something else than it says.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

import numpy as np

from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut, lot_of
from pixel_core.evaluation.items import ItemError
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.statistics.metrics import Array
from pixel_core.recipe import EvaluationRecipe

NAME, AXIS, VERSION = "empathy_ratings", "empathy", "1"
LOW, HIGH = 1.0, 7.0
_FOLDS = 5
_COLUMNS = ("message_id", "response_id", "empathy", "essay")


@dataclass(frozen=True, kw_only=True)
class Ratings(Task):
    """The rating of each text in [0, 1], as a line through the levels of the head says it that was fitted on other writers.

    `scores` are the mean levels themselves over 2. Floor: the mean rating of the other writers, and of the scores, what the head
    says before it has read anything.
    """

    head: str = "empathy"

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        learned = np.array([bool(count) for count in respondent.supervised(self.head)])
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])
        levels = np.array([heads[self.head].scores for heads in said])[:, learned]
        prior = np.array(respondent.prior(self.head).scores)[learned]
        ratings = np.array([question.truth[0] for question in self.questions])
        parsed = ~np.isnan(levels).any(1)
        fitted, mean = cross_fitted(levels, ratings, [question.group for question in self.questions])
        shown = levels.mean(1) / 2 if learned.any() else np.full(len(ratings), nan)
        before = float(prior.mean() / 2) if learned.any() else nan
        return [
            Answer(question, question.truth, [float(fitted[k])], [float(mean[k])], [float(shown[k])], [before], parsed=bool(parsed[k]))
            for k, question in enumerate(self.questions)
        ]


def ratings(data: HeldOut, path: Path, recipe: EvaluationRecipe) -> Ratings:
    """The texts of the published file, at most `recipe.items`; those that stand in training are left out and counted."""
    questions, excluded = data.keep(read_ratings(path), recipe.items)
    measures = (
        Measure("empathy_ratings_correlation", "correlation", "prior", use="scores"),
        Measure("empathy_ratings_mae", "mae", "mean rating"),
        Measure("empathy_ratings_calibration_error", "calibration_error", "mean rating"),
    )
    return Ratings(name=NAME, axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded)


def read_ratings(path: Path) -> list[Question]:
    """A question for every rated text, grouped by writer; raises ItemError naming file and line."""
    if not path.is_file():
        raise ItemError(f"{path} does not exist: name the published messages.csv of Empathic Reactions")
    found: dict[str, Question] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if missing := sorted(set(_COLUMNS) - set(reader.fieldnames or ())):
            raise ItemError(f"{path} has no column {', '.join(missing)}: name the published messages.csv of Empathic Reactions")
        for row in reader:
            try:
                question = _question(row)
                if question.item in found:
                    raise ValueError(f"message_id {question.item!r} stands twice")
            except (AttributeError, TypeError, ValueError) as error:
                raise ItemError(f"{path} line {reader.line_num}: {type(error).__name__}: {error}") from error
            found[question.item] = question
    return list(found.values())


def cross_fitted(levels: Array, truth: Array, groups: Sequence[str]) -> tuple[Array, Array]:
    """For every item what a line through the levels of other groups' items says, in [0, 1], and the mean of their truth.

    Groups are dealt into five folds by their names alone. NaN where there are no levels, or too few items to fit anything, and for
    an item whose levels are no numbers, which no line is fitted on.
    """
    heard = ~np.isnan(levels).any(1)
    fold = np.array([int(lot_of(group), 16) % _FOLDS for group in groups])
    design = np.column_stack([np.ones(len(levels)), levels])
    fitted, mean = np.full(len(truth), nan), np.full(len(truth), nan)
    for number in range(_FOLDS):
        held, known = fold == number, fold != number
        if held.any() and known.any():
            weights = np.linalg.lstsq(design[known & heard], truth[known & heard], rcond=None)[0]
            fitted[held], mean[held] = np.clip(design[held] @ weights, 0, 1), truth[known].mean()
    return (fitted if levels.shape[1] else np.full(len(truth), nan)), mean


def _question(row: dict[str, str]) -> Question:
    rating, essay = float(row["empathy"]), row["essay"].strip()
    if not (isfinite(rating) and LOW <= rating <= HIGH) or not essay:
        raise ValueError(f"empathy {row['empathy']!r} is no rating from 1 to 7, or the essay is empty")
    turns = (Turn("assistant", "therapist", essay),)
    return Question(row["message_id"], row["response_id"], turns, ((rating - LOW) / (HIGH - LOW),), essay, t=0)
