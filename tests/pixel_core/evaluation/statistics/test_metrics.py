"""Statistics agree with scikit-learn and scipy, and weights mean repetition."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import brier_score_loss, cohen_kappa_score, f1_score, mean_absolute_error, roc_auc_score

from pixel_core.evaluation.statistics.metrics import STATISTICS, compute

RNG = np.random.default_rng(3)
N = 60
LEVELS, GUESSED = RNG.integers(0, 3, N).astype(float), RNG.integers(0, 3, N).astype(float)
YES, CHANCE = RNG.integers(0, 2, N).astype(float), RNG.random(N).round(1)
LABELS, FOUND = RNG.integers(0, 2, (N, 4)).astype(float), RNG.integers(0, 2, (N, 4)).astype(float)

CASES = {
    "level_f1": (LEVELS[:, None], GUESSED[:, None], lambda w: f1_score(LEVELS, GUESSED, average="macro", sample_weight=w)),
    "label_f1": (LABELS, FOUND, lambda w: f1_score(LABELS, FOUND, average="macro", sample_weight=w)),
    "kappa": (LEVELS[:, None], GUESSED[:, None], lambda w: cohen_kappa_score(LEVELS, GUESSED, weights="quadratic", sample_weight=w)),
    "mae": (CHANCE[:, None], GUESSED[:, None], lambda w: mean_absolute_error(CHANCE, GUESSED, sample_weight=w)),
    "brier": (YES[:, None], CHANCE[:, None], lambda w: brier_score_loss(YES, CHANCE, sample_weight=w)),
    "auc": (YES[:, None], CHANCE[:, None], lambda w: roc_auc_score(YES, CHANCE, sample_weight=w)),
    "correlation": (LEVELS[:, None], CHANCE[:, None], lambda w: pearsonr(np.repeat(LEVELS, w), np.repeat(CHANCE, w)).statistic),
    "accuracy": (LABELS, FOUND, lambda w: np.average((LABELS == FOUND).all(1), weights=w)),
    "mean": (YES[:, None], CHANCE[:, None], lambda w: np.average(CHANCE, weights=w)),
    "ratio": (LABELS, FOUND + 1, lambda w: (w @ (FOUND[:, 0] + 1)) / (w @ (FOUND[:, 1] + 1))),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_reference_for_any_counts(name):
    truth, prediction, reference = CASES[name]
    weights = RNG.integers(0, 4, (5, N))
    weights[0] = 1
    got = compute(name, truth, prediction, weights.astype(float))
    assert got == pytest.approx([reference(w) for w in weights])


OF_PAIRS = (
    "ratio",
    "perplexity",
    "points_of_parsed",
    "mean_of_counted",
    "top_calibration_error",
    "risk_area",
)  # of two columns each, which have tests of their own


@pytest.mark.parametrize("name", [name for name in STATISTICS if name not in ("mean", "rate", "level", "accuracy", *OF_PAIRS)])
def test_unknown_truth_is_left_out(name):
    truth, prediction, _ = CASES.get(name, CASES["brier"])
    more = np.concatenate([truth, np.full((5, truth.shape[1]), np.nan)]), np.concatenate([prediction, np.ones((5, truth.shape[1]))])
    assert compute(name, *more) == pytest.approx(compute(name, truth, prediction))


@pytest.mark.parametrize("name", [name for name in STATISTICS if name not in ("level", "rate", *OF_PAIRS)])
def test_the_truth_itself_is_perfect(name):
    truth = {
        "auc": YES[:, None],
        "mean": np.ones((N, 1)),
        "points": np.full((N, 1), 100.0),
        "kappa": LEVELS[:, None],
        "level_f1": LEVELS[:, None],
    }.get(name, LABELS)
    assert compute(name, truth, truth) == pytest.approx([STATISTICS[name].perfect])


def test_a_mean_of_what_is_counted_leaves_the_rest_out_and_is_nothing_of_nothing():
    said = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    weights = np.array([[1.0, 1, 1, 1], [3, 1, 0, 9], [0, 0, 1, 1]])
    assert compute("mean_of_counted", np.ones_like(said), said, weights) == pytest.approx([0.5, 0.75, 0.0])


def test_a_constant_has_no_correlation_and_no_agreement():
    constant = np.ones((N, 1))
    assert compute("correlation", LEVELS[:, None], constant) == pytest.approx([0.0])
    assert compute("kappa", LEVELS[:, None], constant) == pytest.approx([0.0])


def test_a_majority_answer_has_the_macro_f1_of_one_level():
    truth = np.array([0.0] * 8 + [1.0] + [2.0])[:, None]
    assert compute("level_f1", truth, np.zeros((10, 1))) == pytest.approx([f1_score(truth, np.zeros(10), average="macro")])


def test_calibration_error_is_the_gap_of_each_bin():
    truth = np.array([1.0, 0.0, 1.0, 1.0])[:, None]
    probability = np.array([0.15, 0.15, 0.85, 0.85])[:, None]
    assert compute("calibration_error", truth, probability) == pytest.approx([(2 * 0.35 + 2 * 0.15) / 4])


def test_perplexity_is_the_exponential_of_the_loss_a_token():
    sums = np.array([[20.0, 10.0], [30.0, 10.0]])
    assert compute("perplexity", np.ones((2, 2)), sums) == pytest.approx([np.exp(2.5)])


def test_a_resample_without_any_known_item_is_nan():
    assert np.isnan(compute("mae", YES[:, None], CHANCE[:, None], np.zeros((1, N)))).all()
