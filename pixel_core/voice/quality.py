"""What must hold for the voice artifacts, looked up in the written files."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, equals, none_of
from pixel_core.rejects import REJECTED
from pixel_core.voice.audio_quality import AudioError, check_length, measure
from pixel_core.voice.fetch import EPISODES, PLAYLIST, REFERENCE, WANTED
from pixel_core.voice.gate import Gate
from pixel_core.voice.markers import FUNCTION_WORDS_FILE, MARKERS, MARKERS_FILE, SENTENCES_FILE
from pixel_core.voice.playlists import read_source
from pixel_core.voice.profile import PROFILE, authenticity
from pixel_core.voice.transcription import GATE, SEGMENTS, reference_error_rate

MAX_WER = 0.2  # above it, what was heard is not what was said
_DECODED_AGAIN = 10  # episodes that the audio check decodes, spread over the playlist
_SLACK = 0.5  # seconds by which a segment may end after its recording: windows are padded


def check_playlist_audio(folder: Path) -> Findings:
    """Every kept episode has its file, of the announced length, and every other one a reason.

    At most ten episodes, spread over the playlist, are decoded again.
    """
    manifest = verify(folder)
    episodes = pl.read_parquet(folder / EPISODES)
    kept = episodes.filter(pl.col("status") == "kept").to_dicts()
    rejected = episodes.filter(pl.col("status") != "kept")
    source = read_source(folder / PLAYLIST)
    share = json.loads((folder / WANTED).read_text(encoding="utf-8"))["min_decoded_share"]
    wrong: Counter[str] = Counter()
    for episode in kept:
        wrong["wrong_file"] += (
            manifest.files.get(episode["file"] or "") is None or manifest.files[episode["file"]].sha256 != episode["sha256"]
        )
        wrong["truncated"] += _is_short(episode, share)
        wrong["not_of_the_catalogue"] += source["kind"] == "sample" and not episode["uri"].startswith(source["uri"])
    for episode in kept[:: max(1, math.ceil(len(kept) / _DECODED_AGAIN))]:
        wrong["decodes_differently"] += not wrong["wrong_file"] and not _decodes(folder / episode["file"], episode["decoded_seconds"])
    files = {name for name in manifest.files if name.startswith("audio/")}
    return Findings.of(
        [
            at_least("episodes kept", len(kept), 1),
            none_of("kept episodes hold", wrong),
            equals("audio files that no kept episode names", len(files - {episode["file"] for episode in kept}), 0),
            equals("ids are unique", len({e["id"] for e in kept}), len(kept)),
            equals("rejected episodes without a reason", rejected.filter(pl.col("reason").is_null()).height, 0),
            _few("episodes rejected", rejected.height, episodes.height, 0.2),
        ]
    )


def check_transcripts(folder: Path) -> Findings:
    """Every segment passes the stored gate, lies within its recording in order, and was heard right where that is known."""
    verify(folder)
    segments = pl.read_parquet(folder / SEGMENTS).sort("episode", "index")
    episodes = {row["episode"]: row for row in pl.read_parquet(folder / EPISODES).to_dicts()}
    gate = Gate.of(json.loads((folder / GATE).read_text(encoding="utf-8")))
    wrong: Counter[str] = Counter()
    previous: dict[str, Any] | None = None
    for row in segments.to_dicts():
        episode = episodes.get(row["episode"])
        wrong[gate.reason(row) or ""] += 1
        wrong["unknown_episode"] += episode is None
        wrong["after_the_end"] += episode is not None and row["end"] > episode["seconds"] + _SLACK
        wrong["out_of_order"] += previous is not None and previous["episode"] == row["episode"] and row["start"] < previous["start"]
        previous = row
    del wrong[""]
    counted = dict(segments.group_by("episode").len().iter_rows())
    findings = [
        at_least("segments kept", segments.height, 1),
        equals("ids are unique", segments["id"].n_unique(), segments.height),
        none_of("segments hold", wrong),
        equals("episodes whose count of kept segments is wrong", sum(counted.get(k, 0) != e["kept"] for k, e in episodes.items()), 0),
        _few("segments rejected", pl.read_parquet(folder / REJECTED).height, sum(e["recognised"] for e in episodes.values()), 0.3),
    ]
    if (folder / REFERENCE).is_file():
        rate = reference_error_rate(segments, pl.read_parquet(folder / REFERENCE))
        findings.append(at_most("word error rate against the reference", round(rate, 4), MAX_WER))
    return Findings.of(findings)


def check_markers(folder: Path) -> Findings:
    """Every episode has every marker once, within its bounds, and the words that it needs."""
    verify(folder)
    markers = pl.read_parquet(folder / MARKERS_FILE)
    sentences = pl.read_parquet(folder / SENTENCES_FILE)
    words = pl.read_parquet(folder / FUNCTION_WORDS_FILE)
    episodes = set(sentences["episode"])
    pairs = Counter(zip(markers["episode"], markers["marker"], strict=True))
    wrong: Counter[str] = Counter()
    for name, value in zip(markers["marker"], markers["value"], strict=True):
        highest = MARKERS[name].highest if name in MARKERS else None
        wrong["unknown_marker"] += name not in MARKERS
        wrong["out_of_bounds"] += value is not None and not 0 <= value <= (math.inf if highest is None else highest)
        wrong["not_finite"] += value is not None and not math.isfinite(value)
        wrong["no_words"] += name == "sentence_words" and not value
    return Findings.of(
        [
            at_least("episodes measured", len(episodes), 1),
            equals("markers missing or repeated", sum(pairs[(e, name)] != 1 for e in episodes for name in MARKERS), 0),
            none_of("markers hold", wrong),
            equals("episodes without function words", len(episodes - set(words.filter(pl.col("count") > 0)["episode"])), 0),
            equals("sentences that end before they start", sentences.filter(pl.col("end") < pl.col("start")).height, 0),
        ]
    )


def check_profile(folder: Path) -> Findings:
    """The profile adds up, its figures are possible, and it claims no likeness that its hours do not allow."""
    verify(folder)
    profile = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
    playlists = profile["playlists"]
    hours = sum(p["seconds"] for p in playlists.values()) / 3600
    consistencies = [v for v in [*profile["consistency"]["markers"].values(), profile["consistency"]["overall"]] if v is not None]
    rates = [rate for words in profile["function_words"].values() for rate in words.values()]
    return Findings.of(
        [
            at_least("playlists", len(playlists), 1),
            equals("playlists without words", sum(not p["words"] for p in playlists.values()), 0),
            at_most("hours that do not add up", abs(profile["hours"] - hours), 0.001),
            equals("authenticity claim", profile["authenticity"], authenticity(profile["hours"])),
            equals("markers missing", sum(set(p["markers"]) != set(MARKERS) for p in playlists.values()), 0),
            equals("consistencies outside 0 to 1", sum(not 0 <= value <= 1 for value in consistencies), 0),
            equals("function word profiles", sorted(profile["function_words"]), sorted(playlists)),
            equals("function word rates outside 0 to 1000", sum(not 0 <= rate <= 1000 for rate in rates), 0),
        ]
    )


def _is_short(episode: dict[str, Any], share: float) -> bool:
    try:
        check_length(episode["decoded_seconds"], episode["announced_seconds"], share)
    except AudioError:
        return True
    return False


def _decodes(path: Path, seconds: float) -> bool:
    try:
        return abs(measure(path).seconds - seconds) < 0.01
    except AudioError:
        return False


def _few(name: str, part: int, whole: int, bound: float) -> Finding:
    """A warning when more than `bound` of the rows were rejected."""
    return at_most(name, round(part / max(1, whole), 4), bound, severity=Severity.WARNING)
