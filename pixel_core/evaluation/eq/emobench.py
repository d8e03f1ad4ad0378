"""EmoBench by path: which emotion somebody feels and why (EU), and what had best be done or said (EA). Nobody judges.

The files `EU.jsonl` and `EA.jsonl` as published; rows in English are asked. Choices are ranked by log-likelihood a byte. For EU every
emotion is joined with every cause, and both must be right: with six emotions and four or six causes the joint chance is 3.75 %.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, ChoiceTask, Question
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.items import ItemError

T = TypeVar("T")
VERSION = "1"
_CATEGORY, _CAUSES = "category:", "causes:"
UNDERSTANDING, APPLICATION = "EU.jsonl", "EA.jsonl"


@dataclass(frozen=True, kw_only=True)
class Understanding(ChoiceTask):
    """Columns: emotion and cause both right, the emotion, the cause; a choice is an emotion joined with a cause.

    Every emotion stands with all causes before the next one does. Floor: the chance of a random choice.
    """

    def _ranked(self, question: Question, likelihoods: Sequence[float]) -> Answer:
        """The answer with the hits of the likeliest choice, as a whole and by its parts."""
        answer, causes = super()._ranked(question, likelihoods), _causes(question)
        chance = [1 / len(question.choices), causes / len(question.choices), 1 / causes]
        if answer.answer is None:
            return replace(answer, truth=[1.0] * 3, prediction=[0.0] * 3, floor=chance)
        (emotion, cause), (felt, why) = (divmod(place, causes) for place in (int(answer.answer), question.truth.index(1.0)))
        hits = [float(emotion == felt and cause == why), float(emotion == felt), float(cause == why)]
        return replace(answer, truth=[1.0] * 3, prediction=hits, floor=chance)


def emobench(data: HeldOut, folder: Path) -> tuple[ChoiceTask, ...]:
    """Both tasks of the folder; items that stand in training are left out and counted."""
    return understanding(data, folder), application(data, folder)


def understanding(data: HeldOut, folder: Path) -> Understanding:
    """Emotional understanding, EU; figures of the joint hit by category too."""
    questions, excluded = data.keep(_english(folder / UNDERSTANDING, _understood))
    measures = (
        Measure("emobench_eu", "mean", "random", (0,)),
        Measure("emobench_eu_emotion", "mean", "random", (1,)),
        Measure("emobench_eu_cause", "mean", "random", (2,)),
        *_by_category("emobench_eu", questions),
    )
    return Understanding(name="emobench_eu", axis="eq", version=VERSION, questions=questions, measures=measures, excluded=excluded)


def application(data: HeldOut, folder: Path) -> ChoiceTask:
    """Emotional application, EA; figures by category too."""
    questions, excluded = data.keep(_english(folder / APPLICATION, _applied))
    measures = (Measure("emobench_ea", "mean", "random"), *_by_category("emobench_ea", questions))
    return ChoiceTask(name="emobench_ea", axis="eq", version=VERSION, questions=questions, measures=measures, excluded=excluded)


def _causes(question: Question) -> int:
    """How many causes each emotion is joined with."""
    return next(int(tag.removeprefix(_CAUSES)) for tag in question.tags if tag.startswith(_CAUSES))


def _understood(row: Mapping[str, Any]) -> Question:
    pairs = tuple(product(row["emotion_choices"], row["cause_choices"]))
    wanted = (row["emotion_label"], row["cause_label"])
    asked = f"{row['scenario']}\n\nWhat does {row['subject']} feel in this situation, and why?"
    tags = (f"{_CATEGORY}{row['coarse_category']}", f"{_CAUSES}{len(row['cause_choices'])}")
    return _question(row, asked, [f"{emotion}. {cause}" for emotion, cause in pairs], [pair == wanted for pair in pairs], tags)


def _applied(row: Mapping[str, Any]) -> Question:
    what = {"action": "do", "response": "say"}[row["question type"].lower()]
    asked = f"{row['scenario']}\n\nWhat had {row['subject']} best {what}?"
    tags = (f"{_CATEGORY}{row['category'].lower().replace('-', '_')}",)
    return _question(row, asked, row["choices"], [choice == row["label"] for choice in row["choices"]], tags)


def _question(row: Mapping[str, Any], asked: str, choices: Sequence[str], right: Sequence[bool], tags: tuple[str, ...]) -> Question:
    if sum(right) != 1 or len(set(choices)) != len(choices):
        raise ValueError(f"{sum(right)} of {len(choices)} choices are the label, and {len(set(choices))} differ: one must be, and all must")
    item = str(row["qid"]).zfill(3)
    turns = (Turn("user", "other", asked),)
    return Question(item, item, turns, tuple(map(float, right)), row["scenario"], tags, choices=tuple(choices))


def _by_category(name: str, questions: Sequence[Question]) -> Iterator[Measure]:
    for tag in sorted({tag for question in questions for tag in question.tags if tag.startswith(_CATEGORY)}):
        yield Measure(f"{name}_{tag.removeprefix(_CATEGORY)}", "mean", "random", (0,), tags=(tag,))


def _english(path: Path, read: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """The English rows of a file; raises ItemError naming file and line."""
    if not path.is_file():
        raise ItemError(f"{path} does not exist: name the folder that holds EmoBench's {UNDERSTANDING} and {APPLICATION}")
    seen: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            if row["language"] != "en":
                continue
            if row["qid"] in seen:
                raise ValueError(f"qid {row['qid']!r} stands twice")
            seen.add(row["qid"])
            found = read(row)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ItemError(f"{path} line {number}: {type(error).__name__}: {error}") from error
        yield found
