"""Text files: JSON, Markdown and plain text, in UTF-8 or any encoding that a byte order mark declares."""

from __future__ import annotations

import codecs

from pixel_core.knowledge.blocks import parse_markdown, parse_plain
from pixel_core.knowledge.document import MARKDOWN, Document, Page, UnusableError

_MARKS = (  # UTF-32 first: the mark of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(data: bytes, file: str) -> Document:
    """The document of a text file; raises UnusableError (`empty`, `not_utf8`).

    Form feeds, with which programs that print PDFs as text separate pages, are page borders.
    """
    text = decode(data)
    document = Document(file, text)
    if document.is_json:
        return document
    if document.suffix in MARKDOWN:
        return Document(file, text, tuple(parse_markdown(text)))
    borders = [index for index, character in enumerate(text) if character == "\f"] if "\f" in text else []
    pages = tuple(Page(start, number) for number, start in enumerate([0, *(b + 1 for b in borders)], start=1)) if borders else ()
    return Document(file, text, tuple(parse_plain(text)), pages)


def decode(data: bytes) -> str:
    """The text of a file; a UTF-8 byte order mark stays, so that offsets count it. Raises UnusableError (`empty`, `not_utf8`)."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnusableError("not_utf8", f"byte {error.start} is not {encoding.upper()}: save the file as UTF-8") from error
    if "\0" in text:
        raise UnusableError("not_utf8", f"character {text.index(chr(0))} is NUL, as in binary files and in UTF-16 without its mark")
    if not text.strip("\ufeff \t\r\n\f"):
        raise UnusableError("empty", "the file holds no text")
    return text
