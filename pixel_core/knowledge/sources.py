"""Documents of a knowledge folder, read one by one; what cannot be read becomes a reject and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.knowledge.document import JSON_LINES, Document, UnusableError
from pixel_core.knowledge.folder import files_below
from pixel_core.knowledge.located import parse_json, parse_json_lines
from pixel_core.knowledge.readers import SUFFIXES, read_document
from pixel_core.rejects import Reject

__all__ = [
    "DOCUMENTS",
    "PAGES",
    "SUFFIXES",
    "Document",
    "KnowledgeError",
    "Rejected",
    "UnusableError",
    "keep_documents",
    "list_documents",
    "list_unsupported",
    "read_document",
    "read_json",
    "readable",
]

DOCUMENTS = "documents.parquet"
PAGES = "pages.parquet"
_DOCUMENT_SCHEMA = pl.Schema({"file": pl.String, "text": pl.String})  # the path in the knowledge folder, and what offsets count
_PAGE_SCHEMA = pl.Schema({"file": pl.String, "start": pl.Int64, "number": pl.Int64})  # where each page begins, in files that have pages
_FILE, _PAGE = "file", "page "  # positions of what was not read
_ABOUT = frozenset({"readme", "licence", "license", "changelog"})


class KnowledgeError(ValueError):
    """A knowledge folder, or an artifact made from one, cannot serve; the message names it and the remedy."""


@dataclass(slots=True)
class Rejected:
    """The rejects of one extraction, in the order in which they were met."""

    rows: list[Reject] = field(default_factory=list)

    def add(self, file: str, position: str, reason: str, detail: str, content: str = "") -> None:
        """Keep one reject; `detail` must not quote the document."""
        self.rows.append(Reject(file.encode(errors="surrogateescape").decode(errors="replace"), position, reason, detail, content))

    @property
    def unread(self) -> int:
        """How many of the rejects are whole files or pages, in which nobody knows how many records stand."""
        return sum(1 for reject in self.rows if reject.position == _FILE or reject.position.startswith(_PAGE))


def list_documents(source: Path) -> list[str]:
    """The documents below a knowledge folder that a reader exists for, sorted, without hidden files and READMEs.

    Raises KnowledgeError when the folder is missing.
    """
    files = _listed(source)
    texts = {file for file in files if file.lower().endswith(".pkl")}
    stems = {file.rsplit(".", 1)[0] for file in texts}
    beside = {file for file in files if file.lower().endswith(".faiss") and file.rsplit(".", 1)[0] in stems}  # read with their texts
    return [file for file in files if Path(file).suffix.lower() in SUFFIXES and file not in beside]


def list_unsupported(source: Path) -> list[str]:
    """The files below a knowledge folder that no reader exists for, sorted, without hidden files and READMEs."""
    return [file for file in _listed(source) if Path(file).suffix.lower() not in SUFFIXES]


def _listed(source: Path) -> list[str]:
    if not source.is_dir():
        raise KnowledgeError(f"knowledge folder {source} does not exist: set PIXEL_KNOWLEDGE_DIR to a folder of JSON, Markdown or PDF")
    paths = ((file, Path(file)) for file in files_below(source))
    return [file for file, p in paths if p.stem.lower() not in _ABOUT and not any(part.startswith(".") for part in p.parts)]


def read_json(document: Document) -> Any:
    """The located JSON value of a document, of JSON Lines the list of its values; raises UnusableError with reason `malformed_json`."""
    if document.suffix not in JSON_LINES:
        try:
            return parse_json(document.text)
        except json.JSONDecodeError as error:
            raise UnusableError("malformed_json", f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    values = []
    for number, value in parse_json_lines(document.text):
        if isinstance(value, json.JSONDecodeError):
            raise UnusableError("malformed_json", f"line {number}, column {value.colno}: {value.msg}") from value
        values.append(value)
    return values


def readable(source: Path, files: list[str], rejected: Rejected) -> Iterator[Document]:
    """The documents that can be read, in order; the others go to `rejected`, and so do single pages without text."""
    for file in files:
        try:
            if not _is_unicode(file):
                raise UnusableError("name_not_utf8", "the name of the file, or of a folder that it lies in, is not UTF-8: rename it")
            document = read_document(source, file)
        except UnusableError as error:
            rejected.add(file, _FILE, error.reason, str(error))
            continue
        for page in document.scanned:
            rejected.add(file, f"{_PAGE}{page}", "no_text_layer", "the page is an image with hardly a word: run OCR over the file first")
        yield document


def _is_unicode(name: str) -> bool:
    """Whether tables can hold the name: bytes of it that are not UTF-8 became lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def keep_documents(stage: Path, source: Path, files: Iterable[str], read: Mapping[str, Document] | None = None) -> None:
    """Write the text of the documents, and where their pages begin, beside the table that was read from them: offsets are checked and
    traced with them. Documents that are not among those `read` are read again.
    """
    texts, pages = [], []
    for file in sorted(set(files)):
        document = (read or {}).get(file) or read_document(source, file)
        texts.append({"file": file, "text": document.text})
        pages += [{"file": file, "start": page.start, "number": page.number} for page in document.pages]
    write_table(stage / DOCUMENTS, pl.DataFrame(texts, schema=_DOCUMENT_SCHEMA))
    write_table(stage / PAGES, pl.DataFrame(pages, schema=_PAGE_SCHEMA))
