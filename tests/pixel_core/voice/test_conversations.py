import json
from collections import Counter

import polars as pl
import pytest

from pixel_core.conversation import read_conversations
from pixel_core.voice import VoiceError, check_voice_conversations, write_voice_conversations
from tests.pixel_core.voice.conftest import PLAYLIST, SAMPLE


def write(built, out, entry, recipe, seed=20):
    transcripts, profile = built["transcripts"].folder, built["profile"].folder
    return write_voice_conversations(transcripts, profile, out, entry=entry, recipe=recipe, seed=seed)


@pytest.fixture(scope="module")
def written(tmp_path_factory, built, entry, recipe):
    return write(built, tmp_path_factory.mktemp("conversations") / PLAYLIST, entry, recipe)


@pytest.fixture(scope="module")
def conversations(written):
    return read_conversations(written.folder / "conversations.parquet")


def test_every_episode_offers_enough_for_its_split(conversations):
    groups = Counter(c.group for c in conversations)
    assert sorted(groups) == [f"{PLAYLIST}/morning-{n}" for n in (1, 2, 3)]
    assert min(groups.values()) >= 25
    assert len(conversations) >= 60
    assert {c.category for c in conversations} == {"voice"}


def test_what_is_learnt_was_said(conversations):
    said = {
        f"{PLAYLIST}/{n}": json.loads((SAMPLE / PLAYLIST / f"{n}.json").read_text())["reference"]
        for n in ("morning-1", "morning-2", "morning-3")
    }
    for conversation in conversations:
        speech = " ".join(s["text"] for s in said[conversation.group])
        assert all(turn.content in speech for turn in conversation.turns if turn.learn)
        assert conversation.turns[-1].learn


def test_the_place_is_the_catalogues_and_to_the_second(conversations):
    for conversation in conversations:
        (place,) = conversation.provenance
        assert (place.source, place.uri, place.licence, place.consent) == (
            PLAYLIST,
            f"pixel-sample://{PLAYLIST}",
            "Apache-2.0",
            "synthetic",
        )
        reference = json.loads((SAMPLE / PLAYLIST / f"{place.locator}.json").read_text())["reference"]
        spoken = [s for s in reference if place.start - 0.5 <= s["start"] and s["end"] <= place.end + 0.5]
        assert conversation.turns[-1].content.endswith(spoken[-1]["text"])


def test_user_turns_differ_and_are_not_the_assistants(conversations):
    openings = Counter(next(t.content for t in c.turns if t.role == "user") for c in conversations)
    assert openings.most_common(1)[0][1] <= 0.1 * len(conversations)
    assert len(openings) >= 25
    assert not any("tell me about that" in t.content.lower() for c in conversations for t in c.turns)
    assert not any(t.learn for c in conversations for t in c.turns if t.role == "user")


def test_markers_come_with_each_conversation(conversations):
    assert all(100 < c.extra["markers"]["articulation_rate"] < 400 for c in conversations)
    assert {c.extra["user_turn"] for c in conversations} > {"spoken"}


def test_kept_and_rejected_add_up(written):
    rejected = pl.read_parquet(written.folder / "rejected.parquet")
    assert written.summary.rows + rejected.height == written.summary.figures["read"]
    assert dict(rejected.group_by("reason").len().iter_rows()) == written.summary.rejects
    assert check_voice_conversations(written.folder).passed


def test_a_rerun_gives_the_same_bytes_and_the_seed_matters(tmp_path, written, built, entry, recipe):
    assert write(built, written.folder, entry, recipe).skipped
    assert write(built, tmp_path / "again", entry, recipe).manifest == written.manifest
    assert write(built, tmp_path / "other", entry, recipe, seed=21).manifest.digest != written.manifest.digest


def test_a_wider_limit_keeps_more(tmp_path, written, built, entry, recipe):
    wide = write(built, tmp_path / "wide", entry, recipe.model_copy(update={"max_overlap": 0.9}))
    assert wide.summary.rows > written.summary.rows
    assert check_voice_conversations(wide.folder).passed


def test_speech_unlike_the_profile_is_rejected(tmp_path, built, entry, recipe):
    profile = json.loads((built["profile"].folder / "profile.json").read_text())
    profile["playlists"][PLAYLIST]["sentence_pace"] = {"mean": 100.0, "spread": 1.0, "n": 60}
    from pixel_core.artifacts import Summary, finish, write_json

    (tmp_path / "profile").mkdir()
    write_json(tmp_path / "profile" / "profile.json", profile)
    finish(tmp_path / "profile", kind="personality_profile", version="1", inputs={}, summary=Summary())
    transcripts = built["transcripts"].folder
    made = write_voice_conversations(transcripts, tmp_path / "profile", tmp_path / "out", entry=entry, recipe=recipe, seed=20)
    assert made.summary.rows == 0
    assert made.summary.rejects["unlike_profile"] > 60
    assert not check_voice_conversations(made.folder).passed


def test_a_playlist_that_the_profile_does_not_know_is_an_error(tmp_path, built, entry, recipe):
    other = entry.model_copy(update={"key": "evening-talks"})
    with pytest.raises(VoiceError, match="knows morning-talks and not evening-talks"):
        write(built, tmp_path / "out", other, recipe)


def test_a_talk_is_told_from_a_session(tmp_path, built, entry, recipe):
    talk = write(built, tmp_path / "talk", entry.model_copy(update={"setting": "talk"}), recipe)
    found = read_conversations(talk.folder / "conversations.parquet")
    assert {t.part for c in found for t in c.turns if t.learn} == {"assistant", "therapist"}
    assert {t.role for c in found for t in c.turns} == {"user", "assistant"}
    assert check_voice_conversations(talk.folder).passed
