import math

import pytest

from pixel_core.corpus.labels import SCALES, fault, outputs


@pytest.mark.parametrize(
    ("output", "value", "reason"),
    [
        ("emotions.joy", 1, None),
        ("emotions.*", 0, None),
        ("affect.valence", 0.35, None),
        ("crisis.level", 4, None),
        ("empathy.explorations", 2, None),
        ("clinical.F32", 1, None),
        ("clinical.*", 1, "rest_must_be_zero"),
        ("clinical.F99.9", 1, "unknown_output"),
        ("emotion.joy", 1, "unknown_output"),
        ("joy", 1, "unknown_output"),
        ("emotions.joy", 0.5, "value_out_of_range"),
        ("affect.valence", 1.2, "value_out_of_range"),
        ("affect.valence", math.nan, "value_out_of_range"),
        ("crisis.level", 5, "value_out_of_range"),
        ("empathy.explorations", -1, "value_out_of_range"),
    ],
)
def test_only_labels_that_a_head_can_use_are_sound(output, value, reason):
    assert fault(output, value) == reason


def test_every_head_has_outputs():
    assert {head: len(outputs(head)) for head in ("clinical", "emotions", "affect", "empathy", "crisis")} == {
        "clinical": 100,
        "emotions": 28,
        "affect": 3,
        "empathy": 3,
        "crisis": 1,
    }
    assert all(outputs(head) for head in SCALES)
