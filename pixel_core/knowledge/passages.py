"""Passages: the knowledge documents in pieces of about N words, cut at sentences, every sentence with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, write_table
from pixel_core.knowledge.dsm5 import tree_digest_of
from pixel_core.knowledge.framework import kind_of
from pixel_core.knowledge.located import Located, located, part
from pixel_core.knowledge.schema import PASSAGE_SCHEMA
from pixel_core.knowledge.sentences import sentence_spans
from pixel_core.knowledge.sources import (
    Document,
    KnowledgeError,
    Rejected,
    UnusableError,
    keep_documents,
    list_documents,
    read_json,
    readable,
)
from pixel_core.rejects import count_reasons, write_rejects

VERSION = "1"
TABLE = "passages.parquet"
_NOT_TEXT = frozenset({"id", "code", "chapter", "symptom", "group", "kind", "framework"})
_ALWAYS_TEXT = frozenset({"name", "title"})


@dataclass(slots=True)
class _Section:
    """What belongs together: a record of a JSON file, or a section of level 1 or 2 of Markdown."""

    kind: str
    heading: str
    code: str | None = None
    sentences: list[Located] = field(default_factory=list)


def extract_passages(source: Path, out: Path, *, words: int, force: bool = False) -> Built:
    """Every document below `source` as `passages.parquet` (`PASSAGE_SCHEMA`): JSON in reading order, Markdown, plain text.

    A passage holds whole sentences of one record or section, about `words` words of them. Unreadable files lie in
    `rejected.parquet` (malformed_json, not_utf8, empty, no_text). Raises KnowledgeError when no passage is left.
    """
    return build(
        out,
        kind="knowledge_passages",
        version=VERSION,
        inputs={"source": tree_digest_of(source), "words": str(words)},
        write=lambda stage: _write(source, stage, words),
        force=force,
    )


def _write(source: Path, stage: Path, words: int) -> Summary:
    rejected = Rejected()
    rows: list[dict[str, Any]] = []
    files = list_documents(source)
    for document in readable(source, files, rejected):
        try:
            sections = list(_sections(document))
            if not any(section.sentences for section in sections):
                raise UnusableError("no_text", "the file holds no sentence")
        except UnusableError as error:
            rejected.add(document.file, "file", error.reason, str(error))
            continue
        pieces = [(section, piece) for section in sections for piece in _pieces(section.sentences, words)]
        rows += [_row(document, number, section, piece) for number, (section, piece) in enumerate(pieces)]
    if not rows:
        raise KnowledgeError(
            f"{source} holds no readable document ({count_reasons(rejected.rows) or 'no file'}): add JSON, Markdown or text files"
        )
    table = pl.DataFrame(rows, schema=PASSAGE_SCHEMA)
    write_table(stage / TABLE, table)
    keep_documents(stage, source, table["file"])
    write_rejects(stage, rejected.rows)
    lengths = table["words"].to_list()
    figures = {
        "read": len(files),
        "documents": table["file"].n_unique(),
        "sentences": sum(len(spans) for spans in table["spans"]),
        "words": sum(lengths),
        "words_wanted": words,
        "words_median": float(median(lengths)),
        "words_longest": max(lengths),
    }
    return Summary(rows=table.height, rejects=count_reasons(rejected.rows), figures=figures)


def _sections(document: Document) -> Iterator[_Section]:
    if document.suffix == ".json":
        yield from _json_sections(document)
    else:
        yield from _markdown_sections(document)


def _json_sections(document: Document) -> Iterator[_Section]:
    value = read_json(document)
    kind = kind_of(document.folders)
    lists = (
        [entry for entry in value.values() if _is_records(entry)] if isinstance(value, Mapping) else [value] if _is_records(value) else []
    )
    for record in [r for entries in lists for r in entries] or [value]:
        fields = record if isinstance(record, Mapping) else {}
        is_disorder = "criteria" in fields or "symptoms" in fields
        section = _Section(kind or ("disorder" if is_disorder else "document"), str(fields.get("name") or fields.get("title") or ""))
        section.code = next((str(fields[key]) for key in ("code", "id") if fields.get(key)), None)
        for text in _texts(record):
            section.sentences += [part(document.text, text, begin, end) for begin, end in sentence_spans(text)]
        yield section


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


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


def _markdown_sections(document: Document) -> Iterator[_Section]:
    kind = kind_of(document.folders) or "document"
    title = ""
    section = _Section(kind, "")
    for block in document.blocks:
        if block.kind == "heading" and block.level <= 2:
            yield section
            title = str(block.text) if block.level == 1 else title
            section = _Section(kind, title if block.level == 1 else f"{title}: {block.text}".removeprefix(": "))
        raw = document.text[block.text.start : block.text.end]
        section.sentences += [
            located(document.text, block.text.start + begin, block.text.start + end) for begin, end in sentence_spans(raw)
        ]
    yield section


def _pieces(sentences: list[Located], words: int) -> Iterator[list[Located]]:
    """The sentences in runs of nearly equal length, as many runs as bring each near `words`."""
    lengths = [len(sentence.split()) for sentence in sentences]
    total = sum(lengths)
    count = max(1, round(total / words))
    piece: list[Located] = []
    done = 0
    cut = 1
    for sentence, length in zip(sentences, lengths, strict=True):
        if piece and cut < count and done + length / 2 > total * cut / count:
            yield piece
            piece, cut = [], cut + 1
        piece.append(sentence)
        done += length
    if piece:
        yield piece


def _row(document: Document, number: int, section: _Section, sentences: list[Located]) -> dict[str, Any]:
    text = " ".join(sentences)
    return {
        "id": f"{document.file}#{number}",
        "kind": section.kind,
        "code": section.code,
        "heading": section.heading,
        "text": text,
        "words": len(text.split()),
        "file": document.file,
        "start": min(s.start for s in sentences),
        "end": max(s.end for s in sentences),
        "spans": [s.span for s in sentences],
    }
