"""From the lines of printed pages to blocks: what is a heading, what goes on, what only runs along."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from pixel_core.knowledge.blocks import Marks, is_title
from pixel_core.knowledge.readers.flow import Flow

_LARGER = 1.08  # a heading is so much larger than the body
_LONGEST_HEADING = 18  # words
_GAP = 1.35  # times the usual distance of lines: more begins a paragraph
_FULL = 0.8  # of the usual length: a line shorter than that ends a paragraph when it ends a sentence
_EDGE = 2  # lines at the top and the bottom of a page among which running heads are looked for
_RUNNING = 3  # pages
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00a0": " "})
_ENDS = re.compile(r"[.!?:][\"'\u201d\u2019)\]]*$")
_NUMBER = re.compile(r"(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s+(?:of|/)\s+\d{1,4})?", re.IGNORECASE)
_CUT = re.compile(r"([A-Za-z]+)-$")
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")


class Line(NamedTuple):
    """A line of a page: its text, where it begins (the origin lies at the lower left), the height and weight of its type."""

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool


def compose(lines: Sequence[Line], pages: int) -> Flow:
    """The lines as a flow of headings, paragraphs and list items with page borders."""
    clean = [line._replace(text=line.text.translate(_LIGATURES).strip()) for line in lines]
    body, body_is_bold = _body(clean)
    kept = _without_running(clean, body, pages)
    return _Composer(kept, body, body_is_bold).compose()


def _body(lines: Sequence[Line]) -> tuple[float, bool]:
    """Size and weight of the type in which most of the text is set."""
    sizes: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        sizes[_style(line)] += len(line.text)
    return max(sizes, key=lambda style: (sizes[style], style))


def _style(line: Line) -> tuple[float, bool]:
    return round(line.size * 2) / 2, line.bold


def _without_running(lines: Sequence[Line], body: float, pages: int) -> list[Line]:
    """The lines without page numbers, and without what stands at the edge of many pages in a type no larger than the body's."""
    edges = [line for _, page in groupby(lines, key=lambda line: line.page) for line in _edges(list(page))]
    seen = Counter(key for _, key in {(line.page, _running(line.text)) for line in edges})
    dropped = set()
    for line in edges:
        often = seen[_running(line.text)]
        runs = often >= _RUNNING and line.size <= body * 1.05 and (not line.bold or often >= pages / 2)
        if pages > 1 and (_NUMBER.fullmatch(line.text) or runs):
            dropped.add(line)
    return [line for line in lines if line not in dropped]


def _edges(page: list[Line]) -> Iterable[Line]:
    by_height = sorted(page, key=lambda line: -line.y)
    return {*by_height[:_EDGE], *by_height[-_EDGE:]} if len(page) > _EDGE else page


def _running(text: str) -> str:
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", text.lower())


