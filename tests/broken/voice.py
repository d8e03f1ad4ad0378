"""Voice artifacts that are plausible but for one thing each.

They are built from the sample's references, as a recogniser without errors would hear them, so that no model is loaded.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Summary, file_digest, finish, write_json, write_table
from pixel_core.conversation import read_conversations, write_conversations
from pixel_core.recipe import load_recipe
from pixel_core.rejects import write_rejects
from pixel_core.voice import build_profile, extract_markers, fetch_playlist, find_playlist, write_voice_conversations
from pixel_core.voice.gate import Gate
from pixel_core.voice.transcription import SEGMENT_SCHEMA, TRANSCRIPT_SCHEMA
from tests.broken.sealing import seal

DATA = Path(__file__).parents[2] / "data"
PLAYLIST = "morning-talks"
RECIPE = load_recipe("tiny")
ENTRY = find_playlist(DATA / "playlists.yaml", PLAYLIST)


def segment(episode, index, said):
    """A row of segments.parquet that passes the gate."""
    return {
        "id": f"{episode}-{index:05d}",
        "playlist": PLAYLIST,
        "episode": episode,
        "index": index,
        "start": said["start"],
        "end": said["end"],
        "text": said["text"],
        "avg_logprob": -0.2,
        "compression_ratio": 0.9,
        "no_speech_prob": 0.0,
        "repetition": 0.0,
        "repeats": 0,
        "characters_per_second": 15.0,
        "language": "en",
        "language_probability": 1.0,
    }


def transcripts(home):
    """The transcripts artifact of the sample playlist, from its references."""
    folder = home / "artifacts" / "playlist_transcripts" / PLAYLIST
    folder.mkdir(parents=True)
    told = [json.loads(path.read_text()) for path in sorted((DATA / "sample" / "voice" / PLAYLIST).glob("*.json"))]
    rows = [segment(t["id"], n, said) for t in told for n, said in enumerate(t["reference"])]
    episodes = [
        {
            "episode": t["id"],
            "title": t["title"],
            "uri": f"{ENTRY.uri}/{t['id']}",
            "seconds": t["duration"],
            "speech_seconds": t["duration"],
        }
        | {"recognised": len(t["reference"]), "kept": len(t["reference"])}
        for t in told
    ]
    write_table(folder / "segments.parquet", pl.DataFrame(rows, schema=SEGMENT_SCHEMA))
    write_table(folder / "episodes.parquet", pl.DataFrame(episodes, schema=TRANSCRIPT_SCHEMA))
    write_json(folder / "gate.json", asdict(Gate.of(RECIPE.voice)))
    write_json(folder / "playlist.json", {"key": ENTRY.key, "kind": ENTRY.kind, "uri": ENTRY.uri})
    write_rejects(folder, [])
    finish(folder, kind="playlist_transcripts", version="1", inputs={}, summary=Summary(len(rows)))
    return folder


def markers(home):
    return extract_markers(transcripts(home), home / "artifacts" / "personality_markers" / PLAYLIST).folder


def profile(home):
    return build_profile({PLAYLIST: markers(home)}, home / "artifacts" / "personality_profile").folder


def cut_recording(home):
    """A recording that was cut in the middle and kept, with its own digest and length told truthfully."""
    out = home / "artifacts" / "playlist_audio" / PLAYLIST
    folder = fetch_playlist(ENTRY, out, data_root=DATA, recipe=RECIPE.voice).folder
    path = folder / "audio" / "morning-1.flac"
    path.write_bytes(path.read_bytes()[:400_000])
    frame = pl.read_parquet(folder / "episodes.parquet")
    cut = pl.col("id") == "morning-1"
    told = {"sha256": file_digest(path), "bytes": path.stat().st_size, "decoded_seconds": 28.584}
    frame = frame.with_columns(pl.when(cut).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in told.items())
    write_table(folder / "episodes.parquet", frame)
    seal(folder)
    return PLAYLIST


def looping_recogniser(home):
    """A segment that says the same for the third time, kept in spite of the gate."""
    folder = transcripts(home)
    frame = pl.read_parquet(folder / "segments.parquet")
    loop = (pl.col("id") == "morning-2-00004").alias("loop")
    write_table(folder / "segments.parquet", frame.with_columns(pl.when(loop).then(2).otherwise(pl.col("repeats")).alias("repeats")))
    seal(folder)
    return PLAYLIST


def missing_marker(home):
    """One episode without one of its markers."""
    folder = markers(home)
    frame = pl.read_parquet(folder / "markers.parquet")
    write_table(folder / "markers.parquet", frame.filter((pl.col("episode") != "morning-3") | (pl.col("marker") != "hedge_rate")))
    seal(folder)
    return PLAYLIST


def bold_claim(home):
    """A profile of two minutes of speech that claims to be tested against the speaker."""
    folder = profile(home)
    found = json.loads((folder / "profile.json").read_text())
    found["authenticity"] |= {"enough": True, "claim": "to be tested against held-out speech"}
    write_json(folder / "profile.json", found)
    seal(folder)


def one_question_for_all(home):
    """Conversations whose user says the same each time: the known defect of scripted dialogue data."""
    out = home / "artifacts" / "voice_conversations" / PLAYLIST
    folder = write_voice_conversations(
        transcripts(home), profile_beside(home), out, entry=ENTRY, recipe=RECIPE.voice, seed=RECIPE.seed
    ).folder
    asked = [
        replace(c, turns=tuple(replace(t, content="Tell me about that.") if t.role == "user" else t for t in c.turns))
        for c in read_conversations(folder / "conversations.parquet")
    ]
    unique = {c.id: c for c in asked}
    write_conversations(folder / "conversations.parquet", [unique[key] for key in sorted(unique)])
    seal(folder)
    return PLAYLIST


def profile_beside(home):
    """A profile built from another copy of the transcripts, so that one home can hold both."""
    return profile(home / "beside")


BROKEN = {
    ("playlist_audio", "recordings_are_whole"): cut_recording,
    ("playlist_transcripts", "segments_pass_the_gate"): looping_recogniser,
    ("personality_markers", "markers_are_complete"): missing_marker,
    ("personality_profile", "profile_claims_no_more_than_it_heard"): bold_claim,
    ("voice_conversations", "conversations_rest_on_speech"): one_question_for_all,
}
