"""Passages: the knowledge documents in pieces of about N words, cut at sentences, every sentence with its place and page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, write_table
from pixel_core.knowledge.dsm5 import tree_digest_of
from pixel_core.knowledge.located import Located
from pixel_core.knowledge.schema import PASSAGE_SCHEMA
from pixel_core.knowledge.sections import Section, sections_of
from pixel_core.knowledge.sources import (
    Document,
    KnowledgeError,
    Rejected,
    UnusableError,
    keep_documents,
    list_documents,
    list_unsupported,
    readable,
)
from pixel_core.rejects import count_reasons, write_rejects

VERSION = "3"
TABLE = "passages.parquet"


def extract_passages(source: Path, out: Path, *, words: int, force: bool = False) -> Built:
    """Every document below `source` as `passages.parquet` (`PASSAGE_SCHEMA`), in the order of the files and of their text.

    A passage holds whole sentences of one record or section, about `words` words of them; only a sentence longer than that is cut.
    Files that cannot be read lie in `rejected.parquet` with the reason that their reader gives, or as `unsupported_format` or
    `no_text`; a line of JSON Lines that is no JSON lies there too, and the rest of its file goes on. Raises KnowledgeError when no
    passage is left, and ValueError for passages without a word.
    """
    if words < 1:
        raise ValueError(f"words = {words}: a passage holds at least one")
    return build(
        out,
        kind="knowledge_passages",
        version=VERSION,
        inputs={"source": tree_digest_of(source), "words": str(words)},
        write=lambda stage: _write(source, stage, words),
        force=force,
    )


def base_digest(folder: Path) -> str:
    """The digest of what is read of the passages of a `knowledge_passages` or `knowledge_index` folder: headings and texts, in order."""
    return digest_of([list(row) for row in pl.read_parquet(folder / TABLE, columns=["heading", "text"]).iter_rows()])


def _write(source: Path, stage: Path, words: int) -> Summary:
    rejected = Rejected()
    rows: list[dict[str, Any]] = []
    files, unsupported = list_documents(source), list_unsupported(source)
    documents: dict[str, Document] = {}
    for document in readable(source, files, rejected):
        try:
            sections = list(sections_of(document, words, rejected))
            if not sections:
                raise UnusableError("no_text", "the file holds no sentence")
        except UnusableError as error:
            rejected.add(document.file, "file", error.reason, str(error))
            continue
        pieces = [(section, piece) for section in sections for piece in _pieces(section.sentences, words)]
        rows += [_row(document, number, section, piece) for number, (section, piece) in enumerate(pieces)]
        documents[document.file] = document
    for file in unsupported:
        if (source / file).is_dir():
            rejected.add(file, "file", "unreadable", "the folder cannot be opened")
        else:
            rejected.add(file, "file", "unsupported_format", "there is no reader for this kind of file: see data/knowledge/README.md")
    if not rows:
        reasons = count_reasons(rejected.rows) or "no file"
        raise KnowledgeError(f"{source} holds no readable document ({reasons}): see data/knowledge/README.md for the formats")
    table = pl.DataFrame(rows, schema=PASSAGE_SCHEMA)
    write_table(stage / TABLE, table)
    keep_documents(stage, source, documents, documents)
    write_rejects(stage, rejected.rows)
    lengths = table["words"].to_list()
    figures = {
        "read": len(files) + len(unsupported),
        "documents": len(documents),
        "pages": sum(len(document.pages) for document in documents.values()),
        "sentences": sum(len(spans) for spans in table["spans"]),
        "words": sum(lengths),
        "words_wanted": words,
        "words_median": float(median(lengths)),
        "words_longest": max(lengths),
    }
    return Summary(rows=table.height, rejects=count_reasons(rejected.rows), figures=figures)


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


def _row(document: Document, number: int, section: Section, sentences: list[Located]) -> dict[str, Any]:
    text = " ".join(sentences)
    return {
        "id": f"{document.file}#{number}",
        "kind": section.kind,
        "code": section.code,
        "heading": section.heading,
        "text": text,
        "words": len(text.split()),
        "file": document.file,
        "start": (start := min(s.start for s in sentences)),
        "end": (end := max(s.end for s in sentences)),
        "page": document.page_at(start),
        "last_page": document.page_at(end - 1),
        "spans": [s.span for s in sentences],
    }
