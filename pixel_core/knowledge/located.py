"""Text that knows where it stands: JSON and Markdown with the character offsets of every string."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json import scanner
from typing import Any, Literal

_LIST_MARK = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")


class Located(str):
    """A string of a document with its character offsets [start, end) there.

    The raw characters at these offsets are the string before JSON escapes were resolved, or before line breaks of
    Markdown were joined: `reads_as` compares the two.
    """

    __slots__ = ("end", "start")
    start: int
    end: int

    def __new__(cls, value: str, start: int, end: int) -> Located:
        """The string with its place."""
        made = super().__new__(cls, value)
        made.start, made.end = start, end
        return made

    @property
    def span(self) -> dict[str, Any]:
        """The string as a row of `schema.SPAN`."""
        return {"text": str(self), "start": self.start, "end": self.end}


class _LocatingDecoder(json.JSONDecoder):
    """A JSON decoder whose string values (keys excepted) are `Located`."""

    def __init__(self) -> None:
        super().__init__()
        plain = json.decoder.scanstring  # type: ignore[attr-defined]

        def parse_string(text: str, begin: int, strict: bool = True) -> tuple[str, int]:
            value, end = plain(text, begin, strict)
            return Located(value, begin, end - 1), end

        self.parse_string = parse_string
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def parse_json(text: str) -> Any:
    """The JSON value of a document, its string values `Located`; raises json.JSONDecodeError.

    A byte order mark is allowed and counted in the offsets.
    """
    skipped = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    try:
        value, end = _LocatingDecoder().raw_decode(text, skipped)
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", text, skipped) from error
    if text[end:].strip():
        raise json.JSONDecodeError("something follows the value", text, end)
    return value


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph or a list item of a Markdown document; `level` is that of a heading, else 0."""

    kind: Literal["heading", "paragraph", "item"]
    text: Located
    level: int = 0


def parse_markdown(text: str) -> list[Block]:
    """The blocks of a Markdown (or plain text) document in order; list marks and heading marks stay outside the spans."""
    blocks: list[Block] = []
    open_block: tuple[Literal["paragraph", "item"], int, int] | None = None

    def close() -> None:
        nonlocal open_block
        if open_block:
            kind, start, end = open_block
            blocks.append(Block(kind, located(text, start, end)))
        open_block = None

    position = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip()
        end = position + len(bare)
        if not bare.strip("\ufeff \t"):
            close()
        elif heading := _HEADING.match(bare):
            close()
            start = position + heading.start(2)
            blocks.append(Block("heading", located(text, start, start + len(heading[2])), len(heading[1])))
        elif mark := _LIST_MARK.match(bare):
            close()
            open_block = ("item", position + mark.end(), end)
        elif open_block:
            open_block = (open_block[0], open_block[1], end)
        else:
            open_block = ("paragraph", position + len(bare) - len(bare.lstrip("\ufeff \t")), end)
        position += len(line)
    close()
    return blocks


def located(text: str, start: int, end: int) -> Located:
    """The part [start, end) of a Markdown document as one line of plain text."""
    return Located(plain(text[start:end]), start, end)


def plain(raw: str) -> str:
    """Markdown text on one line, without emphasis marks."""
    return re.sub(r"\s+", " ", raw.replace("**", "")).strip()


def reads_as(raw: str, text: str) -> bool:
    """Whether the raw characters of a document, JSON escapes and line breaks resolved, are this text."""
    if raw == text or plain(raw) == text:
        return True
    try:
        return bool(json.loads(f'"{raw}"', strict=False) == text)
    except json.JSONDecodeError:
        return False


def part(text: str, whole: Located, begin: int, end: int) -> Located:
    """The part [begin, end) of a located JSON string or Markdown text, with its own offsets in the document."""
    raw = text[whole.start : whole.end]
    if raw == whole:
        return Located(whole[begin:end], whole.start + begin, whole.start + end)
    places = _places(raw)
    return Located(whole[begin:end], whole.start + places[begin], whole.start + places[end])


def _places(raw: str) -> list[int]:
    """For every character of a JSON string its position in the raw form, and the end."""
    places = [0]
    for match in re.finditer(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|[^\\]", raw, flags=re.DOTALL):
        places.append(match.end())
    return places
