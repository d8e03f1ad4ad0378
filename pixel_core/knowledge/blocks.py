"""Blocks of running text: headings, paragraphs and list items, found in Markdown and in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pixel_core.knowledge.located import Located, located

Kind = Literal["heading", "paragraph", "item"]
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_UNDERLINE = re.compile(r"\s*(?:=+|-{2,})\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_RULE = re.compile(r"\s*(?:[-*_=~]\s*){3,}$")
_MARK = re.compile(r"\s*(?:([-*+•●▪◦\u2013])|\(?(\d{1,3}|[a-hj-z]|[ivx]{1,4})[.)]|\((\d{1,3}|[A-Za-z])\))\s+(?=\S)")
_LETTER = re.compile(r"\s*([A-Z])[.)]\s+(?=\S)")
_NUMBERED = re.compile(r"(\d+(?:\.\d+)*)\.?\s+(?=[A-Z])")
_LONGEST_TITLE = 12  # words; what is longer is a sentence without its full stop
_MARK_OF_BYTES = "\ufeff"
_NOISE = f"{_MARK_OF_BYTES} \t"
_TAB = 4  # columns
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t\r]*\n(?:(?!---).*\n){0,100}---[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph or a list item.

    `level` is that of a heading, else 0; `mark` that of an item (`-`, `1`, `A`), and `indent` the columns that it is indented by.
    """

    kind: Kind
    text: Located
    level: int = 0
    mark: str = ""
    indent: int = 0


def parse_markdown(text: str) -> list[Block]:
    """The blocks of a Markdown document in order; list marks and heading marks stay outside the spans."""
    return list(_Reader(text, bare_titles=False).blocks())


def parse_plain(text: str) -> list[Block]:
    """The blocks of plain text: as of Markdown, and a short line that stands by itself is a heading too."""
    return list(_Reader(text, bare_titles=True).blocks())


class Marks:
    """Recognises the marks of list items. A capital letter counts only in its turn (A, then B ...), so that initials of names do not."""

    def __init__(self) -> None:
        self._next = "A"

    def restart(self) -> None:
        """Expect A again: a new section has begun."""
        self._next = "A"

    def match(self, line: str) -> tuple[str, int] | None:
        """The mark of a line and where its text begins, or None."""
        if (letter := _LETTER.match(line)) and letter[1] in ("A", self._next):
            self._next = chr(ord(letter[1]) + 1)
            return letter[1], letter.end()
        if found := _MARK.match(line):
            return next(group for group in found.groups() if group), found.end()
        return None


def is_title(line: str) -> bool:
    """Whether a line reads as a heading: short, begun with a capital or a number, and no sentence."""
    words = line.split()
    if not 0 < len(words) <= _LONGEST_TITLE or line[-1] in ".,;!?" or not line[0].isalnum() or line[0].islower():
        return False
    return any(word[0].isupper() for word in words) and (len(words) <= 4 or line.isupper() or _capitals(words) >= 0.6)


def title_level(line: str) -> int:
    """The level that a heading without marks shows by its number (`2.1` is of level 2) or by capitals throughout; else 2."""
    if numbered := _NUMBERED.match(line):
        return min(6, numbered[1].count(".") + 1)
    return 1 if line.isupper() else 2


def _capitals(words: list[str]) -> float:
    long = [word for word in words if len(word) > 3]
    return sum(1 for word in long if word[0].isupper() or word[0].isdigit()) / max(1, len(long))


@dataclass(slots=True)
class _Open:
    """A block whose end is not known yet."""

    kind: Kind
    start: int
    end: int
    mark: str = ""
    lines: int = 1
    indent: int = 0


class _Reader:
    """Reads a text line by line; a blank line, a mark or a heading ends what was open."""

    def __init__(self, text: str, *, bare_titles: bool) -> None:
        self._text = text
        self._bare_titles = bare_titles
        self._marks = Marks()
        self._open: _Open | None = None

    def blocks(self) -> Iterator[Block]:
        """The blocks in order."""
        front = _FRONT_MATTER.match(self._text) if not self._bare_titles else None
        position, fenced = front.end() if front else 0, False
        lines = self._text[position:].splitlines(keepends=True)
        for number, line in enumerate(lines):
            bare = line.rstrip()
            content = bare.strip(_NOISE)
            if _FENCE.match(bare):
                fenced = not fenced
                yield from self._close()
            elif not content or (_RULE.match(bare) and not self._underlines(bare)):
                yield from self._close()
            elif fenced:
                self._extend(bare, position)
            elif self._underlines(bare):
                yield from self._heading_above(1 if content[0] == "=" else 2)
            elif heading := _HEADING.match(bare):
                yield from self._close()
                if title := heading[2].rstrip("#").rstrip():
                    yield self._heading(position + heading.start(2), position + heading.start(2) + len(title), len(heading[1]))
            elif self._bare_titles and self._alone(lines, number, content):
                start = position + bare.index(content)
                level = 1 if start == len(self._text) - len(self._text.lstrip(_NOISE + "\r\n\f")) else title_level(content)
                yield self._heading(start, start + len(content.rstrip(": ")), level)
            elif mark := self._marks.match(bare):
                yield from self._close()
                indent = bare.strip(_MARK_OF_BYTES).expandtabs(_TAB)
                self._open = _Open("item", position + mark[1], position + len(bare), mark[0], indent=len(indent) - len(indent.lstrip()))
            else:
                self._extend(bare, position)
            position += len(line)
        yield from self._close()

    def _extend(self, bare: str, position: int) -> None:
        if self._open:
            self._open.end = position + len(bare)
            self._open.lines += 1
        else:
            self._open = _Open("paragraph", position + len(bare) - len(bare.lstrip(_NOISE)), position + len(bare))

    def _underlines(self, bare: str) -> bool:
        """Whether this line makes a heading of the one line above it."""
        return bool(self._open and self._open.kind == "paragraph" and self._open.lines == 1 and _UNDERLINE.match(bare))

    def _heading_above(self, level: int) -> Iterator[Block]:
        above = self._open
        self._open = None
        if above:
            yield self._heading(above.start, above.end, level)

    def _alone(self, lines: list[str], number: int, content: str) -> bool:
        """Whether a title stands by itself: nothing open above it, and below it nothing, or the beginning of a list."""
        if self._open or not is_title(content) or _LETTER.match(content) or _MARK.match(content):
            return False
        below = lines[number + 1].strip() if number + 1 < len(lines) else ""
        begins_list = bool(_LETTER.match(below) or _MARK.match(below))
        return not below or begins_list or content.endswith(":") or (len(content.split()) <= 4 and not is_title(below))

    def _heading(self, start: int, end: int, level: int) -> Block:
        self._marks.restart()
        return Block("heading", located(self._text, start, end), level)

    def _close(self) -> Iterator[Block]:
        block, self._open = self._open, None
        if block and (text := located(self._text, block.start, block.end)):
            yield Block(block.kind, text, mark=block.mark, indent=block.indent)
