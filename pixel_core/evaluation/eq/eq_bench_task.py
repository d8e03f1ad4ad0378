"""EQ-Bench v2 asked of a checkpoint: the published prompt, greedy, both passes of the reply parsed, both conventions reported.

Which pass counts is decided for the run as a whole (see `choose_pass`). A run with fewer than 83.33 % parsed fails the original
convention and has 0 points by it; the other one counts every unparsed item as 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixel_core.conversation import Turn
from pixel_core.evaluation.eq.eq_bench import Answers, best_constant, choose_pass, item_score, parse_passes, reference_of, score_eq_bench
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.items import ItemError
from pixel_core.evaluation.respondents.respondent import Respondent

NAME, VERSION = "eq_bench", "1"
REPLY_TOKENS = 600  # two passes of four lines, and a critique between them
ORIGINAL, COUNTED, HARNESS, PARSED = range(4)  # columns: points and whether they count by the original convention, points, parsed


@dataclass(frozen=True, kw_only=True)
class EqBench(Task):
    """Points of a hundred for intensities of four emotions: the choices of each question, whose truth are the reference intensities.

    Floor: the number that scores best when it is given for everything (3).
    """

    reply_tokens: int = REPLY_TOKENS

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        replies = respondent.replies([q.turns for q in self.questions], "assistant", self.reply_tokens)
        references = {q.item: dict(zip(q.choices, q.truth, strict=True)) for q in self.questions}
        passes = {q.item: parse_passes(reply, set(q.choices)) for q, reply in zip(self.questions, replies, strict=True)}
        chosen = chosen_pass(passes, references)
        succeeded = score_eq_bench(chosen, _published(references), count=1).original is not None
        constant = best_constant(list(references.values()))
        return [
            Answer(
                question,
                [1.0] * 4,
                columns(chosen.get(question.item), references[question.item], succeeded=succeeded),
                [*columns(dict.fromkeys(question.choices, constant), references[question.item], succeeded=True)[:PARSED], 0.0],
                parsed=question.item in chosen,
                answer=json.dumps(chosen[question.item], sort_keys=True) if question.item in chosen else None,
                reply=reply,
            )
            for question, reply in zip(self.questions, replies, strict=True)
        ]


def eq_bench(data: HeldOut, path: Path) -> EqBench:
    """The questions of the published file; those that stand in training are left out and counted."""
    questions, excluded = data.keep(question_of(key, question) for key, question in read_questions(path).items())
    measures = (
        Measure("eq_bench", "points", "constant", (HARNESS,)),
        Measure("eq_bench_original", "points_of_parsed", "constant", (ORIGINAL, COUNTED)),
        Measure("eq_bench_parsed", "mean", "constant", (PARSED,)),
    )
    return EqBench(name=NAME, axis="eq", version=VERSION, questions=questions, measures=measures, excluded=excluded)


def read_questions(path: Path) -> dict[str, dict[str, Any]]:
    """The questions by id; raises ItemError unless each has a prompt and intensities of four different emotions."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ItemError(f"{path} cannot be read as the questions of EQ-Bench: {error}; name eq_bench_v2_questions_171.json") from error
    if not isinstance(found, dict) or not found:
        raise ItemError(f"{path} holds no questions by id: name eq_bench_v2_questions_171.json")
    for key, question in found.items():
        try:
            reference_of(question, key)
            asked = bool(question["prompt"].strip())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ItemError(f"{path} question {key!r}: {type(error).__name__}: {error}") from error
        if not asked:
            raise ItemError(f"{path} question {key!r}: the prompt is empty")
    return found


def question_of(key: str, question: Mapping[str, Any]) -> Question:
    """The prompt as the user's turn, the emotions as choices, and the reference in the form that the prompt asks for as right reply."""
    reference = reference_of(question)
    lines = "\n".join(f"{name}: {round(value)}" for name, value in reference.items())
    right = f"First pass scores:\n{lines}\n\nCritique: none.\n\nRevised scores:\n{lines}\n\n[End of answer]"
    return Question(
        item=key.zfill(3),
        group=key.zfill(3),
        turns=(Turn("user", "other", question["prompt"]),),
        truth=tuple(reference.values()),
        text=question["prompt"],
        choices=tuple(reference),
        right=(right,),
    )


def chosen_pass(
    passes: Mapping[str, tuple[dict[str, float] | None, dict[str, float] | None]], references: Mapping[str, Mapping[str, float]]
) -> Answers:
    """The parsed answers, by item, of the pass that counts for the run."""
    first, revised = ({item: found[k] for item, found in passes.items() if found[k] is not None} for k in (0, 1))
    return choose_pass(first, revised, _published(references))  # type: ignore[arg-type]


def columns(answer: Mapping[str, float | str] | None, reference: Mapping[str, float], *, succeeded: bool) -> list[float]:
    """The row of one answer; all 0 where it could not be parsed."""
    score = None if answer is None else item_score(answer, reference)
    if score is None:
        return [0.0] * 4
    return [10 * score if succeeded else 0.0, 1.0, 10 * score, 1.0]


def _published(references: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, dict[str, float | str]]]:
    """References in the form of the published file."""
    return {
        item: {
            "reference_answer_fullscale": {
                key: value
                for k, (name, intensity) in enumerate(reference.items(), 1)
                for key, value in ((f"emotion{k}", name), (f"emotion{k}_score", intensity))
            }
        }
        for item, reference in references.items()
    }
