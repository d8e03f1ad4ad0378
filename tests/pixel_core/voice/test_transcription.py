import json

import polars as pl
import pytest

from pixel_core.recipe import load_recipe
from pixel_core.voice import VoiceError, check_transcripts, extract_markers, transcribe_playlist
from pixel_core.voice.recogniser import Heard, refuse_unfit
from pixel_core.voice.transcription import SEGMENT_SCHEMA, episode_reason, reference_error_rate
from tests.pixel_core.voice.conftest import MODEL, SAMPLE


def test_the_sample_is_heard_without_an_error(built):
    transcripts = built["transcripts"]
    segments = pl.read_parquet(transcripts.folder / "segments.parquet")
    assert segments.schema == SEGMENT_SCHEMA
    assert transcripts.summary.figures["wer"] == 0
    assert segments.height == transcripts.summary.rows == 60
    said = [s["text"] for s in json.loads((SAMPLE / "morning-talks" / "morning-1.json").read_text())["reference"]]
    assert segments.filter(pl.col("episode") == "morning-1")["text"].to_list() == said
    assert set(segments["language"]) == {"en"}
    assert check_transcripts(transcripts.folder).passed


def test_times_agree_with_the_reference(built):
    folder = built["transcripts"].folder
    segments = pl.read_parquet(folder / "segments.parquet").sort("episode", "start")
    reference = pl.read_parquet(folder / "reference.parquet").sort("episode", "start")
    assert (segments["start"] - reference["start"]).abs().max() < 0.5
    assert (segments["end"] - reference["end"]).abs().max() < 0.5


def test_a_rerun_is_skipped_and_a_forced_one_gives_the_same_bytes(tmp_path, built, recipe):
    audio, first = built["audio"].folder, built["transcripts"]
    assert transcribe_playlist(audio, first.folder, model_root=MODEL, recipe=recipe).skipped
    again = transcribe_playlist(audio, tmp_path / "again", model_root=MODEL, recipe=recipe)
    assert again.manifest == first.manifest


def test_recordings_without_speech_and_segments_below_the_gate_are_told(tmp_path, talks, recipe):
    talks.put("noise", "silence", "morning-1")
    audio = talks.fetch(tmp_path / "audio")
    assert audio.summary.rows == 3
    strict = recipe.model_copy(update={"min_logprob": -0.25})
    built = transcribe_playlist(audio.folder, tmp_path / "out", model_root=MODEL, recipe=strict)
    rejects = built.summary.rejects
    assert rejects["no_speech"] == 2
    assert rejects["low_confidence"] > 0
    assert built.summary.rows + rejects["low_confidence"] == built.summary.figures["read"] == 20
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert set(rejected.filter(pl.col("reason") == "no_speech")["position"]) == {"noise", "silence"}
    assert built.summary.figures["wer"] > 0  # what the gate took away was said
    assert check_transcripts(built.folder).passed
    markers = extract_markers(built.folder, tmp_path / "markers")
    assert markers.summary.rejects == {"no_segments": 2}


def test_a_playlist_without_any_speech_has_nothing_to_measure(tmp_path, talks, recipe):
    talks.put("silence")
    audio = talks.fetch(tmp_path / "audio")
    built = transcribe_playlist(audio.folder, tmp_path / "out", model_root=MODEL, recipe=recipe)
    assert built.summary.rows == 0
    assert not check_transcripts(built.folder).passed
    with pytest.raises(VoiceError, match="talks has no kept segment"):
        extract_markers(built.folder, tmp_path / "markers")


def test_the_micro_model_is_refused_for_other_audio(tmp_path, talks, recipe):
    talks.put("morning-1")
    audio = talks.fetch(tmp_path / "audio", kind="folder", uri=str(talks.folder))
    with pytest.raises(VoiceError, match=r"playlist talks is of kind folder.*small\.en"):
        transcribe_playlist(audio.folder, tmp_path / "out", model_root=MODEL, recipe=recipe)
    assert not (tmp_path / "out").exists()


def test_a_recogniser_that_does_not_fit_is_refused_before_it_is_loaded():
    def refused(kind, *overrides):
        refuse_unfit(load_recipe("tiny", [f"voice.{o}" for o in overrides]).voice, "talks", kind)

    with pytest.raises(VoiceError, match="windows of at most 6 s"):
        refused("sample", "chunk_length=30")
    with pytest.raises(VoiceError, match="windows of at most 30 s"):
        refused("feed", "chunk_length=31", "whisper=small")
    with pytest.raises(VoiceError, match=r"drop the \.en"):
        refused("feed", "whisper=small.en", "language=de")
    refused("feed", "whisper=small.en", "chunk_length=30")


def test_an_altered_recording_is_not_transcribed(tmp_path, talks, recipe):
    talks.put("silence")
    audio = talks.fetch(tmp_path / "audio")
    (audio.folder / "audio" / "silence.flac").write_bytes(b"x")
    with pytest.raises(ValueError, match="differs from its manifest"):
        transcribe_playlist(audio.folder, tmp_path / "out", model_root=MODEL, recipe=recipe)


@pytest.mark.parametrize(
    ("language", "probability", "reason"), [("de", 0.9, "other_language"), ("en", 0.4, "uncertain_language"), ("en", None, None)]
)
def test_an_episode_in_another_language_is_rejected(recipe, language, probability, reason):
    assert episode_reason(Heard(9, 9, language, probability, ["segment"]), recipe) == reason


def test_the_error_rate_is_over_episodes_with_a_reference():
    heard = pl.DataFrame({"episode": ["a", "a", "b"], "start": [2.0, 0.0, 0.0], "text": ["three", "one two", "noise"]})
    said = pl.DataFrame({"episode": ["a"], "start": [0.0], "text": ["One two four"]})
    assert reference_error_rate(heard, said) == pytest.approx(1 / 3)
