"""The gate on recognised segments, which faster-whisper's batched pipeline leaves to its caller.

The batched pipeline ignores its own thresholds on log-probability, compression and silence, so a loop
("thank you thank you thank you") or an invented sentence comes out like any other segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pixel_core.recipe import VoiceRecipe
from pixel_core.voice.words import words_of

LIMITS = ("min_logprob", "max_compression", "max_repetition", "max_no_speech", "max_characters_per_second")
_NGRAM = 3
_LOOP = 2  # the third time that the same is said in a row, it is a loop of the recogniser


@dataclass(frozen=True, slots=True)
class Gate:
    """The limits that a segment must keep; stored beside the segments, so that a check can hold them to it."""

    min_logprob: float
    max_compression: float
    max_repetition: float
    max_no_speech: float
    max_characters_per_second: float

    @classmethod
    def of(cls, recipe: VoiceRecipe | Mapping[str, Any]) -> Gate:
        """The limits that a recipe or a stored `gate.json` sets."""
        values = recipe if isinstance(recipe, Mapping) else recipe.model_dump()
        return cls(**{name: values[name] for name in LIMITS})

    def reason(self, segment: Mapping[str, Any]) -> str | None:
        """The first reason to reject a row of `segments.parquet`, or None."""
        failing = {
            "empty": not words_of(segment["text"]),
            "bad_times": not 0 <= segment["start"] < segment["end"],
            "low_confidence": segment["avg_logprob"] < self.min_logprob,
            "no_speech": segment["no_speech_prob"] > self.max_no_speech,
            "compressible": segment["compression_ratio"] > self.max_compression,
            "repetitive": segment["repetition"] > self.max_repetition,
            "looping": segment["repeats"] >= _LOOP,
            "too_fast": segment["characters_per_second"] > self.max_characters_per_second,
        }
        return next((reason for reason, fails in failing.items() if fails), None)


def repetition(text: str) -> float:
    """The share of a text's word trigrams that stand in it before; 0 for fewer than two trigrams."""
    words = words_of(text)
    ngrams = [tuple(words[i : i + _NGRAM]) for i in range(len(words) - _NGRAM + 1)]
    return 1 - len(set(ngrams)) / len(ngrams) if len(ngrams) > 1 else 0.0


def characters_per_second(text: str, start: float, end: float) -> float:
    """How fast a segment's text was said; 0 when it has no duration, which is a reason of its own."""
    return len(text) / (end - start) if end > start else 0.0
