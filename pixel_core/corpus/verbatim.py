"""Sentences that stand word for word in held-out rows: what is learnt with them is known by heart there."""

from __future__ import annotations

from collections.abc import Iterable

_LONG = 5  # words of a sentence that is not said by chance


def any_said(sentences: Iterable[str], said: str) -> bool:
    """Whether one of these sentences, unless it is short, stands in what is said."""
    return any(len(sentence.split()) >= _LONG and sentence in said for sentence in sentences)
