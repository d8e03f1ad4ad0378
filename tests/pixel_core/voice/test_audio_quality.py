import pytest

from pixel_core.voice.audio_quality import Audio, AudioError, announced, check_length, measure
from tests.pixel_core.voice.conftest import SAMPLE

EPISODE = SAMPLE / "morning-talks" / "morning-1.flac"


def test_a_whole_recording_decodes_to_what_its_header_announces():
    audio = measure(EPISODE)
    assert audio.seconds == pytest.approx(58.82, abs=0.01)
    assert audio.header_seconds == pytest.approx(audio.seconds, abs=0.01)


def test_a_recording_cut_in_the_middle_decodes_short_without_an_error(tmp_path):
    cut = tmp_path / "cut.flac"
    cut.write_bytes(EPISODE.read_bytes()[:400_000])
    audio = measure(cut)
    assert 20 < audio.seconds < 35
    assert announced(audio, None) == pytest.approx(58.82, abs=0.01)
    with pytest.raises(AudioError, match=r"of the announced 58\.8 s") as error:
        check_length(audio.seconds, announced(audio, None), 0.98)
    assert error.value.reason == "truncated"


@pytest.mark.parametrize("content", [b"", b"hello " * 100, None])
def test_what_is_no_audio_is_undecodable(tmp_path, content):
    path = tmp_path / "x.flac"
    path.write_bytes((SAMPLE / "bad.flac").read_bytes() if content is None else content)
    with pytest.raises(AudioError) as error:
        measure(path)
    assert error.value.reason == "undecodable"


def test_the_longer_announcement_counts_and_whole_seconds_may_be_rounded_up():
    assert announced(Audio(10, 10.0), 12) == 12
    assert announced(Audio(10, None), None) is None
    check_length(9.6, 10, 1.0)
    check_length(3, None, 1.0)
    with pytest.raises(AudioError):
        check_length(9.4, 10, 1.0)
