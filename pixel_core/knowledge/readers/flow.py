"""Composing the text of a document from the events of a reader, block by block."""

from __future__ import annotations

import re

from pixel_core.knowledge.blocks import Block, Kind
from pixel_core.knowledge.document import Document, Page, UnusableError
from pixel_core.knowledge.located import Located

LONGEST_TEXT = 50_000_000  # characters; the largest manuals hold some five million
_SPACE = re.compile(r"[\s\u00ad\u200b\ufeff]+")
_NO_WORDS = r"(?:[\s,;.\ufdd0\ufdd1]|\b(?:see|and|or)\b)*"
_EMPTY_BRACKETS = re.compile(rf"\s*(?:\({_NO_WORDS}\)|\[{_NO_WORDS}\])", re.IGNORECASE)
_BEFORE_POINT = re.compile(r"\s+(?=[,.;:!?)\]](?:\s|$))")
_SOFT = re.compile("[\u00ad\u200b]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


class Reference:
    """Characters that stand for a reference without words until its block is whole: dropped with brackets that hold nothing else."""

    FIGURE = "\ufdd0"
    TABLE = "\ufdd1"


_FIRST_REFERENCE = re.compile(r"(?:^|(?<=[.!?] ))[\ufdd0\ufdd1]")
_REFERENCES = str.maketrans({Reference.FIGURE: "the figure", Reference.TABLE: "the table"})


class Flow:
    """Builds a text in which every block is one line: headings and paragraphs after an empty line, items each on its own."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._open: list[str] = []
        self._kind: Kind = "paragraph"
        self._level = 0
        self._mark = ""
        self._indent = 0

    @property
    def open_length(self) -> int:
        """How many pieces of text the open block holds."""
        return len(self._open)

    @property
    def in_item(self) -> bool:
        """Whether the open block is a list item."""
        return self._kind == "item"

    @property
    def has_words(self) -> bool:
        """Whether the open block holds anything but space."""
        return any(text.strip() for text in self._open)

    def begin(self, kind: Kind, *, level: int = 0, mark: str = "", indent: int = 0) -> None:
        """End the open block and begin another."""
        self.end()
        self._kind, self._level, self._mark, self._indent = kind, level, mark, indent

    def write(self, text: str) -> None:
        """Add characters to the open block."""
        if text:
            self._open.append(text)

    def take_back(self, ending: str) -> None:
        """Remove an ending of the open block."""
        if self._open:
            self._open[-1] = self._open[-1].removesuffix(ending)

    def end(self) -> None:
        """End the open block; what follows is a paragraph."""
        if self._open:
            text = tidy("".join(self._open))
            self._open.clear()
            if text:
                self._add(text)
        self._kind, self._level, self._mark, self._indent = "paragraph", 0, "", 0

    def page(self, number: int) -> None:
        """What is written from here on stands on this page (0: on none that is known); an open block goes on over the border."""
        if number != (self._pages[-1].number if self._pages else 0):
            written = len(tidy("".join(self._open)))
            self._pages.append(Page(self._length + (len(self._gap()) + written if written else 0), number))

    def document(self, file: str) -> Document:
        """The document so far; raises UnusableError (`no_text`)."""
        self.end()
        if not any(character.isalnum() for part in self._parts for character in part):
            raise UnusableError("no_text", "the file holds no words")
        return Document(file, "".join(self._parts), tuple(self._blocks), tuple(self._pages))

    def _gap(self) -> str:
        if not self._blocks:
            return ""
        return "\n" if self._kind == "item" and self._blocks[-1].kind == "item" else "\n\n"

    def _add(self, text: str) -> None:
        gap = self._gap()
        start = self._length + len(gap)
        self._parts += [gap, text]
        self._length = start + len(text)
        if self._length > LONGEST_TEXT:
            raise UnusableError("too_large", f"the file holds more than {LONGEST_TEXT} characters of text")
        self._blocks.append(Block(self._kind, Located(text, start, self._length), self._level, self._mark, self._indent))


def tidy(text: str) -> str:
    """A text on one line, without unprintable characters and without what an empty reference leaves behind."""
    text = _UNPRINTABLE.sub("", _SOFT.sub("", text))
    text = _SPACE.sub(" ", text).strip()
    if "(" in text or "[" in text:
        text = _EMPTY_BRACKETS.sub("", text)
    text = _BEFORE_POINT.sub("", text)
    if Reference.FIGURE in text or Reference.TABLE in text:
        text = _FIRST_REFERENCE.sub(lambda found: found[0].translate(_REFERENCES).replace("the ", "The "), text).translate(_REFERENCES)
    return text
