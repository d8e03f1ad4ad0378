import json
import shutil

import pytest

from pixel_core.voice import VoiceError, build_profile, check_profile
from pixel_core.voice.profile import MINIMUM_HOURS, authenticity, marker_consistency
from tests.pixel_core.voice.conftest import PLAYLIST


def profile(built):
    return json.loads((built.folder / "profile.json").read_text())


def test_a_few_minutes_claim_nothing(built):
    found = profile(built["profile"])
    assert found["hours"] == pytest.approx(118 / 3600, abs=0.01)
    assert not found["authenticity"]["enough"]
    assert found["authenticity"]["claim"].startswith("none")
    assert authenticity(MINIMUM_HOURS)["enough"]
    assert check_profile(built["profile"].folder).passed


def test_one_playlist_has_no_consistency_and_its_own_means(built):
    found = profile(built["profile"])
    assert found["consistency"]["overall"] is None
    playlist = found["playlists"][PLAYLIST]
    assert playlist["episodes"] == playlist["markers"]["words_per_minute"]["n"] == 3
    assert playlist["words"] == 457
    assert found["function_words"][PLAYLIST]["i"] == pytest.approx(1000 * 32 / 457, abs=0.01)


def test_two_equal_playlists_are_consistent(tmp_path, built):
    folder = built["markers"].folder
    twin = shutil.copytree(folder, tmp_path / "twin")
    made = build_profile({"a": folder, "b": twin}, tmp_path / "profile")
    found = profile(made)
    assert found["consistency"]["overall"] == 1
    assert list(found["playlists"]) == ["a", "b"]
    assert made.summary.figures["episodes"] == 6
    assert check_profile(made.folder).passed
    other_order = build_profile({"b": twin, "a": folder}, tmp_path / "other")
    assert other_order.manifest == made.manifest


def test_consistency_falls_from_one_to_nothing():
    assert marker_consistency([[1, 2, 3], [1, 2, 3]]) == 1
    assert marker_consistency([[1, 1], [5, 5]]) == 0
    assert marker_consistency([[1, 3], [2, 4]]) == pytest.approx(0.8)  # between .5, within 2
    assert marker_consistency([[1, 2]]) is None
    assert marker_consistency([[2, 2], [2, 2]]) is None


def test_a_selected_playlist_without_markers_is_named(tmp_path, built):
    with pytest.raises(VoiceError, match=r"voice\.playlists selects evening-talks.*materialise"):
        build_profile({PLAYLIST: built["markers"].folder, "evening-talks": tmp_path / "none"}, tmp_path / "profile")
    altered = shutil.copytree(built["markers"].folder, tmp_path / "altered")
    (altered / "markers.parquet").write_bytes(b"x")
    with pytest.raises(VoiceError, match=r"selects talks.*differs from its manifest"):
        build_profile({"talks": altered}, tmp_path / "profile")
    with pytest.raises(VoiceError, match="no playlist is selected"):
        build_profile({}, tmp_path / "profile")
