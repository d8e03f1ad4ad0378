"""Readers: one file a format, each from bytes to a `Document`, or an UnusableError with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pixel_core.knowledge.document import JSON, JSON_LINES, MARKDOWN, Document, UnusableError
from pixel_core.knowledge.readers.cnxml import read_cnxml
from pixel_core.knowledge.readers.html import read_html
from pixel_core.knowledge.readers.langchain import VECTORS, read_store
from pixel_core.knowledge.readers.pdf import read_pdf
from pixel_core.knowledge.readers.text import read_text

LARGEST = 512 * 1024 * 1024  # bytes; a scanned manual takes some hundred million
LARGEST_TEXT = 64 * 1024 * 1024  # of a format that is text itself
STORES = frozenset({".pkl", VECTORS})
_TEXT = JSON | JSON_LINES | MARKDOWN | {".txt", ".text"}
_READERS: Mapping[str, Callable[[bytes, str], Document]] = {
    **dict.fromkeys(_TEXT, read_text),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_html),
    ".cnxml": read_cnxml,
    ".pdf": read_pdf,
}
SUFFIXES = frozenset(_READERS) | STORES


def read_document(source: Path, file: str) -> Document:
    """One document of a knowledge folder; raises UnusableError with the reason that its format gives, or `too_large`, `unreadable`."""
    path = source / file
    suffix = path.suffix.lower()
    if suffix == VECTORS:
        raise UnusableError("missing_texts", f"{path.with_suffix('.pkl').name}, which holds the texts, does not lie beside the vectors")
    try:
        size = path.stat().st_size
        if size > (LARGEST if suffix == ".pdf" else LARGEST_TEXT):
            raise UnusableError("too_large", f"the file has {size} bytes: split it")
        data = path.read_bytes()
    except OSError as error:
        raise UnusableError("unreadable", f"the file cannot be opened: {error.strerror}") from error
    if not data.strip(b"\0 \t\r\n"):
        raise UnusableError("empty", "the file holds nothing")
    if suffix in STORES:
        return read_store(data, file, path.with_suffix(VECTORS))
    return _READERS[suffix](data, file)
