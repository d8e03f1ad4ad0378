"""Therapeutic flow: does a reply do, at its place in the session, what the human reply there does?

What a reply does is what the head `technique` says of it beyond its prior. The head judges its own model, so the figures are
indicative; a reply that is the human one agrees wholly, and the floor is how far human replies to other sessions agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.statistics.metrics import Array

HEAD = "technique"
VERSION = "1"
_STILL = 1e-3  # a change smaller than this is none: checkpoint-0 says the prior of everything
STAGES = ("opening", "middle", "closing")


@dataclass(frozen=True, kw_only=True)
class Flow(Task):
    """Replies as therapist at a place of a held-out session: the cosine between what they and the human replies do beyond the prior."""

    reply_tokens: int

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        trained = any(respondent.supervised(HEAD))
        human = self._techniques(respondent, [q.turns[q.t].content for q in self.questions])
        written = respondent.replies([q.turns[: q.t] for q in self.questions], "therapist", self.reply_tokens)
        own = self._techniques(respondent, written)
        found = []
        for place, (question, text) in enumerate(zip(self.questions, written, strict=True)):
            same = text == question.turns[question.t].content
            others = [agreement(human[other], human[place]) for other in range(len(human)) if other != place]
            floor = math.fsum(others) / len(others) if others else 0.0
            value = 1.0 if same else agreement(own[place], human[place])
            parsed = not (trained and np.isnan(own[place]).any())
            found.append(Answer(question, [1.0], [value if trained and parsed else math.nan], [floor], parsed=parsed, reply=text))
        return found

    def _techniques(self, respondent: Respondent, replies: Sequence[str]) -> list[Array]:
        """What each reply does at its place beyond the prior; nothing for one that says nothing."""
        prior = np.array(respondent.prior(HEAD).scores)
        asked = [
            (*q.turns[: q.t], replace(q.turns[q.t], content=text)) for q, text in zip(self.questions, replies, strict=True) if text.strip()
        ]
        heads = iter(respondent.heads(asked, [len(turns) - 1 for turns in asked]))
        said = [next(heads) if text.strip() else {} for text in replies]
        return [np.array(one[HEAD].scores) - prior if HEAD in one else np.zeros(len(prior)) for one in said]


def flow(questions: Sequence[Question], *, axis: str, excluded: Mapping[str, int], reply_tokens: int) -> Flow:
    """Those of the questions about a reply whose turn t is a therapist's, with figures for each stage of a session."""
    asked = tuple(replace(q, truth=(1.0,), right=(q.turns[q.t].content,)) for q in questions if q.turns[q.t].part == "therapist")
    stages = tuple(Measure(f"flow_{stage}", "mean", "other sessions", tags=(f"stage:{stage}",), indicative=True) for stage in STAGES)
    return Flow(
        name="flow",
        axis=axis,
        version=VERSION,
        questions=asked,
        measures=(Measure("flow", "mean", "other sessions", indicative=True), *stages),
        excluded=excluded,
        reply_tokens=reply_tokens,
    )


def agreement(one: Array, other: Array) -> float:
    """The cosine of two changes, from -1 (opposite) to 1; 0 where either changes nothing."""
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    return round(float(one @ other) / (lengths[0] * lengths[1]), 6) if all(length > _STILL for length in lengths) else 0.0


def stage_of(place: int, count: int) -> str:
    """The stage of the reply number `place` among the `count` replies of a session, by thirds."""
    return STAGES[len(STAGES) * place // count]
