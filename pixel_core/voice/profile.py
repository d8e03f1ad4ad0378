"""The personality profile: what the playlists of a recipe say together of how somebody speaks, and how much that is worth.

`profile.json`:

    hours           recorded hours with kept speech, all playlists together
    authenticity    the hours below which no likeness to the speaker may be claimed, and the claim these hours allow
    playlists       key -> episodes, seconds, words, sentence pace, and mean, spread, n of every marker over the episodes
    consistency     how alike the playlists are: the formulas are in the file; null with fewer than two playlists
    function_words  playlist -> word -> uses per thousand words: what an authorship test starts from
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev, variance
from typing import Any

import polars as pl

from pixel_core.artifacts import ArtifactError, Built, Summary, build, digest_of, input_digest, write_json
from pixel_core.voice.markers import FUNCTION_WORDS_FILE, MARKERS, MARKERS_FILE, SENTENCES_FILE
from pixel_core.voice.playlists import VoiceError

KIND, VERSION = "personality_profile", "1"
PROFILE = "profile.json"
MINIMUM_HOURS = 2.0
_FREQUENT = 50  # function words that Burrows's Delta compares
FORMULA = (
    "1 - B / (B + W) for each marker, where B is the variance of the playlists' means and W the mean of the variances of the "
    "episodes within a playlist; 1: the playlists have the same mean, 0: all variation lies between them; overall: the markers' mean"
)
DELTA = f"mean over the {_FREQUENT} most frequent function words of |z(a) - z(b)|, z over the episodes of all playlists (Burrows's Delta)"


def build_profile(markers: Mapping[str, Path], out: Path, *, force: bool = False) -> Built:
    """Write `profile.json` from the markers artifacts of the selected playlists, by playlist key.

    Raises VoiceError naming the playlist whose markers are missing or altered.
    """
    if not markers:
        raise VoiceError("no playlist is selected: name at least one in voice.playlists of the recipe")
    inputs = {f"personality_markers/{key}": _digest(key, folder) for key, folder in sorted(markers.items())}

    def write(staging: Path) -> Summary:
        profile = profile_of({key: _read(folder) for key, folder in sorted(markers.items())})
        write_json(staging / PROFILE, profile)
        playlists = profile["playlists"].values()
        figures = {
            "hours": profile["hours"],
            "episodes": sum(p["episodes"] for p in playlists),
            "words": sum(p["words"] for p in playlists),
            "consistency": profile["consistency"]["overall"],
            "authenticity_claim": profile["authenticity"]["claim"],
        }
        return Summary(len(markers), {}, figures)

    return build(out, kind=KIND, version=VERSION, inputs=inputs | {"minimum_hours": digest_of(MINIMUM_HOURS)}, write=write, force=force)


def profile_of(playlists: Mapping[str, Mapping[str, pl.DataFrame]]) -> dict[str, Any]:
    """The profile of playlists, each as its frames `markers`, `sentences` and `function_words`."""
    described = {key: _describe(frames) for key, frames in playlists.items()}
    hours = round(sum(d["seconds"] for d in described.values()) / 3600, 4)
    return {
        "hours": hours,
        "authenticity": authenticity(hours),
        "playlists": described,
        "consistency": _consistency({key: frames["markers"] for key, frames in playlists.items()})
        | {"delta": _deltas(pl.concat([frames["function_words"] for frames in playlists.values()])), "delta_formula": DELTA},
        "function_words": {key: _rates(frames) for key, frames in playlists.items()},
    }


def authenticity(hours: float) -> dict[str, Any]:
    """What may be claimed of a voice learnt from so many hours."""
    enough = hours >= MINIMUM_HOURS
    claim = "to be tested against held-out speech" if enough else f"none: {hours:g} h of speech are fewer than {MINIMUM_HOURS:g} h"
    return {"minimum_hours": MINIMUM_HOURS, "enough": enough, "claim": claim}


def _digest(key: str, folder: Path) -> str:
    try:
        return input_digest(folder)
    except ArtifactError as error:
        stages = "playlist_audio, playlist_transcripts and personality_markers"
        message = f"voice.playlists selects {key}, which has no valid markers ({error}): materialise its {stages}, or deselect it"
        raise VoiceError(message) from error


def _read(folder: Path) -> dict[str, pl.DataFrame]:
    names = {"markers": MARKERS_FILE, "sentences": SENTENCES_FILE, "function_words": FUNCTION_WORDS_FILE}
    return {name: pl.read_parquet(folder / file) for name, file in names.items()}


def _describe(frames: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    sentences = frames["sentences"]
    pace = [float(value) for value in sentences["words_per_minute"].drop_nulls()]
    return {
        "episodes": sentences["episode"].n_unique(),
        "seconds": round(float((sentences["end"] - sentences["start"]).sum()), 2),
        "words": int(sentences["words"].sum()),
        "sentence_pace": _spread(pace),
        "markers": {name: _spread(_values(frames["markers"], name)) for name in MARKERS},
    }


def _values(markers: pl.DataFrame, name: str) -> list[float]:
    return [float(value) for value in markers.filter(pl.col("marker") == name).sort("episode")["value"].drop_nulls()]


def _spread(values: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "mean": round(mean(values), 4) if values else None,
        "spread": round(stdev(values), 4) if len(values) > 1 else None,
        "n": len(values),
    }


def _consistency(markers: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    found: dict[str, float | None] = {}
    for name in MARKERS:
        groups = [values for frame in markers.values() if len(values := _values(frame, name)) > 1]
        found[name] = marker_consistency(groups)
    known = [value for value in found.values() if value is not None]
    return {"formula": FORMULA, "markers": found, "overall": round(mean(known), 4) if known else None}


def marker_consistency(groups: Sequence[Sequence[float]]) -> float | None:
    """`FORMULA` for one marker; None with fewer than two playlists of two episodes, or when nothing varies."""
    if len(groups) < 2:
        return None
    between = variance([mean(group) for group in groups])
    within = mean([variance(group) for group in groups])
    return round(1 - between / (between + within), 4) if between + within > 0 else None


def _rates(frames: Mapping[str, pl.DataFrame]) -> dict[str, float]:
    """Uses per thousand words of each function word that is used, over all episodes of a playlist together."""
    words = int(frames["sentences"]["words"].sum())
    counts = frames["function_words"].group_by("word").agg(pl.col("count").sum()).sort("word")
    return {word: round(1000 * count / words, 3) for word, count in counts.iter_rows() if count}


def _deltas(words: pl.DataFrame) -> dict[str, float]:
    """Burrows's Delta of every two playlists, by `a | b`."""
    frequent = words.group_by("word").agg(pl.col("count").sum()).sort(["count", "word"], descending=[True, False])["word"].head(_FREQUENT)
    table = words.filter(pl.col("word").is_in(frequent.implode())).sort("playlist", "episode", "word")
    scores = table.with_columns(
        ((pl.col("per_thousand") - pl.col("per_thousand").mean().over("word")) / pl.col("per_thousand").std().over("word")).alias("z")
    ).filter(pl.col("z").is_finite())
    means = {key: dict(part.group_by("word").agg(pl.col("z").mean()).iter_rows()) for (key,), part in scores.group_by("playlist")}
    return {
        f"{a} | {b}": round(mean([abs(means[a][word] - means[b][word]) for word in sorted(means[a])]), 4)
        for a, b in combinations(sorted(means), 2)
    }
