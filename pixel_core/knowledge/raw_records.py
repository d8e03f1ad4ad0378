"""The disorder records of a document as mappings of located text, whatever its format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pixel_core.knowledge.document import JSON_LINES, Document, UnusableError
from pixel_core.knowledge.headed import headed_records
from pixel_core.knowledge.listed import listed
from pixel_core.knowledge.located import parse_json_lines
from pixel_core.knowledge.sources import Rejected, list_documents, read_json, readable


def raw_records(source: Path, rejected: Rejected) -> Iterator[tuple[Document, str, Any]]:
    """Every record below a knowledge folder with its document and position; files that cannot be read go to `rejected`.

    A line of JSON Lines that is no JSON is yielded as its UnusableError. Files in folders named pdm2 belong to the framework.
    """
    files = [file for file in list_documents(source) if "pdm2" not in PurePosixPath(file.lower()).parts]
    for document in readable(source, files, rejected):
        try:
            yield from ((document, position, raw) for position, raw in _records(document))
        except UnusableError as error:
            rejected.add(document.file, "file", error.reason, str(error))


def _records(document: Document) -> Iterator[tuple[str, Any]]:
    if document.suffix in JSON_LINES:
        yield from _lines(document)
    elif document.is_json:
        yield from ((f"record {index}", raw) for index, raw in enumerate(listed(read_json(document))))
    else:
        yield from headed_records(document)


def _lines(document: Document) -> Iterator[tuple[str, Any]]:
    for number, value in parse_json_lines(document.text):
        if isinstance(value, json.JSONDecodeError):
            yield f"line {number}", UnusableError("malformed_json", f"line {number}, column {value.colno}: {value.msg}")
        else:
            yield from ((f"line {number}", raw) for raw in listed(value))
