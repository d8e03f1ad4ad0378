"""Each finding of the voice checks fails for its own fault, and for that one only."""

import json
from dataclasses import replace

import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, write_json, write_table
from pixel_core.conversation import Provenance, read_conversations, to_frame, write_conversations
from pixel_core.voice import check_markers, check_playlist_audio, check_profile, check_transcripts, check_voice_conversations
from tests.broken import voice
from tests.broken.sealing import seal


def failures(findings):
    """The failed findings by name, with their reasons."""
    return {finding.name: dict(finding.reasons) for finding in findings.failed}


def edit(folder, file, **columns):
    """Set columns of a table, given as expressions, and renew the manifest."""
    write_table(folder / file, pl.read_parquet(folder / file).with_columns(**columns))
    seal(folder)


def only(condition, value, name):
    return pl.when(condition).then(pl.lit(value)).otherwise(pl.col(name))


@pytest.fixture
def audio(tmp_path):
    return voice.fetch_playlist(voice.ENTRY, tmp_path / "audio", data_root=voice.DATA, recipe=voice.RECIPE.voice).folder


FIRST = pl.col("id") == "morning-1"


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("sha256", "0" * 64, {"kept episodes hold": {"wrong_file": 1}}),
        ("decoded_seconds", 30.0, {"kept episodes hold": {"truncated": 1, "decodes_differently": 1}}),
        ("uri", "http://127.0.0.1:8080/morning-1.flac", {"kept episodes hold": {"not_of_the_catalogue": 1}}),
        ("id", "morning-2", {"ids are unique": {}}),
        (
            "status",
            "rejected",
            {"audio files that no kept episode names": {}, "rejected episodes without a reason": {}, "episodes rejected": {}},
        ),
    ],
)
def test_audio(audio, column, value, fault):
    assert not failures(check_playlist_audio(audio))
    edit(audio, "episodes.parquet", **{column: only(FIRST, value, column)})
    assert failures(check_playlist_audio(audio)) == fault


def test_audio_that_does_not_decode(audio):
    (audio / "audio" / "morning-1.flac").write_bytes(b"noise")
    sha = voice.file_digest(audio / "audio" / "morning-1.flac")
    edit(audio, "episodes.parquet", sha256=only(FIRST, sha, "sha256"))
    assert failures(check_playlist_audio(audio)) == {"kept episodes hold": {"decodes_differently": 1}}


def test_an_altered_file_is_an_invalid_artifact(audio):
    (audio / "audio" / "morning-1.flac").write_bytes(b"noise")
    with pytest.raises(ArtifactError, match="differs"):
        check_playlist_audio(audio)


SEGMENT = pl.col("id") == "morning-1-00003"


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("avg_logprob", -2.0, {"segments hold": {"low_confidence": 1}}),
        ("end", 99.0, {"segments hold": {"after_the_end": 1}}),
        ("start", 0.1, {"segments hold": {"out_of_order": 1}}),
        ("id", "morning-1-00002", {"ids are unique": {}}),
        ("episode", "nowhere", {"segments hold": {"unknown_episode": 1}, "episodes whose count of kept segments is wrong": {}}),
    ],
)
def test_transcripts(tmp_path, column, value, fault):
    folder = voice.transcripts(tmp_path)
    assert not failures(check_transcripts(folder))
    edit(folder, "segments.parquet", **{column: only(SEGMENT, value, column)})
    assert failures(check_transcripts(folder)) == fault


def test_transcripts_that_are_not_what_was_said(tmp_path):
    folder = voice.transcripts(tmp_path)
    said = pl.read_parquet(folder / "segments.parquet").select("episode", "start", "end", text=pl.lit("something else entirely"))
    write_table(folder / "reference.parquet", said)
    seal(folder)
    assert list(failures(check_transcripts(folder))) == ["word error rate against the reference"]


