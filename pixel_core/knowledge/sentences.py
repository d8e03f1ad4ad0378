"""Sentences of running text, as positions."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BORDER = re.compile(r"(?<=[.!?…])[\"'”\u2019)\]]*\s+(?=[\"'“\u2018(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|etc|Dr|Mr|Mrs|Ms|Prof|St|approx|p|pp)|\b[A-Z])\.$")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text as [start, end), without the space between them; together they hold every other character."""
    start = len(text) - len(text.lstrip())
    for border in _BORDER.finditer(text):
        end = border.start() + len(border.group().rstrip())
        if end > start and not _ABBREVIATION.search(text, start, border.start()):
            yield start, end
            start = border.end()
    if text[start:].strip():
        yield start, len(text.rstrip())
