"""The recipe section of the voice stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixel_core.recipe.section import Positive, Section, Share


class VoiceRecipe(Section):
    """How recordings become transcripts, a personality profile and dialogues."""

    playlists: list[str]
    """Playlists (keys of playlists.yaml) whose speech enters profile and mixture."""
    whisper: str
    """`micro` (ships with the project, for its own sample playlists only), or a faster-whisper model: `small.en`, ..."""
    compute_type: Literal["int8", "int8_float32", "float32", "float16", "bfloat16"]
    """Number format of the recogniser's weights."""
    batch_size: Positive
    """Audio windows decoded together."""
    chunk_length: Positive
    """Seconds of an audio window; the micro model knows 6, the public ones 30."""
    language: str
    """Spoken language as an ISO code; segments in another language are rejected."""
    min_decoded_share: Share
    """A recording that decodes to less than this share of its announced duration is rejected as truncated."""
    min_logprob: float
    """Segments whose mean token log-probability is lower are rejected."""
    max_compression: float
    """Segments whose text compresses better than this ratio repeat themselves and are rejected."""
    max_repetition: Share
    """Segments in which more than this share of the word trigrams are repeats are rejected."""
    max_no_speech: Share
    """Segments that are silence with a higher probability are rejected."""
    max_characters_per_second: Annotated[float, Field(gt=0)]
    """Segments with more text than anybody can say in their time are rejected."""
    min_language_probability: Share
    """An episode whose language is heard with a lower probability is rejected, unless the recogniser knows one language only."""
    max_overlap: Share
    """Two conversations from one recording share less than this part of their word 5-grams."""
