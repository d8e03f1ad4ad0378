"""Contrasts: does the model prefer a reply to just this post to one of like length that would fit any post?

Twice: by likelihood, and by the levels of the empathy head. A head that rewards stock phrases, and a model that would rather say them,
fall below a half here, however empathic their figures look elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, ChoiceTask, Question, Task
from pixel_core.evaluation.held_out import HeldOut, lot_of
from pixel_core.evaluation.items import Contrast, read_contrasts
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.model.heads import EMPATHY

AXIS, VERSION = "empathy", "1"


@dataclass(frozen=True, kw_only=True)
class HeadContrast(Task):
    """Whether the head finds more in the specific reply: 1, in the formulaic one: 0, in both alike: a half.

    Columns: all mechanisms together, then each of them. `scores` are how many levels lie between the replies. Floor: a half.
    """

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        trained = [bool(count) for count in respondent.supervised("empathy")]
        dialogues = [
            (*question.turns, Turn("assistant", "therapist", choice)) for question in self.questions for choice in question.choices
        ]
        said = [heads["empathy"].scores for heads in respondent.heads(dialogues, [len(turns) - 1 for turns in dialogues])]
        return [self._compared(question, said[2 * place : 2 * place + 2], trained) for place, question in enumerate(self.questions)]

    def _compared(self, question: Question, said: Sequence[Sequence[float]], trained: Sequence[bool]) -> Answer:
        right = question.truth.index(1.0)
        gaps = [better - worse for better, worse in zip(said[right], said[1 - right], strict=True)]
        known = [gap for gap, learned in zip(gaps, trained, strict=True) if learned]
        parsed = not any(map(isnan, known))
        levels = [sum(known) if known else nan, *(gap if learned and parsed else nan for gap, learned in zip(gaps, trained, strict=True))]
        one, won = [1.0] * len(levels), [_win(gap) for gap in levels]
        half, even = ([value if learned else nan for learned in (any(trained), *trained)] for value in (0.5, 0.0))
        return Answer(question, one, won, half, levels, even, parsed=parsed)


def contrasts(data: HeldOut) -> tuple[Task, ...]:
    """The shipped contrasts, by likelihood and by the head."""
    questions, excluded = data.keep(map(question_of, read_contrasts(data.scenarios)))
    by_head = [Measure("contrast_head", "mean", "random", (0,))]
    by_head += [Measure(f"contrast_head_{mechanism}", "mean", "random", (k,)) for k, mechanism in enumerate(EMPATHY, 1)]
    liked = (Measure("contrast_likelihood", "mean", "random"),)
    return (
        ChoiceTask(name="contrast_likelihood", axis=AXIS, version=VERSION, questions=questions, measures=liked, excluded=excluded),
        HeadContrast(name="contrast_head", axis=AXIS, version=VERSION, questions=questions, measures=tuple(by_head), excluded=excluded),
    )


def question_of(contrast: Contrast) -> Question:
    """The post as the client's turn and both replies as choices, in an order that the id alone decides."""
    first = int(lot_of(contrast.id), 16) % 2 == 0
    choices = (contrast.specific, contrast.formulaic) if first else (contrast.formulaic, contrast.specific)
    turns = (Turn("user", "client", contrast.text),)
    return Question(contrast.id, contrast.id, turns, (float(first), float(not first)), contrast.text, choices=choices)


def _win(gap: float) -> float:
    return nan if isnan(gap) else 0.5 if gap == 0 else float(gap > 0)
