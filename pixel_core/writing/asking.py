"""Asking: whether a helper's turn ends in an open question, by its form."""

from __future__ import annotations

import re

# A word that asks, at the beginning of the sentence, of one of its clauses, or behind a preposition; "what if" and "how about" propose.
_OPEN = re.compile(
    r"(?:^|[,;:.!?\u2013\"'] |\b(?:and|so|but|or|then|in|at|with|for|to|of|from|on|by|about) )"
    r"(?:what(?!'s the time| if\b)|how(?! about\b)|who|whom|whose|where|when|which|why)(?:'\w+)?\b[^.?!]*\?[\"']?$",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?]) ")
_CLOSED = re.compile(
    r"(?:(?:and|so|but|or) )?(?:do|does|did|is|are|am|was|were|has|have|had|can|could|would|will|shall|should|may|might|must|"
    r"isn't|aren't|doesn't|don't|didn't|wasn't|won't)\b",
    re.I,
)


def asks_openly(text: str) -> bool:
    """Whether the last sentence is a question for what, how, who, where, when, which or why, and not one for yes or no."""
    last = _SENTENCE.split(text.strip())[-1]
    return _CLOSED.match(last) is None and _OPEN.search(last) is not None
