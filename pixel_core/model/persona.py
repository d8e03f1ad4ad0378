"""Which part the model speaks, turn by turn: what was set, what the user asked for, what the persona head hears.

Whoever only means what the head hears changes the part with some reluctance: it must be surer to change than to stay.
The client of therapy training is spoken where a setting says so and nowhere else: no text of a message leads there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from pixel_core.conversation import Part

Setting = Literal["auto", "therapist", "assistant", "client"]
Reason = Literal["set", "risk", "told", "heard", "kept"]
IDEATION = 2.0  # expected crisis level at which whoever speaks is heard as a therapist would

SYSTEM: dict[Part, str] = {
    "therapist": "You are in a counselling conversation. Listen first, answer what was said, ask one thing at a time, and name no "
    "diagnosis. Where somebody may be in danger, ask about it plainly before anything else.",
    "assistant": "You are a helpful assistant. Answer the question that was asked, briefly and correctly, and say so where you do "
    "not know.",
}
"""The system turn of each part; that of a client is the sheet that the setting brings."""

TRANSITION: dict[Part, str] = {
    "therapist": "The talk has just turned from a task to the person. Take that up in your first sentence, without a form of announcement.",
    "assistant": "The talk has just turned from the person to a task. Close what was open with half a sentence, then help with the task.",
}
"""What is added to the system turn for the one reply that changes to a part."""

_THERAPY = r"(?:therap(?:y|ist)|counsel\w+)"
_LISTENER = r"(?:therapist|counsell?or|counsell?ing side|listening one)"
_HELPER = r"(?:assistant|computer|tutor|teacher|coach|editor|secretary|study buddy|household one|normal|just chatting|small talk)"
_SAME = r"(?:(?!\b(?:and|but|then)\b)[^.!?;,])"  # a character of the same part of a sentence
_ENDED = re.compile(
    r"\b(?:stop|quit|drop|enough|no more|off|without|out of|not|n't|finished with|done with|no longer|close|leave)\b"
    rf"{_SAME}{{0,30}}\b(?:{_THERAPY}|soul-searching|feelings|deep questions|being gentle|the talking)\b"
    rf"|\b{_THERAPY} (?:hat|voice|mode) off\b",
    re.I,
)
_BE = r"\b(?:be|being|as|like|have|need|want|into|you(?:'re| are)(?: now)?|back to)\b"
_WANTS_LISTENER = re.compile(rf"{_BE}{_SAME}{{0,40}}?\b{_LISTENER}\b|\b(?:as|like|into)\b (?:in )?{_THERAPY}\b", re.I)
_WANTS_HELPER = re.compile(rf"{_BE}{_SAME}{{0,25}}?\b{_HELPER}\b|\bout of (?:role|the exercise)\b", re.I)


def told(text: str) -> Part | None:
    """The part that a message asks for in so many words, in English: therapist or assistant; None where it asks for none.

    Who ends the therapy asks for the assistant. The last sentence that asks counts. Never the client.
    """
    asked: Part | None = None
    for sentence in re.split(r"(?<=[.!?;])\s+", text):
        going_on = _ENDED.sub("", sentence)
        if _WANTS_LISTENER.search(going_on):
            asked = "therapist"
        elif going_on != sentence or _WANTS_HELPER.search(sentence):
            asked = "assistant"
    return asked


@dataclass(frozen=True, slots=True)
class Step:
    """Who speaks next, whether that is a change, and why."""

    part: Part
    changed: bool
    reason: Reason


@dataclass(slots=True)
class PersonaTracker:
    """Follows a conversation; `setting` other than `auto` decides alone.

    From the assistant to the therapist it takes a probability of therapy of `enter`, back one of `leave`, in `patience`
    turns one after another. Between the two the part stays.
    """

    setting: Setting = "auto"
    enter: float = 0.65
    leave: float = 0.35
    patience: int = 1
    part: Part = "assistant"
    _waiting: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.leave <= self.enter <= 1 or self.patience < 1:
            raise ValueError(f"leave {self.leave:g} <= enter {self.enter:g} must lie in [0, 1], and patience {self.patience} be 1 or more")
        if self.setting not in get_args(Setting):
            raise ValueError(f"setting {self.setting!r} is none of {', '.join(get_args(Setting))}")
        if self.setting == "auto" and self.part not in SYSTEM:
            raise ValueError(f"a talk of setting auto cannot begin as {self.part!r}: the client is played where the setting says client")
        if self.setting != "auto":
            self.part = self.setting

    def step(self, text: str, therapy: float | None, crisis: float | None = None) -> Step:
        """Who answers a message, given the persona head's probability of therapy and the expected crisis level (None: untrained).

        Raises ValueError for what is no number: a danger that nobody could tell is not taken for none.
        """
        for name, value in (("probability of therapy", therapy), ("crisis level", crisis)):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"the {name} is {value}: who speaks next cannot be told; pass None where a head is untrained")
        if self.setting != "auto":
            return Step(self.part, False, "set")
        if crisis is not None and crisis >= IDEATION:
            return self._to("therapist", "risk")
        if (asked := told(text)) is not None:
            return self._to(asked, "told")
        other: Part = "assistant" if self.part == "therapist" else "therapist"
        sure = therapy is not None and (therapy >= self.enter if other == "therapist" else therapy <= self.leave)
        self._waiting = self._waiting + 1 if sure else 0
        return self._to(other, "heard") if self._waiting >= self.patience else Step(self.part, False, "kept")

    def _to(self, part: Part, reason: Reason) -> Step:
        changed, self.part, self._waiting = part != self.part, part, 0
        return Step(part, changed, reason)
