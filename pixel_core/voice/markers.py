"""Markers of speech and style: how fast, with what pauses, in what sentences, with what words somebody speaks.

markers.parquet         one row an episode and marker; a marker that has nothing to rest on is null
sentences.parquet       one row a sentence: pace, pause before it, kind
function_words.parquet  one row an episode and function word: count and rate, the zeros too
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, stdev
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, input_digest, write_json, write_table
from pixel_core.rejects import Reject, count_reasons, write_rejects
from pixel_core.voice.fetch import EPISODES, PLAYLIST
from pixel_core.voice.lexicon import count_terms, function_words, lexicon_digest, words_in
from pixel_core.voice.playlists import VoiceError, read_source
from pixel_core.voice.sentences import Sentence, read_sentences
from pixel_core.voice.transcription import SEGMENTS

KIND, VERSION = "personality_markers", "1"
MARKERS_FILE, SENTENCES_FILE, FUNCTION_WORDS_FILE = "markers.parquet", "sentences.parquet", "function_words.parquet"
_WINDOW = 50  # words over which the type-token ratio is taken, since it falls with the length of a text


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marker means: its unit, its largest possible value (None: unbounded), its definition. The smallest is 0."""

    unit: str
    highest: float | None
    meaning: str


MARKERS = {
    "words_per_minute": Marker("words/min", None, "words over the time from first to last sentence, pauses within a run included"),
    "articulation_rate": Marker("words/min", None, "words over the time spent speaking"),
    "pause_median": Marker("s", None, "median silence between two sentences of a run"),
    "pause_p90": Marker("s", None, "silence that nine of ten pauses do not exceed"),
    "pause_share": Marker("share", 1, "share of the time of a run that is silence between sentences"),
    "sentence_words": Marker("words", None, "mean words of a sentence"),
    "sentence_words_spread": Marker("words", None, "standard deviation of the words of a sentence"),
    "question_share": Marker("share", 1, "share of the sentences that end with a question mark"),
    "first_person_share": Marker("share", 1, "share of the words that are I, we and their forms"),
    "second_person_share": Marker("share", 1, "share of the words that are you and its forms"),
    "function_word_share": Marker("share", 1, "share of the words that are grammar"),
    "hedge_rate": Marker("per 100 words", 100, "maybe, I think, a bit, ..."),
    "absolute_rate": Marker("per 100 words", 100, "always, nobody, completely, ..."),
    "filler_rate": Marker("per 100 words", 100, "um, you know, I mean, ... (Whisper drops most of them)"),
    "empathy_rate": Marker("per 100 words", 100, "wording of understanding: it sounds like, that must be, ..."),
    "emotion_positive_rate": Marker("per 100 words", 100, "words of pleasant feeling"),
    "emotion_negative_rate": Marker("per 100 words", 100, "words of unpleasant feeling"),
    "vocabulary_richness": Marker("share", 1, "distinct words over words, mean over windows of 50 words"),
    "hapax_share": Marker("share", 1, "words said once over distinct words"),
}
_RATES = ("hedge", "absolute", "filler", "empathy", "emotion_positive", "emotion_negative")

MARKER_SCHEMA = pl.Schema({"playlist": pl.String, "episode": pl.String, "marker": pl.String, "value": pl.Float64, "unit": pl.String})
SENTENCE_SCHEMA = pl.Schema(
    {
        "playlist": pl.String,
        "episode": pl.String,
        "run": pl.Int64,
        "start": pl.Float64,
        "end": pl.Float64,
        "words": pl.Int64,
        "words_per_minute": pl.Float64,  # null when it took no time
        "pause_before": pl.Float64,  # null at the beginning of a run
        "is_question": pl.Boolean,
    }
)
FUNCTION_WORD_SCHEMA = pl.Schema(
    {"playlist": pl.String, "episode": pl.String, "word": pl.String, "count": pl.Int64, "per_thousand": pl.Float64}
)


def extract_markers(transcripts: Path, out: Path, *, force: bool = False) -> Built:
    """Measure every episode of a transcripts artifact; one without a kept segment is rejected as `no_segments`.

    Raises VoiceError when no episode has one.
    """
    inputs = {"playlist_transcripts": input_digest(transcripts), "lexicon": lexicon_digest()}
    source = read_source(transcripts / PLAYLIST)

    def write(staging: Path) -> Summary:
        spoken = read_sentences(transcripts / SEGMENTS)
        if not spoken:
            raise VoiceError(f"playlist {source['key']} has no kept segment to measure: see rejected.parquet in {transcripts}")
        episodes = pl.read_parquet(transcripts / EPISODES)["episode"].to_list()
        rejects = [Reject(source["key"], e, "no_segments", "no segment of the episode was kept") for e in episodes if e not in spoken]
        write_table(staging / MARKERS_FILE, pl.DataFrame(_marker_rows(source["key"], spoken), schema=MARKER_SCHEMA))
        write_table(staging / SENTENCES_FILE, pl.DataFrame(_sentence_rows(source["key"], spoken), schema=SENTENCE_SCHEMA))
        write_table(staging / FUNCTION_WORDS_FILE, pl.DataFrame(_function_word_rows(source["key"], spoken), schema=FUNCTION_WORD_SCHEMA))
        write_json(staging / PLAYLIST, source)
        write_rejects(staging, rejects)
        words = sum(len(s.words) for sentences in spoken.values() for s in sentences)
        figures: dict[str, int | float] = {"read": len(episodes), "words": words, "sentences": sum(map(len, spoken.values()))}
        return Summary(len(spoken), count_reasons(rejects), figures | _means(spoken))

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


