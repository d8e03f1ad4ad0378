"""Statistics over items, each a function of truth, prediction and weights.

A bootstrap resample is a vector of counts, so a statistic that takes weights [R, n] answers for R resamples
at once. Truth and prediction are [n, k] arrays, one column an output; NaN in the truth is unknown and left out.
Results are [R]: the mean over the columns about which a resample knows something, NaN where it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pixel_core.evaluation.statistics import selective

Array = NDArray[np.float64]
Name = Literal[
    "mean",
    "level",
    "points",
    "points_of_parsed",
    "mean_of_counted",
    "accuracy",
    "ratio",
    "perplexity",
    "mae",
    "correlation",
    "level_f1",
    "label_f1",
    "kappa",
    "brier",
    "calibration_error",
    "auc",
    "rate",
    "top_calibration_error",
    "risk_area",
]
_BINS = 10


@dataclass(frozen=True, slots=True)
class Statistic:
    """How truth and prediction become a number. `perfect` is the best value there is; `lower` says that less is better."""

    compute: Callable[[Array, Array, Array], Array]
    perfect: float
    lower: bool = False


def compute(name: Name, truth: Array, prediction: Array, weights: Array | None = None) -> Array:
    """The statistic of this name for every row of `weights` [R, n] (default: every item once)."""
    if weights is None:
        weights = np.ones((1, len(truth)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return STATISTICS[name].compute(truth, prediction, weights)


def _by_column(one: Callable[[Array, Array, Array], Array]) -> Callable[[Array, Array, Array], Array]:
    """Apply a statistic of known pairs to each column, and take the mean over columns."""

    def over_columns(truth: Array, prediction: Array, weights: Array) -> Array:
        values = []
        for column in range(truth.shape[1]):
            known = ~np.isnan(truth[:, column])
            if known.any():
                values.append(one(truth[known, column], prediction[known, column], weights[:, known]))
        return nan_mean(np.stack(values)) if values else np.full(len(weights), np.nan)

    return over_columns


def nan_mean(values: Array) -> Array:
    """The mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(0) / known.sum(0)


def _mean(truth: Array, prediction: Array, weights: Array) -> Array:
    return weights @ prediction / weights.sum(1)


def _accuracy(truth: Array, prediction: Array, weights: Array) -> Array:
    """Share of the items that are right in every column about which something is known."""
    right = (np.isnan(truth) | (truth == prediction)).all(1)
    return weights @ right / weights.sum(1)


def _ratio(truth: Array, prediction: Array, weights: Array) -> Array:
    """Sum of the first column over the sum of the second: a loss a token, bits a byte."""
    return (weights @ prediction[:, 0]) / (weights @ prediction[:, 1])


def _of_counted(truth: Array, prediction: Array, weights: Array) -> Array:
    """The mean of the first column over the items that the second counts; 0 where it counts none."""
    counted = weights @ prediction[:, 1]
    return np.where(counted > 0, weights @ prediction[:, 0] / np.where(counted > 0, counted, 1.0), 0.0)


def _mean_of_counted(truth: Array, prediction: Array, weights: Array) -> Array:
    """The mean of the first column over the items that the second counts; 0 where it counts none."""
    return _of_counted(truth, np.stack((prediction[:, 0] * prediction[:, 1], prediction[:, 1]), axis=1), weights)


def _mae(truth: Array, prediction: Array, weights: Array) -> Array:
    return weights @ np.abs(truth - prediction) / weights.sum(1)


def _brier(truth: Array, prediction: Array, weights: Array) -> Array:
    return weights @ (truth - prediction) ** 2 / weights.sum(1)


def _correlation(truth: Array, prediction: Array, weights: Array) -> Array:
    """Pearson's r; 0 where either side does not vary, since a constant tells nothing."""
    total = weights.sum(1)
    mean_t, mean_p = weights @ truth / total, weights @ prediction / total
    covariance = weights @ (truth * prediction) / total - mean_t * mean_p
    variances = (weights @ truth**2 / total - mean_t**2) * (weights @ prediction**2 / total - mean_p**2)
    varies = variances > 1e-18
    return np.where(np.isnan(total / total), np.nan, np.where(varies, covariance / np.sqrt(np.where(varies, variances, 1.0)), 0.0))


