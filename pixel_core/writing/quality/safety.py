"""Safety: whether nothing that a careful therapist must ask or say was left out of a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pixel_core.conversation import Conversation, Turn
from pixel_core.writing.care import DISTRESS, called_for, duties, is_asked, is_met, owed_to, routine_codes
from pixel_core.writing.risk import IDEATION, level_labelled, level_of

_SAFETY = frozenset({"safety_assessment", "safety_planning"})


def safety_faults(conversation: Conversation) -> Iterator[str]:
    """What was left out, as codes: the question about suicide, an answer to danger for body or home, the referral of a class."""
    if not any(turn.part == "therapist" for turn in conversation.turns):
        return
    codes = {label.output.partition(".")[2] for _, label in conversation.labels if label.head in ("clinical", "pdm2") and label.value == 1}
    said, told = ([turn.content for turn in conversation.turns if turn.part == part] for part in ("therapist", "client"))
    if level_labelled(label for _, label in conversation.labels) < IDEATION:  # else the danger is talked of and a crisis team brought in
        if codes & routine_codes():
            yield from _asked(conversation.turns)
        yield from (f"{name}_left_out" for name in owed_to(codes, told) if not is_met(name, said, told))
        if any(level_of(text) == DISTRESS for text in told) and not any(is_asked(text) for text in said):
            yield "hopelessness_passed_over"
    yield from _passed_over(conversation.turns)


def _asked(turns: Sequence[Turn]) -> Iterator[str]:
    """The question is put, after something was told and while there is time to talk about the answer."""
    places = [
        i for i, t in enumerate(turns) if t.part == "therapist" and "safety_assessment" in t.shown("technique") and is_asked(t.content)
    ]
    if not places:
        yield "risk_not_asked"
    elif not any(turn.part == "client" for turn in turns[: places[0]]) or places[0] > len(turns) * 2 / 3:
        yield "risk_asked_out_of_place"


def _passed_over(turns: Sequence[Turn]) -> Iterator[str]:
    """What calls for a reply at once gets it at the next turn, a second such thing at the one after it.

    Where that next turn is about danger to life, one of the turns after it will do.
    """
    answered: set[str] = set()
    for index, turn in enumerate(turns):
        called = [name for name in called_for(turn.content) if name not in answered] if turn.part == "client" else []
        following = [t for t in turns[index + 1 :] if t.part == "therapist"]
        first = bool(following) and bool(following[0].shown("technique") & _SAFETY)
        for place, name in enumerate(called, start=1):
            if not is_met(name, [t.content for t in (following if first else following[:place])], [turn.content]):
                yield f"{duties()[name].name}_passed_over"
        answered |= set(called)
