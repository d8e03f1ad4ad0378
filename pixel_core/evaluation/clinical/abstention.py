"""Abstention: the heads that name disorders as a reply has them, silent below the confidence that is stored with the checkpoint.

The other figures of these heads are of all that they would say. These say how much of it is said aloud, and how often that is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task, says_numbers
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Respondent

VERSION = "1"
RIGHT, SAID, COUNTED, NAMED = range(4)
_NOTHING = (math.nan,) * 4
_BROKEN = (0.0, 0.0, 1.0, 1.0)  # no number: whoever hears it hears something, and nothing of it is right


@dataclass(frozen=True, kw_only=True)
class Abstaining(Task):
    """The likeliest trained output of a head that may abstain, and whether it is said aloud. Floor: the likeliest of the training prior.

    Columns: whether it is right; whether it is said, where something is there to be named; whether it is said at all, for which the floor
    speaks where the head does (which is neither right nor wrong); whether something is named where nothing is there. What is no number
    is heard, and wrong. Of a head that says nothing nothing is right: read it beside the coverage.
    """

    head: str

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        prior, seen = respondent.prior(self.head), respondent.supervised(self.head)
        trained = [index for index, count in enumerate(seen) if count]
        least = respondent.least_confidence(self.head)
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])
        found = []
        for question, heads in zip(self.questions, said, strict=True):
            among = [index for index in trained if not math.isnan(question.truth[index])]
            parsed = says_numbers(heads[self.head], seen)
            own = _become(question, heads[self.head], among, least) if parsed else list(_BROKEN)
            unread = _become(question, prior, among, least)
            floor = [unread[RIGHT], unread[SAID], own[COUNTED], unread[NAMED]]
            told, floor = (own, floor) if trained else (list(_NOTHING), list(_NOTHING))
            found.append(Answer(question, _truth(question, among), told, floor, parsed=parsed))
        return found


def abstaining(task: Task, head: str, name: str) -> Abstaining:
    """The questions of a task that are about this head, as the head answers them aloud.

    Where only what is true is known nothing is asked: no answer could be wrong.
    """
    measures = (
        Measure(f"{name}_right_of_all", "mean", "prior", (RIGHT,)),
        Measure(f"{name}_coverage", "mean", "prior", (SAID,), indicative=True),  # to say more is no better in itself
        Measure(f"{name}_right_of_said", "mean_of_counted", "prior", (RIGHT, COUNTED)),
        Measure(f"{name}_where_nothing_is", "rate", "prior", (NAMED,)),
    )
    asked = tuple(question for question in task.questions if 0.0 in question.truth)
    return Abstaining(name=name, axis=task.axis, version=VERSION, questions=asked, measures=measures, excluded=task.excluded, head=head)


def _truth(question: Question, among: Sequence[int]) -> list[float]:
    """What is right by column; nothing is known where no output that was trained is known."""
    if not among:
        return list(_NOTHING)
    if any(value > 0 for value in question.truth):
        return [1.0, 1.0, 0.0, math.nan]
    return [math.nan, math.nan, 0.0, 0.0]


def _become(question: Question, said: HeadAnswer, among: Sequence[int], least: float) -> list[float]:
    """What becomes of an answer, by column; the first of equals is the likeliest."""
    if not among:
        return [0.0] * len(_NOTHING)
    best = max(among, key=lambda index: (said.scores[index], -index))
    aloud = float(said.scores[best] >= least)
    return [float(question.truth[best] > 0), aloud, aloud, aloud]