def measure_speech(sentences: Sequence[Sentence]) -> dict[str, float | None]:
    """Every marker of `MARKERS` over these sentences, which are in the order spoken; None where nothing defines it.

    Raises ValueError when there is no word.
    """
    words = [word for sentence in sentences for word in sentence.words]
    if not words:
        raise ValueError("markers need at least one word")
    speaking = sum(sentence.seconds for sentence in sentences)
    pauses = _pauses(sentences)
    lengths = [len(sentence.words) for sentence in sentences]
    grammar = function_words()
    values: dict[str, float | None] = {
        "words_per_minute": _ratio(60 * len(words), speaking + sum(pauses)),
        "articulation_rate": _ratio(60 * len(words), speaking),
        "pause_median": median(pauses) if pauses else None,
        "pause_p90": sorted(pauses)[-(-9 * len(pauses) // 10) - 1] if pauses else None,
        "pause_share": _ratio(sum(pauses), speaking + sum(pauses)),
        "sentence_words": len(words) / len(sentences),
        "sentence_words_spread": stdev(lengths) if len(lengths) > 1 else None,
        "question_share": sum(sentence.is_question for sentence in sentences) / len(sentences),
        "first_person_share": sum(word in words_in("first_person") for word in words) / len(words),
        "second_person_share": sum(word in words_in("second_person") for word in words) / len(words),
        "function_word_share": sum(word in grammar for word in words) / len(words),
        "vocabulary_richness": _richness(words),
        "hapax_share": sum(n == 1 for n in Counter(words).values()) / len(set(words)),
    }
    values |= {f"{name}_rate": 100 * sum(count_terms(s.words, name) for s in sentences) / len(words) for name in _RATES}
    return {name: None if values[name] is None else round(values[name], 4) for name in MARKERS}  # type: ignore[arg-type]


def _pauses(sentences: Sequence[Sentence]) -> list[float]:
    return [max(0.0, after.start - before.end) for before, after in pairwise(sentences) if before.run == after.run]


def _richness(words: Sequence[str]) -> float:
    windows = [words[i : i + _WINDOW] for i in range(max(1, len(words) - _WINDOW + 1))]
    return sum(len(set(window)) / len(window) for window in windows) / len(windows)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _marker_rows(playlist: str, spoken: dict[str, list[Sentence]]) -> list[dict[str, Any]]:
    return [
        {"playlist": playlist, "episode": episode, "marker": name, "value": value, "unit": MARKERS[name].unit}
        for episode, sentences in sorted(spoken.items())
        for name, value in measure_speech(sentences).items()
    ]


def _sentence_rows(playlist: str, spoken: dict[str, list[Sentence]]) -> list[dict[str, Any]]:
    rows = []
    for episode, sentences in sorted(spoken.items()):
        for before, sentence in zip([None, *sentences], sentences, strict=False):
            pace = _ratio(60 * len(sentence.words), sentence.seconds)
            follows = before is not None and before.run == sentence.run
            rows.append(
                {
                    "playlist": playlist,
                    "episode": episode,
                    "run": sentence.run,
                    "start": sentence.start,
                    "end": sentence.end,
                    "words": len(sentence.words),
                    "words_per_minute": None if pace is None else round(pace, 2),
                    "pause_before": round(max(0.0, sentence.start - before.end), 3) if follows and before else None,
                    "is_question": sentence.is_question,
                }
            )
    return rows


def _function_word_rows(playlist: str, spoken: dict[str, list[Sentence]]) -> list[dict[str, Any]]:
    rows = []
    for episode, sentences in sorted(spoken.items()):
        counts = Counter(word for sentence in sentences for word in sentence.words)
        for word in sorted(function_words()):
            rate = round(1000 * counts[word] / counts.total(), 3)
            rows.append({"playlist": playlist, "episode": episode, "word": word, "count": counts[word], "per_thousand": rate})
    return rows


def _means(spoken: dict[str, list[Sentence]]) -> dict[str, float]:
    """The markers of a playlist that the UI plots: means over its episodes."""
    measured = [measure_speech(sentences) for sentences in spoken.values()]
    shown = ("words_per_minute", "pause_median", "sentence_words", "question_share", "empathy_rate")
    found = {name: [m[name] for m in measured if m[name] is not None] for name in shown}
    return {name: round(sum(values) / len(values), 4) for name, values in found.items() if values}  # type: ignore[arg-type]
