"""faster-whisper behind two values: which model, and the segments of one recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixel_core.artifacts import digest_of, tree_digest
from pixel_core.recipe import VoiceRecipe
from pixel_core.voice.playlists import VoiceError

MICRO = "micro"
_MICRO_WINDOW = 6  # seconds; see data/sample/voice/README.md
_LONGEST_WINDOW = 30


@dataclass(frozen=True, slots=True)
class Heard:
    """A recognised recording: seconds decoded, seconds with speech, language and its probability, and segments.

    `language_probability` is None when the model knows one language only and cannot tell.
    """

    seconds: float
    speech_seconds: float
    language: str
    language_probability: float | None
    segments: list[Any]


def refuse_unfit(recipe: VoiceRecipe, playlist: str, kind: str) -> None:
    """Raise VoiceError when the recipe's recogniser must not hear a playlist of this kind."""
    if recipe.whisper == MICRO and kind != "sample":
        raise VoiceError(
            f"playlist {playlist} is of kind {kind}, and the micro recogniser has memorised the sample playlists and invents "
            "text for anything else: set voice.whisper to small.en or larger, and voice.chunk_length to 30"
        )
    longest = _MICRO_WINDOW if recipe.whisper == MICRO else _LONGEST_WINDOW
    if recipe.chunk_length > longest:
        raise VoiceError(f"voice.chunk_length is {recipe.chunk_length}: {recipe.whisper} hears windows of at most {longest} s")
    if recipe.whisper.endswith(".en") and recipe.language != "en":
        raise VoiceError(f"voice.whisper {recipe.whisper} knows English only, and voice.language is {recipe.language}: drop the .en")


def recogniser_digest(recipe: VoiceRecipe, model_root: Path) -> str:
    """SHA-256 of the model: its files for micro, its name for a public one."""
    return tree_digest(model_root) if recipe.whisper == MICRO else digest_of(recipe.whisper)


class Recogniser:
    """A loaded Whisper. `hear` gives the same segments for the same file, batch size and machine."""

    def __init__(self, recipe: VoiceRecipe, model_root: Path) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        name = str(model_root) if recipe.whisper == MICRO else recipe.whisper
        self._recipe = recipe
        self._model = WhisperModel(name, device="auto", compute_type=recipe.compute_type)
        self._pipeline = BatchedInferencePipeline(self._model)

    def hear(self, path: Path) -> Heard:
        """Recognise one recording in the recipe's language, and tell which language was heard."""
        from faster_whisper import decode_audio

        recipe = self._recipe
        audio = decode_audio(str(path))
        segments, info = self._pipeline.transcribe(
            audio,
            language=recipe.language,
            batch_size=recipe.batch_size,
            chunk_length=recipe.chunk_length,
            without_timestamps=False,
        )
        language, probability = recipe.language, None
        if self._model.model.is_multilingual and info.duration_after_vad:
            language, probability, _ = self._model.detect_language(audio, vad_filter=True, language_detection_segments=4)
        return Heard(info.duration, info.duration_after_vad, language, probability, list(_ordered(segments)))


def _ordered(segments: Any) -> Iterator[Any]:
    yield from sorted(segments, key=lambda segment: (segment.start, segment.end))
