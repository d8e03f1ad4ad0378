"""PDF: the text layer, page by page."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pixel_core.knowledge.document import Document, UnusableError
from pixel_core.knowledge.readers.flow import LONGEST_TEXT
from pixel_core.knowledge.readers.pdf_lines import Line, compose

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_HEAD, _TAIL = 1024, 2048  # bytes in which a PDF must show its first and its last mark
_MOST_PAGES = 20_000
_FEW_WORDS = 5  # a page; a scan with a stamp or a page number holds no more
_UNREADABLE = 0.2  # share of characters that no font explains
_BOLD = ("bold", "black", "heavy", "semibold", "cmbx")


def read_pdf(data: bytes, file: str) -> Document:
    """The document of a PDF: headings by their type, paragraphs joined over lines and pages, running heads left out, page borders kept.

    A PDF that opens without a password is read, and of one with scanned pages the others. Raises UnusableError: `not_a_pdf`,
    `truncated`, `encrypted`, `malformed_pdf`, `no_text_layer` (a scan: run OCR over it first), `unreadable_fonts`, `too_large`,
    `no_text`.
    """
    if b"%PDF-" not in data[:_HEAD]:
        raise UnusableError("not_a_pdf", "the file does not begin as a PDF")
    if b"%%EOF" not in data[-_TAIL:]:
        raise UnusableError("truncated", "the file ends before the end of the PDF: copy or download it again")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what matters of its warnings becomes a reject
    try:
        lines, pages, scanned = _read(data)
    except UnusableError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # pypdf answers malformed files with errors of many classes
        raise UnusableError(*_reason(error)) from error
    words = sum(len(line.text.split()) for line in lines)
    if words < _FEW_WORDS * pages and len(scanned) > pages / 2:
        raise UnusableError("no_text_layer", f"{len(scanned)} of {pages} pages are images with hardly a word: run OCR over the file first")
    if not words:
        raise UnusableError("no_text", "no page holds text")
    characters = "".join(line.text for line in lines)
    unreadable = sum(1 for c in characters if c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or c < " ")
    if unreadable > _UNREADABLE * len(characters):
        raise UnusableError("unreadable_fonts", "the fonts do not say which letters they draw: run OCR over the file first")
    return replace(compose(lines, pages).document(file), scanned=tuple(scanned))


def _read(data: bytes) -> tuple[list[Line], int, list[int]]:
    """All lines, the number of pages, and which of them are an image with hardly a word."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnusableError("encrypted", "the file asks for a password: save a copy without one")
    lines: list[Line] = []
    scanned: list[int] = []
    characters = 0
    for number, page in _pages(reader):
        found = _Lines(number).of(page)
        characters += sum(len(line.text) for line in found)
        if number > _MOST_PAGES or characters > LONGEST_TEXT:
            raise UnusableError("too_large", f"the file holds more than {_MOST_PAGES} pages or {LONGEST_TEXT} characters")
        lines += found
        if sum(len(line.text.split()) for line in found) < _FEW_WORDS and _shows_image(page):
            scanned.append(number)
    return lines, len(reader.pages), scanned


def _pages(reader: PdfReader) -> Any:
    return enumerate(reader.pages, start=1)


def _reason(error: Exception) -> tuple[str, str]:
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

    if isinstance(error, LimitReachedError):
        return "too_large", "a stream of the file unpacks to more than a page can hold"
    if isinstance(error, FileNotDecryptedError | DependencyError):
        return "encrypted", "the file is encrypted in a way that cannot be read: save a copy without encryption"
    return "malformed_pdf", f"the file cannot be read as a PDF ({type(error).__name__})"


def _shows_image(page: PageObject) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    if objects is None:
        return False
    return any(value.get_object().get("/Subtype") == "/Image" for value in objects.get_object().values())


class _Lines:
    """Collects the lines of one page from the pieces of text that pypdf visits."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._lines: list[Line] = []
        self._pieces: list[tuple[str, float, bool]] = []
        self._place = (0.0, 0.0)

    def of(self, page: PageObject) -> list[Line]:
        """The lines in the order of the page's content."""
        page.extract_text(visitor_text=self._visit)
        self._finish()
        return self._lines

    def _visit(self, text: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
        y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        height = abs(size) * (inner[2] ** 2 + inner[3] ** 2) ** 0.5 * (outer[2] ** 2 + outer[3] ** 2) ** 0.5
        name = str((font or {}).get("/BaseFont", "")).lower()
        for index, piece in enumerate(text.split("\n")):
            if index:
                self._finish()
            if not piece.strip():
                if self._pieces and piece:
                    self._pieces.append((" ", 0.0, False))
                continue
            if self._pieces and abs(y - self._place[1]) > max(1.0, 0.5 * height):
                self._finish()
            if not self._pieces:
                self._place = (x, y)
            self._pieces.append((piece, height, any(mark in name for mark in _BOLD)))

    def _finish(self) -> None:
        text = "".join(piece for piece, _, _ in self._pieces).strip()
        if text:
            size = max((len(piece), height) for piece, height, _ in self._pieces)[1]
            heavy = sum(len(piece) for piece, _, bold in self._pieces if bold)
            self._lines.append(Line(text, self._number, *self._place, size, heavy > 0.7 * len(text)))
        self._pieces = []
