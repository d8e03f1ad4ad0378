"""How the codes of public sets become labels: one table a set, and the rules that need more than a table.

| domain of `eq` | set | mapping |
|---|---|---|
| empathy_recognition | EPITOME | level of interpretations / 2, on the response |
| empathy_recognition | ESConv | the seeker's `empathy` rating, (x - 1) / 4, on the supporter's last turn |
| emotional_regulation | ESConv | fall of the seeker's emotion intensity, (first - last) / 4, never below 0, on the supporter's last turn |
| interpersonal_skills | AnnoMI | `mi_quality` high 1, low 0, on each therapist turn that shows a coded behaviour |

emotional_awareness and social_cognition have no set with a defensible mapping here; they are supervised only by what the
knowledge writes, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pixel_core.conversation import Label


@dataclass(frozen=True, slots=True)
class Coding:
    """What a code says of techniques: those it shows, and those it leaves open because it does not tell them apart."""

    shows: tuple[str, ...] = ()
    leaves_open: tuple[str, ...] = ()


QUESTIONS = ("open_question", "closed_question")

# ESConv codes one strategy a turn. "Question" does not tell open from closed: the form of the question does (`question_form`).
# "Affirmation and Reassurance" is mostly reassurance; whether it also affirms or validates stays open.
ESCONV: Mapping[str, Coding] = {
    "Question": Coding((), QUESTIONS),
    "Restatement or Paraphrasing": Coding(("simple_reflection",)),
    "Reflection of feelings": Coding(("feeling_reflection",)),
    "Self-disclosure": Coding(("self_disclosure",)),
    "Affirmation and Reassurance": Coding(("reassurance",), ("affirmation", "validation")),
    "Providing Suggestions": Coding(("suggestion",)),
    "Information": Coding(("information",)),
    "Others": Coding(),
}

# AnnoMI codes question, reflection and therapist input of an utterance separately, each with a subtype.
# Advice and options both put something to try before the client; negotiation agrees on a goal of change.
ANNOMI_QUESTION: Mapping[str, Coding] = {"open": Coding(("open_question",)), "closed": Coding(("closed_question",))}
ANNOMI_REFLECTION: Mapping[str, Coding] = {"simple": Coding(("simple_reflection",)), "complex": Coding(("complex_reflection",))}
ANNOMI_INPUT: Mapping[str, Coding] = {
    "information": Coding(("information",)),
    "advice": Coding(("suggestion",)),
    "options": Coding(("suggestion",)),
    "negotiation": Coding(("goal_setting",)),
}

# The Columbia-scale categories of the Reddit set are the levels of crisis.csv.
CSSRS: Mapping[str, int] = {"Supportive": 0, "Indicator": 1, "Ideation": 2, "Behavior": 3, "Attempt": 4}

DIASAFETY: Mapping[str, int] = {"Safe": 1, "Unsafe": 0}

# EPITOME has one file a mechanism; the file's name tells which.
EPITOME: Mapping[str, str] = {
    "emotional-reactions": "emotional_reactions",
    "interpretations": "interpretations",
    "explorations": "explorations",
}


def scheme(*tables: Mapping[str, Coding]) -> tuple[str, ...]:
    """Every technique that the codes of these tables speak of, in name order: the ids that a coder chose among."""
    return tuple(sorted({t for table in tables for coding in table.values() for t in (*coding.shows, *coding.leaves_open)}))


def technique_labels(codings: Iterable[Coding], among: Iterable[str], source: str) -> tuple[Label, ...]:
    """Labels of a coded turn: 1 for techniques shown, 0 for the rest of the scheme, none for what is left open.

    Techniques that the scheme has no code for stay unknown. The first technique shown is the turn's `intervention`.
    """
    shown = list(dict.fromkeys(t for coding in codings for t in coding.shows))
    left_open = {t for coding in codings for t in coding.leaves_open}
    labels = [Label(f"technique.{t}", 1.0, source) for t in shown]
    labels += [Label(f"technique.{t}", 0.0, source) for t in among if t not in shown and t not in left_open]
    labels += [Label(f"intervention.{t}", 1.0, source) for t in shown[:1]]
    return tuple(labels)


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
