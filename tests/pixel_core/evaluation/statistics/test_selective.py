"""Calibration and abstention: what is known in closed form, and the tables beneath the figures."""

import numpy as np
import pytest

from pixel_core.evaluation.statistics.metrics import compute
from pixel_core.evaluation.statistics.selective import reliability, risk_coverage

RNG = np.random.default_rng(11)
HIT = RNG.integers(0, 2, 400).astype(float)
SURE = np.round(RNG.random(400), 2)
SAID = np.stack((HIT, SURE), axis=1)
ONES = np.ones_like(SAID)


def test_whoever_is_right_and_sure_is_perfect():
    said = np.ones((9, 2))
    assert compute("top_calibration_error", said, said) == compute("risk_area", said, said) == pytest.approx(0.0)


def test_whoever_is_wrong_and_sure_is_the_worst():
    said = np.tile([0.0, 1.0], (9, 1))
    assert compute("top_calibration_error", said, said) == compute("risk_area", said, said) == pytest.approx(1.0)


def test_a_confidence_that_tells_nothing_leaves_the_share_of_wrong_answers():
    said = np.stack((HIT, np.full(400, 0.3)), axis=1)
    assert compute("risk_area", said, said) == pytest.approx(1 - HIT.mean())
    assert compute("top_calibration_error", said, said) == pytest.approx(abs(HIT.mean() - 0.3))


def test_knowing_when_one_is_wrong_lowers_the_risk_and_not_knowing_it_raises_it():
    wise, foolish = np.stack((HIT, HIT), axis=1), np.stack((HIT, 1 - HIT), axis=1)
    blind = 1 - HIT.mean()
    assert compute("risk_area", wise, wise)[0] < blind < compute("risk_area", foolish, foolish)[0]


def test_weights_are_counts():
    weights = RNG.integers(0, 4, (6, 400))
    for name in ("top_calibration_error", "risk_area"):
        repeated = [compute(name, np.repeat(ONES, w, axis=0), np.repeat(SAID, w, axis=0))[0] for w in weights]
        assert compute(name, ONES, SAID, weights.astype(float)) == pytest.approx(repeated)


def test_the_order_of_items_changes_nothing():
    order = RNG.permutation(400)
    for name in ("top_calibration_error", "risk_area"):
        assert compute(name, ONES, SAID[order]) == pytest.approx(compute(name, ONES, SAID))


def test_the_figures_follow_from_the_tables():
    table = reliability(HIT, SURE)
    assert table["n"].sum() == 400
    gap = (table["n"] * (table["accuracy"] - table["confidence"]).abs()).sum() / 400
    assert compute("top_calibration_error", ONES, SAID) == pytest.approx(gap)
    curve = risk_coverage(HIT, SURE)
    steps = np.diff(np.concatenate(([0.0], curve["coverage"].to_numpy())))
    assert compute("risk_area", ONES, SAID) == pytest.approx(float(steps @ curve["risk"].to_numpy()))


def test_the_curve_runs_from_the_surest_to_everything():
    curve = risk_coverage(HIT, SURE)
    assert curve["confidence"].is_sorted(descending=True)
    assert curve["coverage"].is_sorted()
    assert curve["coverage"][-1] == pytest.approx(1.0)
    assert curve["risk"][-1] == pytest.approx(1 - HIT.mean())


def test_no_answers_have_empty_tables():
    assert risk_coverage([], []).height == 0
    assert reliability([], [])["n"].sum() == 0
    assert reliability([], [])["accuracy"].is_null().all()
