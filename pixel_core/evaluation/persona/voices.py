"""Whose voice a reply is written in, the therapist's or the assistant's: a classifier over words, and no embedding.

It counts the words of the replies in `dual_persona.yaml`, which are training data, so nothing of the evaluation items
teaches it. What it is worth on the replies of `persona_sessions.jsonl`, which it has not seen, is a figure of its own.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pixel_core.yaml_text import parse_yaml

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!:]")
_NUMBER = "0"


class VoiceError(ValueError):
    """There are no replies to tell the voices by; the message names the file."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The log-odds of each word for the therapist's voice (naive Bayes, add one, both voices equally frequent)."""

    odds: dict[str, float]

    @classmethod
    def of(cls, replies: Iterable[tuple[str, bool]]) -> Voice:
        """What these replies teach; True is the therapist's."""
        counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for text, therapy in replies:
            counts[therapy].update(_tokens(text))
        if not all(counts.values()):
            raise VoiceError("one of the voices has no reply to be told by")
        words = counts[True].keys() | counts[False].keys()
        totals = {voice: own.total() + len(words) for voice, own in counts.items()}
        return cls({w: math.log((counts[True][w] + 1) / totals[True] * totals[False] / (counts[False][w] + 1)) for w in sorted(words)})

    def therapy(self, text: str) -> float:
        """How likely the therapist speaks; a half for a text without a known word."""
        score = sum(self.odds.get(token, 0.0) for token in _tokens(text))
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


def read_voice(scenarios: Path) -> Voice:
    """The voice as the replies of `dual_persona.yaml` have it; raises VoiceError where there are none."""
    path = scenarios / "dual_persona.yaml"
    if not path.is_file():
        raise VoiceError(f"{path} does not exist: the voices are told by its replies")
    dialogues = parse_yaml(path.read_text(encoding="utf-8"))
    turns = (turn for dialogue in dialogues for turn in dialogue["turns"])
    return Voice.of((str(turn[part]), part == "therapist") for turn in turns for part in ("therapist", "assistant") if part in turn)


def _tokens(text: str) -> list[str]:
    return [_NUMBER if token.isdigit() else token for token in _TOKEN.findall(text.lower().replace("\u2019", "'"))]
