"""Gold questions: what somebody asks, and which places of the knowledge documents answer it, however these are cut into passages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from pixel_core.knowledge.located import located_in, parse_json
from pixel_core.knowledge.passages import TABLE as PASSAGES
from pixel_core.knowledge.sources import DOCUMENTS, KnowledgeError

Style = Literal["lexical", "paraphrase"]
Half = Literal["fit", "figures"]
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer stands: an entry (code, id or heading) of a document, and of a record possibly one field."""

    file: str
    entry: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A gold question. Style `paraphrase` shares no content word with the passages that answer it."""

    id: str
    question: str
    style: Style
    half: Half
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the rows of the passages that answer it."""

    question: Question
    rows: frozenset[int]


def read_gold(path: Path) -> list[Question]:
    """The gold questions of a JSON Lines file; raises KnowledgeError for a line that is none.

    Every second question of each style, in order of id, goes to the half that weights are fitted on; figures come from the other.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            answers = tuple(Answer(**answer) for answer in row["answers"])
            if row["style"] not in get_args(Style) or not answers:
                raise ValueError(f"style {row['style']!r}, {len(answers)} answers")
            rows.append((str(row["id"]), str(row["question"]), row["style"], answers))
        except (ValueError, KeyError, TypeError) as error:
            raise KnowledgeError(f"{path}, line {number} is not a question with id, question, style and answers: {error}") from error
    if len({row[0] for row in rows}) != len(rows):
        raise KnowledgeError(f"{path} uses an id twice")
    seen: dict[str, int] = {}
    questions = []
    for ident, text, style, answers in sorted(rows, key=lambda row: row[0]):
        seen[style] = seen.get(style, 0) + 1
        questions.append(Question(ident, text, style, "fit" if seen[style] % 2 else "figures", answers))
    return questions


def asked_of(questions: Sequence[Question], passages: Path) -> tuple[list[Asked], list[str]]:
    """The questions about documents that a `knowledge_passages` folder holds, with their rows; and the ids without a passage.

    A question none of whose documents are there is left out: it is about another knowledge base.
    """
    table = pl.read_parquet(passages / PASSAGES)
    texts = dict(pl.read_parquet(passages / DOCUMENTS).select("file", "text").iter_rows())
    rows_of: dict[str, list[tuple[int, list[tuple[int, int]]]]] = {}
    for row, (file, spans) in enumerate(table.select("file", "spans").iter_rows()):
        rows_of.setdefault(file, []).append((row, [(span["start"], span["end"]) for span in spans]))
    entries = {file: dict(_entries(file, texts[file])) for file in {a.file for q in questions for a in q.answers} & texts.keys()}
    asked, lost = [], []
    for question in questions:
        answers = [answer for answer in question.answers if answer.file in texts]
        places = [place for answer in answers for place in _places(answer, entries[answer.file])]
        found = {row for file, begin, end in places for row, spans in rows_of.get(file, []) if any(s < end and begin < e for s, e in spans)}
        if found:
            asked.append(Asked(question, frozenset(found)))
        elif answers:
            lost.append(question.id)
    return asked, lost


def _places(answer: Answer, entries: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """The character ranges of an answer in its document."""
    entry = entries.get(answer.entry)
    if isinstance(entry, tuple):
        yield answer.file, *entry
    elif isinstance(entry, Mapping):
        for text in located_in(entry if answer.part is None else entry.get(answer.part)):
            yield answer.file, text.start, text.end


def _entries(file: str, text: str) -> Iterator[tuple[str, Any]]:
    """The entries of a document by name: records of JSON by code or id, sections of Markdown by heading, as character ranges."""
    if not file.lower().endswith(".json"):
        headings = list(_HEADING.finditer(text))
        for place, heading in enumerate(headings):
            after = (other.start() for other in headings[place + 1 :] if len(other[1]) <= len(heading[1]))
            yield heading[2], (heading.end(), next(after, len(text)))
        return
    value = parse_json(text)
    for records in value.values() if isinstance(value, Mapping) else [value]:
        for record in records if isinstance(records, list) else []:
            if isinstance(record, Mapping) and (name := record.get("code") or record.get("id")):
                yield str(name), record
