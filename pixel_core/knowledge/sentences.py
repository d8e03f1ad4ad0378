"""Sentences of running text, as positions."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BORDER = re.compile(r"(?<=[.!?…])[\"'”\u2019)\]]*\s+(?=[\"'“\u2018(\[]?[A-Z0-9À-ÖØ-Þ])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|etc|Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|approx|eds?|al|Inc|U\.S|U\.K)|\b[A-Z])\.$")
_BEFORE_NUMBER = re.compile(r"\b(?:Figs?|Eq|Nos?|Vol|Ch|Sec|ca|pp?)\.$")
_LONGEST_ABBREVIATION = 8  # characters that must be looked at before a border
_ENDS_AFTER_ALL = re.compile(r"\b(?:al|etc|Inc)\.$")  # after these a sentence may end; a capitalised word then begins one
_CLAUSE = re.compile(r"[;:,\u2014]\s+|\s+")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text as [start, end), without the space between them; together they hold every other character."""
    start = len(text) - len(text.lstrip())
    for border in _BORDER.finditer(text):
        end = border.start() + len(border.group().rstrip())
        if end > start and not _is_abbreviated(text, max(start, border.start() - _LONGEST_ABBREVIATION), border):
            yield start, end
            start = border.end()
    if text[start:].strip():
        yield start, len(text.rstrip())


def short_spans(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """The sentences of a text; one of more than `longest` words (a table, say) in parts, cut at clauses where it has some."""
    for start, end in sentence_spans(text):
        if end - start <= longest or len(text[start:end].split()) <= longest:  # a word has a character at least
            yield start, end
        else:
            yield from _parts(text, start, end, longest)


def _parts(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    words, clause, begin = 0, None, start
    for gap in _CLAUSE.finditer(text, start, end):
        words += 1
        if not gap[0].isspace():
            clause = gap
        if words >= longest:
            cut = clause if clause is not None and clause.start() > begin + (gap.start() - begin) // 2 else gap
            yield begin, cut.start() + len(cut[0].rstrip())
            words = len(text[cut.end() : gap.start()].split()) if cut is not gap else 0
            begin, clause = cut.end(), None
    if begin < end:
        yield begin, end


def _is_abbreviated(text: str, begin: int, border: re.Match[str]) -> bool:
    """Whether the full stop before a border belongs to an abbreviation or an initial."""
    following = text[border.end()]
    if _BEFORE_NUMBER.search(text, begin, border.start()):
        return following.isdigit()
    if _ENDS_AFTER_ALL.search(text, begin, border.start()):
        return not following.isupper()
    return _ABBREVIATION.search(text, begin, border.start()) is not None
