"""Multiple-choice questions of the field by path (professional psychology, for instance), in the usual columns of MMLU.

A CSV has question, A, B, C, D, answer in this order, with a header or without; a JSONL has these keys, or `choices` and the
answer's index. Nothing of such a file ships or is copied: the items in the artifact are named by line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, Question
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.items import ItemError

AXIS = "clinical"
VERSION = "1"
LETTERS = "ABCD"


@dataclass(frozen=True, slots=True)
class KnowledgeQuestion:
    """A question with four different choices, of which `answer` (an index) is right; `line` is where it stands in its file."""

    line: int
    question: str
    choices: tuple[str, ...]
    answer: int


def read_questions(path: Path) -> list[KnowledgeQuestion]:
    """The questions of a CSV or JSONL file; raises ItemError naming the line that is malformed, or the file that holds none."""
    if not path.is_file():
        raise ItemError(f"{path} does not exist: name a CSV or JSONL file in evaluation.mcq, or null")
    found = list(_of_json(path) if path.suffix in (".jsonl", ".ndjson") else _of_csv(path))
    if not found:
        raise ItemError(f"{path} holds no question: give one a line, as question, A, B, C, D, answer")
    return found


def knowledge_questions(data: HeldOut, path: Path) -> ChoiceTask:
    """The questions of a file, their choices ranked by likelihood a byte; a question in the training text is left out and counted."""
    asked = (_asked(question) for question in read_questions(path))
    questions, excluded = data.keep(asked)
    measures = (Measure("psychology_questions", "mean", "random"),)
    return ChoiceTask(name="psychology_questions", axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded)


def _asked(question: KnowledgeQuestion) -> Question:
    name = f"line-{question.line:05d}"
    truth = tuple(float(k == question.answer) for k in range(len(LETTERS)))
    return Question(name, name, (Turn("user", "other", question.question),), truth, question.question, choices=question.choices)


def _of_csv(path: Path) -> Iterator[KnowledgeQuestion]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        for row in lines:
            heads = [cell.strip().lower() for cell in row]
            if not any(heads) or (lines.line_num == 1 and heads[:1] == ["question"]):
                continue
            if len(row) != len(LETTERS) + 2:
                raise ItemError(f"{path} line {lines.line_num}: {len(row)} columns, not question, A, B, C, D, answer")
            yield _question(path, lines.line_num, row[0], row[1:-1], row[-1])


def _of_json(path: Path) -> Iterator[KnowledgeQuestion]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield _question(path, number, row["question"], row["choices"] if "choices" in row else [row[x] for x in LETTERS], row["answer"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ItemError(f"{path} line {number}: {type(error).__name__}: {error}") from error


def _question(path: Path, line: int, question: str, choices: list[str], answer: Any) -> KnowledgeQuestion:
    texts = tuple(str(choice).strip() for choice in choices)
    named = LETTERS.find(answer.strip().upper()) if isinstance(answer, str) and len(answer.strip()) == 1 else answer
    if isinstance(named, bool) or not isinstance(named, int) or not 0 <= named < len(LETTERS):
        raise ItemError(f"{path} line {line}: answer {answer!r} is none of A, B, C, D and no index from 0 to 3")
    if len(set(texts)) != len(LETTERS) or not all(texts) or not str(question).strip():
        raise ItemError(f"{path} line {line}: a question has a text and four different choices")
    return KnowledgeQuestion(line, str(question).strip(), texts, named)
