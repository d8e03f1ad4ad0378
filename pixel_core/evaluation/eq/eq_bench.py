"""EQ-Bench v2: intensities of four emotions in a character, scored against reference intensities.

Two conventions exist and differ, so both are given: the original leaves unparsed items out and fails a run
with fewer than 83.33 % parsed; the lm-evaluation-harness counts them 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pixel_core.evaluation.statistics.intervals import Interval, bootstrap_mean

Answers = Mapping[str, Mapping[str, float | str]]
_PAIR = re.compile(r"(\w+):\s+(\d+)")
_HEADING, _REVISED = "First pass scores:", "Revised scores:"
_FIRST = re.compile(rf"{_HEADING}(.*?)Critique:", re.DOTALL)
_MIN_PARSED = 0.8333
_MIN_REVISED = 0.95
_CONSTANTS = range(11)


@dataclass(frozen=True, slots=True)
class EqBenchScore:
    """A run's score out of 100, by both conventions.

    `original` is None when too few items were parsed. `parsed` is the share of questions answered with exactly
    the four emotions asked for. `interval` belongs to `original`, or to `harness` where there is none. `floor`
    is the best that one number for every emotion of every question gets.
    """

    original: float | None
    harness: float
    parsed: float
    interval: Interval
    floor: float


def score_eq_bench(answers: Answers, questions: Mapping[str, Any], *, count: int = 1000, seed: str = "eq_bench") -> EqBenchScore:
    """The score of answers (question id -> {emotion: intensity 0-10}) to the questions of the published file.

    An answer that does not name exactly the four emotions, spelled as asked, with a number each, is unparsed.
    Raises ValueError for an answer to a question that does not exist, for a question without four emotions and their numbers,
    and without questions.
    """
    if not questions:
        raise ValueError("no questions: give the content of eq_bench_v2_questions_171.json")
    if strangers := set(answers) - set(questions):
        raise ValueError(f"answer to question {min(strangers)!r}, which is not among the {len(questions)} questions")
    references = {key: reference_of(question, key) for key, question in questions.items()}
    scores = {key: item_score(answers.get(key) or {}, reference) for key, reference in references.items()}
    parsed = [10 * score for score in scores.values() if score is not None]
    counted = [10 * (score or 0.0) for score in scores.values()]
    share = len(parsed) / len(counted)
    original = math.fsum(parsed) / len(parsed) if share >= _MIN_PARSED else None
    interval = bootstrap_mean(counted if original is None else parsed, count=count, seed=seed)
    return EqBenchScore(original, math.fsum(counted) / len(counted), share, interval, _floor(list(references.values())))


def choose_pass(first: Answers, revised: Answers, questions: Mapping[str, Any]) -> Answers:
    """The pass that the original convention reports: the revised one when it scores no lower and at least 95 % of it is parsed."""
    before, after = score_eq_bench(first, questions, count=1), score_eq_bench(revised, questions, count=1)
    better = after.original is not None and after.original >= (before.original if before.original is not None else -math.inf)
    return revised if better and after.parsed >= _MIN_REVISED else first


def parse_passes(text: str, names: set[str]) -> tuple[dict[str, float] | None, dict[str, float] | None]:
    """The intensities of the first and of the revised pass of a reply in the form that the prompt asks for; None for one that is not there.

    Stars and hashes of Markdown are dropped. The first pass stands between `First pass scores:` and `Critique:`, the revised
    one behind `Revised scores:`; where none of these headings stands, the whole reply is the first pass.
    """
    plain = text.replace("*", "").replace("#", "")
    found = _FIRST.search(plain)
    _, heading, behind = plain.partition(_REVISED)
    if not heading and _HEADING not in plain:
        return parse_answer(plain, names), None
    first = parse_answer(found.group(1), names) if found else None
    return first, parse_answer(behind.split(_REVISED)[0], names) if heading else None


def parse_answer(text: str, names: set[str]) -> dict[str, float] | None:
    """The intensities that a text gives: `name: number` for exactly the names asked for, else None; of a name twice the last counts."""
    found = {name: float(number) for name, number in _PAIR.findall(text)}
    return found if set(found) == names else None


def reference_of(question: Mapping[str, Any], name: str = "") -> dict[str, float]:
    """The reference intensities of a question on the full 0-10 scale; raises ValueError, with its name, when it has not four of them."""
    try:
        reference = question["reference_answer_fullscale"]
        found = {reference[f"emotion{k}"]: float(reference[f"emotion{k}_score"]) for k in range(1, 5)}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"question {name!r} is not as in eq_bench_v2_questions_171.json: {type(error).__name__} {error}") from error
    if len(found) != 4 or not all(map(math.isfinite, found.values())):
        raise ValueError(f"question {name!r}: two emotions have one name, or a number is not finite: {found}")
    return found


def item_score(answer: Mapping[str, float | str], reference: Mapping[str, float]) -> float | None:
    """Up to 10, not clamped below; None when the answer is unparsed."""
    if set(answer) != set(reference):
        return None
    try:
        given = {name: float(value) for name, value in answer.items()}
    except (TypeError, ValueError):
        return None
    if not all(map(math.isfinite, given.values())):
        return None
    return 10 - 0.7477 * math.fsum(_penalty(abs(given[name] - wanted)) for name, wanted in reference.items())


def _penalty(distance: float) -> float:
    """Small distances cost little: a logistic curve up to 5, the distance itself beyond."""
    if distance == 0:
        return 0.0
    return 6.5 / (1 + math.exp(-1.2 * (distance - 4))) if distance <= 5 else distance


def best_constant(references: Sequence[Mapping[str, float]]) -> int:
    """The number that scores best when it is given for every emotion of every question."""
    return max(_CONSTANTS, key=lambda number: _constant(references, number))


def _floor(references: Sequence[Mapping[str, float]]) -> float:
    return _constant(references, best_constant(references))


def _constant(references: Sequence[Mapping[str, float]], number: int) -> float:
    scores = [item_score(dict.fromkeys(reference, number), reference) or 0.0 for reference in references]
    return 10 * math.fsum(scores) / len(scores)
