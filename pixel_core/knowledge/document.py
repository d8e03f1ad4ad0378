"""What a reader makes of a file: its text, its blocks, and the pages that it stood on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from pixel_core.knowledge.blocks import Block

JSON = frozenset({".json"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})
MARKDOWN = frozenset({".md", ".markdown"})


class UnusableError(ValueError):
    """A document, or a record of it, cannot be used; `reason` is the reject code, the message quotes nothing of it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Page(NamedTuple):
    """The first character of a page, and the number of the page, from 1; 0 where text without known pages begins."""

    start: int
    number: int


@dataclass(frozen=True, slots=True)
class Document:
    """A readable document: its path relative to the source, as POSIX text, and its text.

    All offsets count characters of `text`: the file's own for JSON, Markdown and plain text, the extracted text for the other
    formats. JSON has no blocks, and only PDF, printed text and stores of them have pages. `scanned` are the numbers of pages that are
    images with hardly a word: what they say is not in the text.
    """

    file: str
    text: str
    blocks: tuple[Block, ...] = ()
    pages: tuple[Page, ...] = ()
    scanned: tuple[int, ...] = ()

    @property
    def suffix(self) -> str:
        """The lower-case file suffix with its dot."""
        return PurePosixPath(self.file).suffix.lower()

    @property
    def is_json(self) -> bool:
        """Whether the text is JSON or JSON Lines."""
        return self.suffix in JSON | JSON_LINES

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders below the source and the stem of the file, in lower case."""
        path = PurePosixPath(self.file.lower())
        return (*path.parts[:-1], path.stem)

    def page_at(self, position: int) -> int | None:
        """The number of the page that holds a character, or None where the format has no pages."""
        return page_at(self.pages, position)


def page_at(pages: tuple[Page, ...], position: int) -> int | None:
    """The number of the page that holds a character; None before the first page and where none is known."""
    index = bisect_right(pages, position, key=lambda page: page.start)
    return (pages[index - 1].number or None) if index else None
