"""Coherence: does the reply belong to its dialogue? The true reply among those of other dialogues, by likelihood.

Dialogues of one kind stand in fours, and all four are asked about the same four replies. Whoever prefers a reply for what it is,
and not for the dialogue it answers, prefers it four times and is right once: chance, whatever the preference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, Question

VERSION = "1"
TOGETHER = 4  # dialogues that share their replies as choices
_TURNS = 4  # last turns of a dialogue that are read
_WORDS = 24  # words of a reply that are read


def coherence(questions: Sequence[Question], *, axis: str, excluded: Mapping[str, int]) -> ChoiceTask:
    """Questions whose turn t is the true reply, in fours of one category; what is left over when they are dealt out is not asked."""
    kinds: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in questions:
        kinds[tuple(tag for tag in question.tags if tag.startswith("category:"))].append(question)
    fours = [four for kind in sorted(kinds) for four in _fours(kinds[kind])]
    return ChoiceTask(
        name="coherence",
        axis=axis,
        version=VERSION,
        questions=tuple(asked for number, four in enumerate(fours) for asked in _asked(four, f"four:{number}")),
        measures=(Measure("coherence", "mean", "random", (0,)),),
        excluded=excluded,
    )


def begun(questions: Iterable[Question]) -> list[Question]:
    """The questions with as much of their reply as is shown for a right answer: it may stand in training where the whole does not."""
    return [replace(question, right=(_begin(question),)) for question in questions]


def _fours(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """Fours of different groups with different replies, as they come."""
    waiting = list(questions)
    while waiting:
        four: list[Question] = []
        for question in waiting:
            if len(four) < TOGETHER and not any(question.group == one.group or _begin(question) == _begin(one) for one in four):
                four.append(question)
        if len(four) < TOGETHER:
            return
        yield four
        waiting = [question for question in waiting if question not in four]


def _asked(four: Sequence[Question], group: str) -> Iterator[Question]:
    choices = tuple(sorted(_begin(question) for question in four))
    for question in four:
        truth = tuple(float(choice == _begin(question)) for choice in choices)
        before = question.turns[: question.t][-_TURNS:]
        yield replace(question, turns=before, truth=truth, choices=choices, group=group, t=0, right=())


def _begin(question: Question) -> str:
    return " ".join(question.turns[question.t].content.split()[:_WORDS])
