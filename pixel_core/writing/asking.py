"""Asking: whether a question is open or closed, by its form."""

from __future__ import annotations

import re

from pixel_core.sentences import sentences_of

_AUXILIARY = "do|does|did|is|are|am|was|were|has|have|had|can|could|would|will|shall|should|may|might|must"
# A word that asks, at the beginning of the sentence, of one of its clauses, or behind a preposition; "what if" and "how about" propose,
# and "when" asks only before a verb that asks, too.
_OPEN = re.compile(
    r"(?:^|[,;:.!?\u2013\"'] |\b(?:and|so|but|or|then|in|at|with|for|to|of|from|on|by|about) )"
    r"(?:what(?!'s the time| if\b)|how(?! about\b)|who|whom|whose|where|which|why|"
    rf"when(?= (?:{_AUXILIARY}|else|exactly)\b))(?:'\w+)?\b[^.?!]*\?[\"']?$",
    re.I,
)
_CLOSED_END = re.compile(
    rf"[,;:] (?:{_AUXILIARY}) (?:you|your|it|that|there|the|any|a|we)\b[^,;:]*\?[\"']?$",
    re.I,
)
_CLOSED = re.compile(rf"(?:(?:and|so|but|or) )?(?:{_AUXILIARY}|isn't|aren't|doesn't|don't|didn't|wasn't|won't)\b", re.I)


def asks_openly(text: str) -> bool:
    """Whether the last sentence is a question for what, how, who, where, when, which or why, and not one for yes or no."""
    last = sentences_of(text.strip())[-1]
    return _OPEN.search(last) is not None and not (_CLOSED.match(last) or _CLOSED_END.search(last))


def kind_of_question(line: str) -> str:
    """Closed when it begins like a question for yes or no; `Could you` and `Would you` invite."""
    return "closed_question" if re.match(r"(?:do|does|did|is|are|has|have|was|were|will|can the)\b", line, re.I) else "open_question"