def _level_f1(truth: Array, prediction: Array, weights: Array) -> Array:
    """Macro-F1 over the levels that stand in the resample's truth or prediction."""
    levels = np.union1d(truth, prediction)
    return _f1(truth[:, None] == levels, prediction[:, None] == levels, weights)


def _label_f1(truth: Array, prediction: Array, weights: Array) -> Array:
    """Macro-F1 over the columns of yes-or-no labels that the resample's truth or prediction holds; other columns do not count."""
    known = ~np.isnan(truth)
    return _f1(known & (truth > 0), known & (prediction > 0), weights)


def _f1(wanted: NDArray[np.bool_], got: NDArray[np.bool_], weights: Array) -> Array:
    hits = weights @ (wanted & got)
    present = weights @ wanted + weights @ got
    return nan_mean(np.where(present > 0, 2 * hits / present, np.nan).T)


def _kappa(truth: Array, prediction: Array, weights: Array) -> Array:
    """Cohen's kappa with quadratic weights; 0 where either side is constant, as chance agreement is then complete."""
    disagreement = weights @ (truth - prediction) ** 2 / weights.sum(1)
    total = weights.sum(1)
    mean_t, mean_p = weights @ truth / total, weights @ prediction / total
    square_t, square_p = weights @ truth**2 / total, weights @ prediction**2 / total
    by_chance = square_t + square_p - 2 * mean_t * mean_p
    constant = np.minimum(square_t - mean_t**2, square_p - mean_p**2) < 1e-12
    return np.where(np.isnan(disagreement), np.nan, np.where(constant, 0.0, 1 - disagreement / np.where(constant, 1.0, by_chance)))


def _calibration_error(truth: Array, prediction: Array, weights: Array) -> Array:
    """Expected calibration error over ten bins of equal width: the mean gap between probability and frequency."""
    place = np.minimum((prediction * _BINS).astype(int), _BINS - 1)
    gaps = [np.abs((weights * (place == b)) @ (truth - prediction)) for b in range(_BINS)]
    return np.sum(gaps, axis=0) / weights.sum(1)


def _auc(truth: Array, prediction: Array, weights: Array) -> Array:
    """Chance that a positive item gets a higher prediction than a negative one, ties counting half; NaN without both kinds."""
    values, place = np.unique(prediction, return_inverse=True)
    share = np.zeros((len(weights), 2, len(values)))
    for kind in (0, 1):
        np.add.at(share[:, kind].T, place[truth == kind], weights[:, truth == kind].T)
    below = np.cumsum(share[:, 0], axis=1) - share[:, 0] / 2
    return (share[:, 1] * below).sum(1) / (share[:, 0].sum(1) * share[:, 1].sum(1))


STATISTICS: dict[Name, Statistic] = {
    "mean": Statistic(_by_column(_mean), 1.0),
    "level": Statistic(_by_column(_mean), 2.0),  # of the levels 0-2 of an empathy mechanism
    "points": Statistic(_by_column(_mean), 100.0),  # of a hundred
    "points_of_parsed": Statistic(_of_counted, 100.0),
    "mean_of_counted": Statistic(_mean_of_counted, 1.0),
    "accuracy": Statistic(_accuracy, 1.0),
    "ratio": Statistic(_ratio, 0.0, lower=True),
    "perplexity": Statistic(lambda *given: np.exp(_ratio(*given)), 1.0, lower=True),
    "mae": Statistic(_by_column(_mae), 0.0, lower=True),
    "correlation": Statistic(_by_column(_correlation), 1.0),
    "level_f1": Statistic(_by_column(_level_f1), 1.0),
    "label_f1": Statistic(_label_f1, 1.0),
    "kappa": Statistic(_by_column(_kappa), 1.0),
    "brier": Statistic(_by_column(_brier), 0.0, lower=True),
    "calibration_error": Statistic(_by_column(_calibration_error), 0.0, lower=True),
    "auc": Statistic(_by_column(_auc), 1.0),
    "rate": Statistic(_by_column(_mean), 0.0, lower=True),  # of what should not happen
    "top_calibration_error": Statistic(selective.calibration_error, 0.0, lower=True),
    "risk_area": Statistic(selective.risk_area, 0.0, lower=True),
}
assert set(STATISTICS) == set(get_args(Name))  # noqa: S101
