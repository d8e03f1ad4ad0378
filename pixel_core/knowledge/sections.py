"""Sections of a document: the sentences that belong together, which no passage mixes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pixel_core.knowledge.blocks import Block
from pixel_core.knowledge.disorder_names import class_of_title
from pixel_core.knowledge.document import JSON_LINES, Document
from pixel_core.knowledge.framework import kind_of
from pixel_core.knowledge.listed import listed
from pixel_core.knowledge.located import Located, located, parse_json_lines, part
from pixel_core.knowledge.sentences import short_spans
from pixel_core.knowledge.sources import Rejected, read_json

_NOT_TEXT = frozenset({"id", "code", "chapter", "symptom", "group", "kind", "framework"})
_ALWAYS_TEXT = frozenset({"name", "title"})
_OWN = 2  # headings of this level or above always begin a section; deeper ones where the section is long enough already


@dataclass(slots=True)
class Section:
    """What belongs together: a record of a JSON file, or a headed part of another document."""

    kind: str
    heading: str
    code: str | None = None
    sentences: list[Located] = field(default_factory=list)
    words: int = 0
    has_body: bool = False  # more than headings


def sections_of(document: Document, words: int, rejected: Rejected) -> Iterator[Section]:
    """The sections of a document that hold a sentence, in order. Sentences longer than `words` words are cut.

    Lines of JSON Lines that are no JSON go to `rejected`; raises UnusableError for other JSON that is none.
    """
    if not document.is_json:
        yield from _Headed(document, words).sections()
        return
    values = _lines(document, rejected) if document.suffix in JSON_LINES else iter([read_json(document)])
    for value in values:
        for record in listed(value) or _lists(value) or [value]:
            section = _of_record(document, record, words)
            if section.sentences:
                yield section


def _lines(document: Document, rejected: Rejected) -> Iterator[Any]:
    for number, value in parse_json_lines(document.text):
        if isinstance(value, json.JSONDecodeError):
            rejected.add(document.file, f"line {number}", "malformed_json", f"line {number}, column {value.colno}: {value.msg}")
        else:
            yield value


def _lists(value: Any) -> list[Any]:
    """The entries of a list of objects, or of those that stand under the keys of one object."""
    lists = list(value.values()) if isinstance(value, Mapping) else [value]
    return [entry for entries in lists if _is_records(entries) for entry in entries]


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _of_record(document: Document, record: Any, words: int) -> Section:
    fields = record if isinstance(record, Mapping) else {}
    is_disorder = "criteria" in fields or "symptoms" in fields
    kind = "disorder" if is_disorder else kind_of(document.folders) or "document"
    section = Section(kind, str(fields.get("name") or fields.get("title") or ""))
    section.code = next((str(fields[key]) for key in ("code", "id") if fields.get(key)), None)
    for text in _texts(record):
        section.sentences += [part(document.text, text, begin, end) for begin, end in short_spans(text, words)]
    return section


def _texts(value: Any, key: str = "") -> Iterator[Located]:
    """The texts of a JSON value in reading order: strings with a space, and names; never ids and codes."""
    if isinstance(value, Located):
        if key in _ALWAYS_TEXT or (" " in value.strip() and key not in _NOT_TEXT):
            yield value
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _texts(entry, name)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, key)


class _Headed:
    """Cuts a headed document at its headings."""

    def __init__(self, document: Document, words: int) -> None:
        self._document = document
        self._words = words
        self._kind = kind_of(document.folders) or "document"
        self._title = ""
        self._code: str | None = None
        self._code_level = 0

    def sections(self) -> Iterator[Section]:
        """The sections; headings with nothing below them stand at the beginning of what follows."""
        section = Section(self._kind, "")
        for block in self._document.blocks:
            if block.kind == "heading":
                named = self._enter(block)
                if named or block.level <= _OWN or section.words >= self._words:
                    if section.has_body:
                        yield section
                        section = Section(self._kind, "")
                    section.kind, section.heading, section.code = self._place(block)
            sentences = list(self._sentences(block))
            section.sentences += sentences
            section.words += sum(len(sentence.split()) for sentence in sentences)
            section.has_body = section.has_body or block.kind != "heading"
        if section.sentences:
            yield section

    def _enter(self, block: Block) -> bool:
        """Take note of a heading; returns whether it names a disorder."""
        if block.level == 1:
            self._title = str(block.text)
        found = class_of_title(str(block.text))
        if found or block.level <= self._code_level:
            self._code, self._code_level = (found.id, block.level) if found else (None, 0)
        return found is not None

    def _place(self, block: Block) -> tuple[str, str, str | None]:
        heading = str(block.text) if block.level == 1 or not self._title else f"{self._title}: {block.text}"
        return "disorder" if self._code else self._kind, heading, self._code

    def _sentences(self, block: Block) -> Iterator[Located]:
        raw = self._document.text[block.text.start : block.text.end]
        for begin, end in short_spans(raw, self._words):
            start, stop = block.text.start + begin, block.text.start + end
            sentence = Located(raw[begin:end], start, stop) if raw == block.text else located(self._document.text, start, stop)
            if sentence:
                yield sentence
