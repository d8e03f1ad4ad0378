"""Expressed empathy as the model's own head sees it: in replies of the model, beside human replies at the same places.

A head judged by itself proves nothing, so whatever rests on this is indicative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure, Values
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.statistics.metrics import Name
from pixel_core.model.heads import EMPATHY

_SOURCES: tuple[tuple[str, Values], ...] = (("own", "prediction"), ("human", "scores"))


@dataclass(frozen=True, slots=True)
class Expressed:
    """Replies of the model with the expected level of each mechanism in them, and in the human replies; NaN where untrained.

    Where the head says no number of one of both, neither has any, and the answer is not `parsed`.
    """

    replies: list[str]
    own: list[list[float]]
    human: list[list[float]]
    parsed: list[bool]


def expressed(respondent: Respondent, answered: Sequence[Sequence[Turn]], reply_tokens: int) -> Expressed:
    """What becomes of dialogues whose last turn is a human reply, when the model replies in its stead."""
    before = [turns[:-1] for turns in answered]
    replies = respondent.replies(before, "therapist", reply_tokens)
    said = [(*turns, Turn("assistant", "therapist", text)) for turns, text in zip(before, replies, strict=True)]
    trained = respondent.supervised("empathy")
    own, human = (_levels(respondent, dialogues, trained) for dialogues in (said, answered))
    heard = [not any(isnan(a + b) for a, b, count in zip(*pair, trained, strict=True) if count) for pair in zip(own, human, strict=True)]
    own, human = ([row if ok else [nan] * len(row) for row, ok in zip(rows, heard, strict=True)] for rows in (own, human))
    return Expressed(replies, own, human, heard)


def own_beside_human(kind: str, names: Sequence[str], statistic: Name, floor: str) -> tuple[Measure, ...]:
    """A figure `own_<kind>_<name>` a column, then one of the human replies for each: they stand in the `scores`."""
    return tuple(
        Measure(f"{whose}_{kind}_{name}", statistic, floor, (k,), use, indicative=True)
        for whose, use in _SOURCES
        for k, name in enumerate(names)
    )


def _levels(respondent: Respondent, dialogues: Sequence[Sequence[Turn]], trained: Sequence[int]) -> list[list[float]]:
    """The expected level of each mechanism in the last turn, NaN where untrained; 0 for a reply that says nothing."""
    found = []
    for dialogue, heads in zip(dialogues, respondent.heads(dialogues, [len(d) - 1 for d in dialogues]), strict=True):
        said = heads["empathy"].scores if dialogue[-1].content and "empathy" in heads else (0.0,) * len(EMPATHY)
        found.append([level if count else nan for level, count in zip(said, trained, strict=True)])
    return found
