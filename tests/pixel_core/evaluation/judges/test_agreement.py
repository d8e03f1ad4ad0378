"""Agreement against a published worked example and another library."""

import random

import pytest
from sklearn.metrics import cohen_kappa_score

from pixel_core.evaluation.judges.agreement import alpha, kappa

# Three coders, fifteen units, of which some are missing: the worked example of the literature on Krippendorff's alpha.
CODED = (
    ("*", "*", "*", "*", "*", 3, 4, 1, 2, 1, 1, 3, 3, "*", 3),
    (1, "*", 2, 1, 3, 3, 4, 3, "*", "*", "*", "*", "*", "*", "*"),
    ("*", "*", 2, 1, 3, 4, 4, "*", 2, 1, 1, 3, 3, "*", 4),
)


def test_the_worked_example():
    units = [[value for value in unit if value != "*"] for unit in zip(*CODED, strict=True)]
    assert alpha(units) == pytest.approx(0.691, abs=5e-4)


def test_whole_agreement_is_one_and_chance_is_none():
    assert alpha([[True, True], [False, False], [True, True]]) == 1
    drawn = random.Random(3)
    assert alpha([[drawn.random() < 0.5, drawn.random() < 0.5] for _ in range(4000)]) == pytest.approx(0, abs=0.05)
    assert alpha([[True, False], [False, True]]) < 0


def test_what_cannot_be_told_is_not_told():
    assert alpha([[True, True], [True, True]]) is None
    assert alpha([[True], [False]]) is None
    assert kappa([], []) is None
    assert kappa([True, True], [True, True]) is None


def test_kappa_is_that_of_another_library():
    drawn = random.Random(5)
    first = [drawn.random() < 0.3 for _ in range(80)]
    second = [value if drawn.random() < 0.8 else not value for value in first]
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
