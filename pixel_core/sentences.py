"""Sentences and clauses of a turn: cut where a mark of punctuation is followed by space.

Rules look at one sentence at a time so. Documents, with their abbreviations and quotations, are cut in `knowledge/sentences.py`, and
speech, with its times, in `voice/sentences.py`.
"""

from __future__ import annotations

import re

_AFTER_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_AFTER_CLAUSE = re.compile(r"(?<=[.?!;:])\s+")


def sentences_of(text: str) -> list[str]:
    """The sentences of a turn, marks included; a text without any is one sentence."""
    return _AFTER_SENTENCE.split(text)


def clauses_of(text: str) -> list[str]:
    """The sentences of a turn, cut after semicolons and colons too."""
    return _AFTER_CLAUSE.split(text)
