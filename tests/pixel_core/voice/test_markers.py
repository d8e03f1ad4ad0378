import math

import polars as pl
import pytest

from pixel_core.voice import MARKERS, check_markers, extract_markers, measure_speech
from tests.pixel_core.voice.speech import speech


def test_markers_of_a_known_text():
    found = measure_speech(speech("I think you are right.", "Do you feel sad?", "Maybe I am, maybe not.", pause=1.0, seconds=2.0))
    words = 5 + 4 + 5
    assert found["words_per_minute"] == pytest.approx(60 * words / 8, abs=1e-3)
    assert found["articulation_rate"] == pytest.approx(60 * words / 6, abs=1e-3)
    assert found["pause_median"] == found["pause_p90"] == 1.0
    assert found["pause_share"] == 0.25
    assert found["sentence_words"] == pytest.approx(words / 3, abs=1e-3)
    assert found["sentence_words_spread"] == pytest.approx(math.sqrt(1 / 3), abs=1e-3)
    assert found["question_share"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["first_person_share"] == pytest.approx(2 / words, abs=1e-3)
    assert found["second_person_share"] == pytest.approx(2 / words, abs=1e-3)
    assert found["hedge_rate"] == pytest.approx(100 * 3 / words, abs=1e-3)  # I think, maybe, maybe
    assert found["emotion_negative_rate"] == pytest.approx(100 * 1 / words, abs=1e-3)
    assert found["vocabulary_richness"] == pytest.approx(11 / words, abs=1e-3)  # i, you, maybe stand twice
    assert found["hapax_share"] == pytest.approx(8 / 11, abs=1e-3)


def test_what_nothing_defines_is_none():
    found = measure_speech(speech("Hello there."))
    assert list(found) == list(MARKERS)
    assert {name for name, value in found.items() if value is None} == {"pause_median", "pause_p90", "sentence_words_spread"}
    assert measure_speech(speech("Hello there.", seconds=0.0))["articulation_rate"] is None
    with pytest.raises(ValueError, match="at least one word"):
        measure_speech(speech("..."))


def test_silence_between_runs_is_no_pause():
    one, two = speech("One thing.", "Another thing.", pause=100)
    apart = [one, type(two)(two.episode, two.start, two.end, two.text, run=1)]
    assert measure_speech(apart)["pause_share"] == 0
    assert measure_speech([one, two])["pause_share"] > 0.9


def test_richness_does_not_fall_with_length():
    short, long = ("one two three four five six seven eight nine ten " * n for n in (5, 50))
    rich = [measure_speech(speech(text.strip() + "."))["vocabulary_richness"] for text in (short, long)]
    assert rich[0] == pytest.approx(rich[1], abs=0.01)


def test_the_artifact_holds_every_marker_of_every_episode(tmp_path, built):
    folder = built["markers"].folder
    markers = pl.read_parquet(folder / "markers.parquet")
    assert markers.height == 3 * len(MARKERS)
    words = pl.read_parquet(folder / "function_words.parquet")
    assert words.group_by("episode").len()["len"].n_unique() == 1
    assert words.filter((pl.col("episode") == "morning-1") & (pl.col("word") == "i"))["count"].item() == 11
    assert check_markers(folder).passed
    again = extract_markers(built["transcripts"].folder, tmp_path / "again")
    assert again.manifest == built["markers"].manifest
