"""Steadiness: is a conversation met with the same empathy in every turn?

Held-out conversations are answered turn by turn, each turn behind what was really said before it. The levels come from the same
head that was trained with the model, so these figures are indicative; human replies at the same places stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isnan, nan

import numpy as np

from pixel_core.conversation import Conversation, Turn
from pixel_core.evaluation.empathy.expressed import expressed, own_beside_human
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut, unlabelled
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.statistics.intervals import seeded
from pixel_core.recipe import EvaluationRecipe

AXIS, VERSION = "empathy", "1"
PLACES = 3  # replies of a conversation that are looked at: the first, the middle and the last one
_DEALS = 200


@dataclass(frozen=True, kw_only=True)
class SteadyReplies(Task):
    """A row a conversation; columns: how little the empathy of its replies varies, and that of the weakest of them.

    Empathy is the mean expected level of the trained mechanisms over 2, so it lies in [0, 1]; steadiness is 1 - (highest - lowest).
    Who says the same to everybody is perfectly steady, so the two are read together. `scores` are those of the human replies, `reply`
    holds the replies one below the other. Floor: as many replies dealt from all conversations.
    """

    reply_tokens: int

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        if not any(respondent.supervised("empathy")):
            return [Answer(question, [1.0] * 2, [nan] * 2, [nan] * 2) for question in self.questions]
        places = [_places(question.turns) for question in self.questions]
        answered = [question.turns[: t + 1] for question, own in zip(self.questions, places, strict=True) for t in own]
        levels = expressed(respondent, answered, self.reply_tokens)
        replies, own, human = levels.replies, _empathy(levels.own), _empathy(levels.human)
        ends = list(accumulate(map(len, places)))
        found = []
        for question, end, where in zip(self.questions, ends, places, strict=True):
            part = slice(end - len(where), end)
            parsed = all(levels.parsed[part])
            found.append(
                Answer(
                    question,
                    [1.0] * 2,
                    course(own[part]) if parsed else [nan] * 2,
                    dealt(own, len(where), question.item),
                    course(human[part]) if parsed else [nan] * 2,
                    dealt(human, len(where), question.item),
                    parsed=parsed,
                    reply="\n".join(replies[part]),
                )
            )
        return found


def steadiness(data: HeldOut, recipe: EvaluationRecipe) -> SteadyReplies:
    """Held-out conversations in which a therapist speaks three times or more, at most half of `recipe.replies` of them."""
    questions, excluded = data.keep(map(question_of, filter(_is_long, data.conversations)), max(1, recipe.replies // 2))
    return SteadyReplies(
        name="empathy_over_turns",
        axis=AXIS,
        version=VERSION,
        questions=questions,
        measures=own_beside_human("empathy", ("steadiness", "weakest"), "mean", "dealt"),
        excluded=excluded,
        reply_tokens=recipe.reply_tokens,
    )


def question_of(conversation: Conversation) -> Question:
    """The conversation up to its last reply that is looked at."""
    turns = unlabelled(conversation.turns)
    turns = turns[: _places(turns)[-1] + 1]
    text, first = "\n".join(turn.content for turn in turns if turn.role != "system"), _places(turns)[0]
    right = tuple(turn.content for turn in turns[first::2])
    return Question(conversation.id[:16], conversation.group, turns, (), text, t=first, right=right)


def course(levels: Sequence[float]) -> list[float]:
    """The columns of the empathy of replies in their order."""
    return [1 - (max(levels) - min(levels)), min(levels)]


def dealt(levels: Sequence[float], size: int, item: str) -> list[float]:
    """The mean columns of so many replies that are drawn from those of all conversations; seeded by the item.

    0 where the head says a number of none of them.
    """
    known = np.array([level for level in levels if not isnan(level)] or [0.0])
    drawn = seeded(f"{item}:dealt").choice(known, size=(_DEALS, size))
    spread = drawn.max(1) - drawn.min(1)
    return [float(1 - spread.mean()), float(drawn.min(1).mean())]


def _places(turns: Sequence[Turn]) -> list[int]:
    """The first, the middle and the last reply of the therapist to something that was said; fewer where there are no three."""
    found = [t for t, turn in enumerate(turns) if t and turn.part == "therapist" and turns[t - 1].role == "user"]
    return [found[0], found[len(found) // 2], found[-1]] if len(found) >= PLACES else found


def _is_long(conversation: Conversation) -> bool:
    return len(_places(conversation.turns)) == PLACES


def _empathy(levels: Sequence[Sequence[float]]) -> list[float]:
    """The empathy of replies: the mean level of the trained mechanisms over the highest one; NaN where the head says no number."""
    found = []
    for reply in levels:
        trained = [level for level in reply if not isnan(level)]
        found.append(sum(trained) / (2 * len(trained)) if trained else nan)
    return found
