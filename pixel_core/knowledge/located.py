"""Text that knows where it stands: JSON with the character offsets of every string, and parts of Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from json import scanner
from typing import Any

_MARKED = re.compile(r"[*_`<\[]")  # most texts hold none of these: one look spares the rest
_MARKS = (
    (re.compile(r"<!--(?:(?!-->|<!--).)*-->", re.DOTALL), ""),
    (re.compile(r"</?(?:a|b|br|div|em|i|p|small|span|strong|sub|sup|u)\b[^<>]*/?>", re.IGNORECASE), ""),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\*\*"), ""),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)(_{1,2})(?=[^\s_])([^_]+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"`+"), ""),
)
_ESCAPES = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)
_SKIPPED = "\ufeff \t\r\n"


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


def located_in(value: Any) -> Iterator[Located]:
    """Every located string of a JSON value, however deep it stands, in order."""
    if isinstance(value, Located):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from located_in(part)


class _LocatingDecoder(json.JSONDecoder):
    """A JSON decoder whose string values (keys excepted) are `Located`, in a text that begins at the `offset` of its document."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        plain = json.decoder.scanstring  # type: ignore[attr-defined]

        def parse_string(text: str, begin: int, strict: bool = True) -> tuple[str, int]:
            value, end = plain(text, begin, strict)
            return Located(value, offset + begin, offset + end - 1), end

        self.parse_string = parse_string
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def parse_json(text: str, offset: int = 0) -> Any:
    """The JSON value of a document, its string values `Located`; raises json.JSONDecodeError.

    A byte order mark is allowed and counted in the offsets; `offset` is where in its document the text begins.
    """
    skipped = len(text) - len(text.lstrip(_SKIPPED))
    value, end = _decode(text, skipped, offset)
    if text[end:].strip():
        raise json.JSONDecodeError("something follows the value", text, end)
    return value


def parse_json_lines(text: str) -> Iterator[tuple[int, Any]]:
    """Every line's number (from 1) and JSON value, or the json.JSONDecodeError of a line that holds none; empty lines are passed over.

    An error counts columns in its line, and lines not at all.
    """
    position = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(_SKIPPED):
            try:
                value = parse_json(line, position)  # the line alone: each would else be read on to the end, and its error count all lines
            except json.JSONDecodeError as error:
                value = error
            yield number, value
        position += len(line) + 1


def _decode(text: str, begin: int, offset: int) -> tuple[Any, int]:
    try:
        value, end = _LocatingDecoder(offset).raw_decode(text, begin)
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", text, begin) from error
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        raise json.JSONDecodeError("a number has too many digits", text, begin) from error
    half = next((found for found in _ESCAPES.finditer(text, begin, end) if found[1]), None) if r"\ud" in text[begin:end].lower() else None
    if half:
        raise json.JSONDecodeError("half of a character that is written in two escapes", text, half.start())
    return value, end


def located(text: str, start: int, end: int) -> Located:
    """The part [start, end) of a Markdown document as one line of plain text."""
    return Located(plain(text[start:end]), start, end)


def plain(raw: str) -> str:
    """Markdown text on one line, without the marks of emphasis, code, links, images and simple HTML."""
    if _MARKED.search(raw):
        for pattern, kept in _MARKS:
            raw = pattern.sub(kept, raw)
    return re.sub(r"\s+", " ", raw).strip()


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
