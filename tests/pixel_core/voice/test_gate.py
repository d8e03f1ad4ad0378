import pytest

from pixel_core.voice.gate import Gate, characters_per_second, repetition

GOOD = {
    "text": "I go outside and take a slow breath.",
    "start": 1.0,
    "end": 3.0,
    "avg_logprob": -0.2,
    "compression_ratio": 0.9,
    "no_speech_prob": 0.01,
    "repetition": 0.0,
    "repeats": 0,
    "characters_per_second": 18.0,
}


@pytest.fixture
def gate(recipe):
    return Gate.of(recipe)


def test_a_good_segment_passes(gate):
    assert gate.reason(GOOD) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": " ... "}, "empty"),
        ({"end": 1.0}, "bad_times"),
        ({"start": -0.1}, "bad_times"),
        ({"avg_logprob": -1.01}, "low_confidence"),
        ({"no_speech_prob": 0.61}, "no_speech"),
        ({"compression_ratio": 2.5}, "compressible"),
        ({"repetition": 0.51}, "repetitive"),
        ({"repeats": 2}, "looping"),
        ({"characters_per_second": 31}, "too_fast"),
    ],
)
def test_each_limit_has_its_reason(gate, change, reason):
    assert gate.reason(GOOD | change) == reason


def test_limits_themselves_pass(gate):
    edge = {
        "avg_logprob": -1.0,
        "no_speech_prob": 0.6,
        "compression_ratio": 2.4,
        "repetition": 0.5,
        "repeats": 1,
        "characters_per_second": 30,
    }
    assert gate.reason(GOOD | edge) is None


def test_repetition_sees_a_loop_and_not_plain_speech():
    assert repetition("thank you very much " * 6) > 0.8
    assert repetition("Thank you. Thank you. Thank you. Thank you.") > 0.5
    assert repetition(GOOD["text"]) == 0
    assert repetition("no no no") == 0  # one trigram cannot repeat itself


def test_speed_needs_a_duration():
    assert characters_per_second("abcd", 1, 3) == 2
    assert characters_per_second("abcd", 3, 3) == 0