@pytest.mark.parametrize(
    ("marker", "value", "fault"),
    [
        ("question_share", 1.2, {"markers hold": {"out_of_bounds": 1}}),
        ("words_per_minute", float("inf"), {"markers hold": {"not_finite": 1}}),
        ("pause_median", -1.0, {"markers hold": {"out_of_bounds": 1}}),
        ("sentence_words", 0.0, {"markers hold": {"no_words": 1}}),
    ],
)
def test_markers(tmp_path, marker, value, fault):
    folder = voice.markers(tmp_path)
    assert not failures(check_markers(folder))
    edit(folder, "markers.parquet", value=only((pl.col("episode") == "morning-1") & (pl.col("marker") == marker), value, "value"))
    assert failures(check_markers(folder)) == fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: p.update(hours=3.0), {"hours that do not add up", "authenticity claim"}),
        (lambda p: p["consistency"]["markers"].update(pause_share=1.5), {"consistencies outside 0 to 1"}),
        (lambda p: p["playlists"][voice.PLAYLIST]["markers"].pop("hedge_rate"), {"markers missing"}),
        (lambda p: p["function_words"].clear(), {"function word profiles"}),
        (lambda p: p["playlists"][voice.PLAYLIST].update(words=0), {"playlists without words"}),
    ],
)
def test_profile(tmp_path, change, fault):
    folder = voice.profile(tmp_path)
    assert not failures(check_profile(folder))
    profile = json.loads((folder / "profile.json").read_text())
    change(profile)
    write_json(folder / "profile.json", profile)
    seal(folder)
    assert set(failures(check_profile(folder))) == fault


def place(conversation, **changes):
    fields = {name: getattr(conversation.provenance[0], name) for name in Provenance.__dataclass_fields__}
    return replace(conversation, provenance=(Provenance(**(fields | changes)),))


def last_turn(conversation, **changes):
    return replace(conversation, turns=(*conversation.turns[:-1], replace(conversation.turns[-1], **changes)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda c: place(c, uri="http://127.0.0.1:4711/feed.xml"), "loopback_address"),
        (lambda c: place(c, start=None), "no_time"),
        (lambda c: replace(c, group="other/talk"), "split_episode"),
        (lambda c: replace(c, category="psychology"), "other_category"),
        (lambda c: replace(c, extra={}), "unnatural_pace"),
        (lambda c: last_turn(c, evidence=()), "learnt_without_evidence"),
    ],
)
def test_conversations(tmp_path, change, fault):
    folder = conversations_of(tmp_path)
    assert not failures(check_voice_conversations(folder))
    first, *rest = read_conversations(folder / "conversations.parquet")
    write_conversations(folder / "conversations.parquet", [change(first), *rest])
    seal(folder)
    assert failures(check_voice_conversations(folder)) == {"conversations hold": {fault: 1}}


def test_conversations_that_learn_nothing_or_the_user(tmp_path):
    folder = conversations_of(tmp_path)
    first, second, *rest = read_conversations(folder / "conversations.parquet")
    muted = replace(first, turns=tuple(replace(t, learn=False) for t in first.turns))
    parrot = replace(second, turns=tuple(replace(t, learn=True, evidence=second.turns[-1].evidence) for t in second.turns))
    write_conversations(folder / "conversations.parquet", [muted, parrot, *rest])
    seal(folder)
    reasons = failures(check_voice_conversations(folder))["conversations hold"]
    assert {"nothing_to_learn", "last_turn_not_learnt", "user_turn_learnt"} <= set(reasons)


def test_conversations_twice_and_with_another_id(tmp_path):
    folder = conversations_of(tmp_path)
    found = read_conversations(folder / "conversations.parquet")
    frame = pl.concat([to_frame(found), to_frame(found[:1]).with_columns(id=pl.lit("f" * 64))])
    write_table(folder / "conversations.parquet", frame)
    seal(folder)
    assert set(failures(check_voice_conversations(folder))) == {"ids that their turns do not give", "pairs that share too much speech"}


def conversations_of(home):
    out = home / "conversations"
    made = voice.write_voice_conversations(
        voice.transcripts(home), voice.profile_beside(home), out, entry=voice.ENTRY, recipe=voice.RECIPE.voice, seed=20
    )
    return made.folder