class _Composer:
    def __init__(self, lines: list[Line], body: float, body_is_bold: bool) -> None:
        self._lines = lines
        self._body, self._body_is_bold = body, body_is_bold
        self._words = _whole_words(lines)
        self._leading = _leading(lines)
        self._length = _usual_length(lines)
        self._levels = self._heading_levels()
        self._marks = Marks()
        self._flow = Flow()

    def compose(self) -> Flow:
        """Write line after line, each as the beginning of a block or as the rest of the one before it."""
        before: Line | None = None
        level_before = 0
        for line, after in zip(self._lines, [*self._lines[1:], None], strict=True):
            level = self._level(line, before, after)
            goes_on = before is not None and bool(level) == bool(level_before)
            if level and goes_on and before is not None:
                goes_on = level == level_before and line.page == before.page and 0 < before.y - line.y < 1.8 * line.size
            mark = None if level else self._marks.match(line.text)
            if not level and goes_on and before is not None:
                goes_on = mark is None and not self._begins(line, before)
            if not goes_on:
                self._flow.end()
            if goes_on and before is not None:
                joined = self._joined(before.text, line.text)
                self._flow.page(line.page)
                self._flow.write(joined)
            elif level:
                self._flow.page(line.page)
                self._marks.restart()
                self._flow.begin("heading", level=level)
                self._flow.write(line.text)
            else:
                self._flow.page(line.page)
                self._flow.begin("item" if mark else "paragraph", mark=mark[0] if mark else "")
                self._flow.write(line.text[mark[1] :] if mark else line.text)
            before, level_before = line, level
        return self._flow

    def _joined(self, before: str, text: str) -> str:
        """What the open block goes on with; a word cut by a hyphen becomes whole unless the document shows that the hyphen is its own."""
        cut, rest = _CUT.search(before), _WORD.match(text)
        if not cut or not rest or not text[0].islower():
            return f" {text}"
        begun, rest_of_it = cut[1].lower(), rest[0].lower()
        is_compound = f"{begun}-{rest_of_it}" in self._words or {begun, rest_of_it} <= self._words
        if f"{begun}{rest_of_it}" in self._words or not is_compound:
            self._flow.take_back("-")
        return text

    def _heading_levels(self) -> Mapping[tuple[float, bool], int]:
        """The styles of headings, the largest as level 1."""
        found = {_style(line) for line in self._lines if self._is_styled(line)}
        return {style: min(6, level) for level, style in enumerate(sorted(found, reverse=True), start=1)}

    def _is_styled(self, line: Line) -> bool:
        if not any(c.isalpha() for c in line.text) or len(line.text.split()) > _LONGEST_HEADING:
            return False
        size, bold = _style(line)
        if size >= self._body * _LARGER:
            return True
        return size >= self._body * 0.95 and bold and not self._body_is_bold and line.text[-1] not in ".,;" and line.text[0].isalnum()

    def _level(self, line: Line, before: Line | None, after: Line | None) -> int:
        """The level of a heading, 0 of other lines. Where no type sets headings apart, a short line with space around it is one."""
        if self._levels:
            return self._levels[_style(line)] if self._is_styled(line) and not _is_sentence(line, before) else 0
        above = before is None or before.page != line.page or before.y - line.y > _GAP * self._leading
        below = after is None or line.y - after.y > _GAP * self._leading or Marks().match(after.text) is not None
        return 2 if above and below and is_title(line.text) and Marks().match(line.text) is None else 0

    def _begins(self, line: Line, before: Line) -> bool:
        """Whether a line begins a paragraph."""
        ended = bool(_ENDS.search(before.text))
        down = before.y - line.y
        if line.page != before.page or down < -line.size:
            return ended
        if down > _GAP * self._leading:
            return True
        return ended and (line.x > before.x + 0.7 * line.size or len(before.text) < _FULL * self._length)


def _is_sentence(line: Line, before: Line | None) -> bool:
    """Whether a line in heavier type is only the beginning of a sentence's second line."""
    if before is None or not (before.bold and line.bold and before.size == line.size):
        return False
    return line.text[0].islower() and bool(_ENDS.search(line.text))


def _whole_words(lines: Sequence[Line]) -> set[str]:
    """The words of the document, without those that the end of a line cuts in two."""
    found: set[str] = set()
    cut = False
    for line in lines:
        words = [word.lower() for word in _WORD.findall(line.text)]
        ends_cut = bool(_CUT.search(line.text))
        found.update(words[1 if cut else 0 : len(words) - 1 if ends_cut else None])
        cut = ends_cut
    return found


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance from a line to the next."""
    gaps = sorted(a.y - b.y for a, b in pairwise(lines) if a.page == b.page and 0 < a.y - b.y < 3 * b.size)
    return gaps[(len(gaps) - 1) // 4] if gaps else 1.2 * max((line.size for line in lines), default=10.0)


def _usual_length(lines: Sequence[Line]) -> float:
    """The length that nine of ten lines do not exceed, in characters."""
    lengths = sorted(len(line.text) for line in lines)
    return float(lengths[int(0.9 * (len(lengths) - 1))]) if lengths else 0.0
