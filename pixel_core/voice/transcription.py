"""Transcribing a playlist: segments that pass the gate, and the others with the reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.recipe import VoiceRecipe
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects
from pixel_core.voice.fetch import EPISODES, PLAYLIST, REFERENCE
from pixel_core.voice.gate import LIMITS, Gate, characters_per_second, repetition
from pixel_core.voice.playlists import read_source
from pixel_core.voice.recogniser import Heard, Recogniser, recogniser_digest, refuse_unfit
from pixel_core.voice.words import word_error_rate, words_of

KIND, VERSION = "playlist_transcripts", "1"
SEGMENTS, GATE = "segments.parquet", "gate.json"
SEGMENT_SCHEMA = pl.Schema(
    {
        "id": pl.String,  # <episode>-<index>
        "playlist": pl.String,
        "episode": pl.String,
        "index": pl.Int64,  # position among all recognised segments of the episode: a gap is a rejected one
        "start": pl.Float64,  # seconds
        "end": pl.Float64,
        "text": pl.String,
        "avg_logprob": pl.Float64,  # of the decoded window, as are no_speech_prob and, per episode, the language
        "compression_ratio": pl.Float64,
        "no_speech_prob": pl.Float64,
        "repetition": pl.Float64,  # share of repeated word trigrams
        "repeats": pl.Int64,  # segments right before it that say the same
        "characters_per_second": pl.Float64,
        "language": pl.String,
        "language_probability": pl.Float64,  # null when the model knows one language only
    }
)
TRANSCRIPT_SCHEMA = pl.Schema(
    {
        "episode": pl.String,
        "title": pl.String,
        "uri": pl.String,
        "seconds": pl.Float64,  # decoded
        "speech_seconds": pl.Float64,  # after voice activity detection
        "recognised": pl.Int64,  # segments before the gate
        "kept": pl.Int64,
    }
)
_KEYS = ("language", "compute_type", "batch_size", "chunk_length", "min_language_probability", *LIMITS)

logger = logging.getLogger(__name__)


def transcribe_playlist(audio: Path, out: Path, *, model_root: Path, recipe: VoiceRecipe, force: bool = False) -> Built:
    """Recognise the kept episodes of a playlist artifact into `segments.parquet`.

    An episode without speech or in another language is one reject, a segment that fails the gate another. With
    references the figure `wer` is the word error rate of what was kept. The micro model is refused, with
    VoiceError, for a playlist that is not of kind `sample`; `model_root` is its folder.
    """
    inputs = {
        "playlist_audio": input_digest(audio),
        "recogniser": recogniser_digest(recipe, model_root),
        "recipe": digest_of(recipe.model_dump(include=set(_KEYS))),
    }
    source = read_source(audio / PLAYLIST)
    refuse_unfit(recipe, source["key"], source["kind"])

    def write(staging: Path) -> Summary:
        episodes = pl.read_parquet(audio / EPISODES).filter(pl.col("status") == "kept").to_dicts()
        recogniser, gate = Recogniser(recipe, model_root), Gate.of(recipe)
        transcripts = []
        for number, episode in enumerate(episodes, start=1):
            logger.info("playlist %s: hearing episode %s, %d of %d", source["key"], episode["id"], number, len(episodes))
            transcripts.append(_transcript(source["key"], episode, recogniser.hear(audio / episode["file"]), gate, recipe))
        write_json(staging / PLAYLIST, source)
        write_json(staging / GATE, asdict(gate))
        return _finish(transcripts, audio / REFERENCE, staging)

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


@dataclass(frozen=True, slots=True)
class _Transcript:
    """One recognised episode: its row, the kept segments, and what was rejected."""

    episode: dict[str, Any]
    segments: list[dict[str, Any]]
    rejects: list[Reject]


def _transcript(playlist: str, episode: Mapping[str, Any], heard: Heard, gate: Gate, recipe: VoiceRecipe) -> _Transcript:
    rows = _rows(playlist, episode["id"], heard)
    if reason := episode_reason(heard, recipe):
        kept, rejects = [], [Reject(playlist, episode["id"], reason, f"{len(rows)} segments were recognised", as_content(rows))]
    else:
        reasons = [gate.reason(row) for row in rows]
        kept = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
        rejects = [_reject(playlist, row, reason) for row, reason in zip(rows, reasons, strict=True) if reason]
    described = {
        "episode": episode["id"],
        "title": episode["title"],
        "uri": episode["uri"],
        "seconds": episode["decoded_seconds"],
        "speech_seconds": round(heard.speech_seconds, 3),
        "recognised": len(rows),
        "kept": len(kept),
    }
    return _Transcript(described, kept, rejects)


def episode_reason(heard: Heard, recipe: VoiceRecipe) -> str | None:
    """Why a whole episode is rejected, as a code; None when its segments are to be judged."""
    if not heard.segments:
        return "no_speech"
    if heard.language != recipe.language:
        return "other_language"
    if heard.language_probability is not None and heard.language_probability < recipe.min_language_probability:
        return "uncertain_language"
    return None


def _rows(playlist: str, episode: str, heard: Heard) -> list[dict[str, Any]]:
    """The recognised segments of an episode in the terms of `SEGMENT_SCHEMA`."""
    rows: list[dict[str, Any]] = []
    for index, segment in enumerate(heard.segments):
        text = segment.text.strip()
        same = bool(rows) and words_of(rows[-1]["text"]) == words_of(text)
        rows.append(
            {
                "id": f"{episode}-{index:05d}",
                "playlist": playlist,
                "episode": episode,
                "index": index,
                "start": round(segment.start, 3),
                "end": round(segment.end, 3),
                "text": text,
                "avg_logprob": round(segment.avg_logprob, 4),
                "compression_ratio": round(segment.compression_ratio, 4),
                "no_speech_prob": round(segment.no_speech_prob, 4),
                "repetition": round(repetition(text), 4),
                "repeats": rows[-1]["repeats"] + 1 if same else 0,
                "characters_per_second": round(characters_per_second(text, segment.start, segment.end), 4),
                "language": heard.language,
                "language_probability": None if heard.language_probability is None else round(heard.language_probability, 4),
            }
        )
    return rows


def _reject(playlist: str, row: dict[str, Any], reason: str) -> Reject:
    measured = ", ".join(f"{name} {row[name]:g}" for name in ("avg_logprob", "compression_ratio", "no_speech_prob", "repetition"))
    return Reject(playlist, row["id"], reason, measured, as_content(row))


def _finish(transcripts: list[_Transcript], reference: Path, staging: Path) -> Summary:
    segments = pl.DataFrame([row for t in transcripts for row in t.segments], schema=SEGMENT_SCHEMA)
    rejects = [reject for t in transcripts for reject in t.rejects]
    write_table(staging / SEGMENTS, segments)
    write_table(staging / EPISODES, pl.DataFrame([t.episode for t in transcripts], schema=TRANSCRIPT_SCHEMA))
    write_rejects(staging, rejects)
    figures: dict[str, int | float] = {
        "episodes": len(transcripts),
        "read": sum(t.episode["recognised"] for t in transcripts),
        "speech_seconds": round(sum(t.episode["speech_seconds"] for t in transcripts), 1),
    }
    if reference.is_file():
        said = pl.read_parquet(reference)
        write_table(staging / REFERENCE, said)
        figures["wer"] = round(reference_error_rate(segments, said), 4)
    return Summary(segments.height, count_reasons(rejects), figures)


def reference_error_rate(segments: pl.DataFrame, reference: pl.DataFrame) -> float:
    """The word error rate of segments, over the episodes that have a reference."""
    return word_error_rate(_texts(segments), _texts(reference))


def _texts(frame: pl.DataFrame) -> dict[str, str]:
    return {episode: " ".join(part.sort("start")["text"]) for (episode,), part in frame.group_by("episode")}
