"""The crisis level of what a client says: by sentence, and by the kind of symptom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from pixel_core.conversation import Label
from pixel_core.writing.cues import Cue, first_held
from pixel_core.writing.phrases import bank

HARM = 3  # self-harm or preparation
IDEATION = 2  # thoughts of dying: from here a conversation is about safety first
_BY_SYMPTOM = {"suicidal_thoughts": IDEATION, "self_harm_or_suicidality": IDEATION}


def level_of(text: str, symptom: str = "") -> int:
    """The crisis level (0 to 4) that a sentence voices; a symptom of suicidality raises it to ideation at least."""
    return max(_spoken(text), _BY_SYMPTOM.get(symptom, 0))


def level_labelled(labels: Iterable[Label]) -> float:
    """The highest crisis level among labels; 0 without one."""
    return max((label.value for label in labels if label.output == "crisis.level"), default=0)


@lru_cache(maxsize=2**16)  # sentences come back: from the records, in drafts, and when they are judged
def _spoken(text: str) -> int:
    return first_held(text, levels()) or 0


@cache
def levels() -> tuple[tuple[int, Cue], ...]:
    """What sentences are searched for, with the crisis level that each find tells: the first that is found decides."""
    crisis = bank("crisis")

    def cue(entry: Mapping[str, Any]) -> Cue:
        return Cue.of(re.compile(re.sub(r"<(\w+)>", lambda name: crisis["pieces"][name[1]], entry["cue"]), re.I))

    return tuple((entry["level"], cue(entry)) for entry in crisis["levels"])
