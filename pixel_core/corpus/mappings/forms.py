"""The form of a question: open or closed, where a coder only wrote "question"."""

from __future__ import annotations

import re

_QUESTION = re.compile(r"([^.!?\n]+)\?")
_INVITATION = re.compile(
    r"(?:can|could|would|will) you (?:please |maybe |like to )*(?:tell|describe|share|explain|say|talk|walk|help me)\b"
)
_ONE_FACT = re.compile(r"(?:who|where|when|which|how (?:long|many|much|old|often|far)|what (?:time|day|year|age))\b")
_OPEN = re.compile(r"(?:what|how|why|in what|tell me)\b")
_YES_NO = re.compile(
    r"(?:do|does|did|is|are|was|were|am|have|has|had|can|could|will|would|should|may|might|shall"
    r"|don't|doesn't|didn't|isn't|aren't|wasn't|weren't|haven't|hasn't|can't|couldn't|won't|wouldn't|shouldn't)\b"
)
_LEAD_IN = re.compile(r"^(?:(?:and|so|but|well|ok|okay|oh|also|then|now|yes|hi|hello|hmm|um|if so)[,\s]+)*")


def question_form(text: str) -> str | None:
    """`open_question` or `closed_question` by the form of the last question in a text; None when the form does not tell."""
    questions = _QUESTION.findall(text.lower().replace("\u2019", "'"))
    if not questions:
        return None
    last = _LEAD_IN.sub("", questions[-1].strip())
    if _INVITATION.match(last):
        return "open_question"
    if _ONE_FACT.match(last):
        return "closed_question"
    if _OPEN.match(last):
        return "open_question"
    return "closed_question" if _YES_NO.match(last) else None
