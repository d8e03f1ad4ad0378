"""Documents of a knowledge folder, read one by one; what cannot be read becomes a reject and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.knowledge.located import parse_json
from pixel_core.rejects import Reject

DOCUMENTS = "documents.parquet"
SUFFIXES = frozenset({".json", ".md", ".markdown", ".txt"})
_ABOUT = frozenset({"readme", "licence", "license", "changelog"})


class KnowledgeError(ValueError):
    """A knowledge folder, or an artifact made from one, cannot serve; the message names it and the remedy."""


class UnusableError(ValueError):
    """A record of a document cannot be used; `reason` is the reject code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Document:
    """A readable document: its path relative to the source, as POSIX text, and its text."""

    file: str
    text: str

    @property
    def suffix(self) -> str:
        """The lower-case file suffix with its dot."""
        return Path(self.file).suffix.lower()

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders below the source and the stem of the file, in lower case."""
        path = Path(self.file.lower())
        return (*path.parts[:-1], path.stem)


@dataclass(slots=True)
class Rejected:
    """The rejects of one extraction, in the order in which they were met."""

    rows: list[Reject] = field(default_factory=list)

    def add(self, file: str, position: str, reason: str, detail: str, content: str = "") -> None:
        """Keep one reject; `detail` must not quote the document."""
        self.rows.append(Reject(file, position, reason, detail, content))


def list_documents(source: Path) -> list[str]:
    """The documents below a knowledge folder, sorted: JSON, Markdown and plain text, without hidden files and READMEs.

    Raises KnowledgeError when the folder is missing.
    """
    if not source.is_dir():
        raise KnowledgeError(f"knowledge folder {source} does not exist: set PIXEL_KNOWLEDGE_DIR to a folder of JSON or Markdown files")
    paths = (p.relative_to(source) for p in source.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
    kept = (p for p in paths if p.stem.lower() not in _ABOUT and not any(part.startswith(".") for part in p.parts))
    return sorted(p.as_posix() for p in kept)


def read_document(source: Path, file: str) -> Document:
    """One document; raises UnusableError with reason `not_utf8` or `empty`."""
    try:
        text = (source / file).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableError("not_utf8", f"byte {error.start} is not UTF-8: save the file as UTF-8") from error
    if not text.strip("\ufeff \t\r\n"):
        raise UnusableError("empty", "the file holds no text")
    return Document(file, text)


def read_json(document: Document) -> Any:
    """The located JSON value of a document; raises UnusableError with reason `malformed_json`."""
    try:
        return parse_json(document.text)
    except json.JSONDecodeError as error:
        raise UnusableError("malformed_json", f"line {error.lineno}, column {error.colno}: {error.msg}") from error


def readable(source: Path, files: list[str], rejected: Rejected) -> Iterator[Document]:
    """The documents that can be read, in order; the others go to `rejected`."""
    for file in files:
        try:
            yield read_document(source, file)
        except UnusableError as error:
            rejected.add(file, "file", error.reason, str(error))


def keep_documents(stage: Path, source: Path, files: Iterable[str]) -> None:
    """Write the text of the documents beside the table that was read from them, so that its offsets can be checked and shown later."""
    rows = [{"file": file, "text": read_document(source, file).text} for file in sorted(set(files))]
    write_table(stage / DOCUMENTS, pl.DataFrame(rows, schema={"file": pl.String, "text": pl.String}))
