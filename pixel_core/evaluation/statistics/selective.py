"""How sure an answer is: calibration of the top answer, and what is gained by abstaining where it is not sure.

Both are computed from two columns, whether the answer was right and how sure it was said, so that a resample is a vector
of counts as in metrics.py. The tables are what is drawn: they follow from the same columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
BINS = 10


def calibration_error(truth: Array, said: Array, weights: Array) -> Array:
    """Expected calibration error over ten bins of equal width, [R]: the mean gap between how sure and how often right.

    `said` [n, 2] holds hit and confidence; the truth is not read. Perfect is 0, which a guesser that says so also gets:
    read it beside the accuracy.
    """
    hit, sure = said[:, 0], said[:, 1]
    place = _bins(sure)
    gaps = [np.abs((weights * (place == b)) @ (hit - sure)) for b in range(BINS)]
    return np.sum(gaps, axis=0) / weights.sum(1)


def risk_area(truth: Array, said: Array, weights: Array) -> Array:
    """Area under the curve of risk over coverage, [R]: the mean share of wrong answers among those given, the surest first.

    `said` [n, 2] holds hit and confidence. Answers of equal confidence are given together. 0 is perfect; with a
    confidence that tells nothing it is the share of wrong answers.
    """
    order, ends = _surest_first(said[:, 1])
    counts = weights[:, order]
    given = counts.cumsum(1)
    wrong = (counts * (1 - said[order, 0])).cumsum(1)
    before = np.concatenate((np.zeros((len(weights), 1)), given[:, ends[:-1]]), axis=1)
    share = (given[:, ends] - before) / given[:, -1:]
    risk = np.divide(wrong[:, ends], given[:, ends], out=np.zeros_like(share), where=given[:, ends] > 0)
    return (share * risk).sum(1)


def reliability(hit: Sequence[float], sure: Sequence[float]) -> pl.DataFrame:
    """The reliability table: by bin of confidence its borders, n, mean confidence and share of right answers (null where empty)."""
    place, right, confidence = _bins(np.asarray(sure)), np.asarray(hit), np.asarray(sure)
    rows = []
    for b in range(BINS):
        own = place == b
        n = int(own.sum())
        mean = (float(confidence[own].mean()), float(right[own].mean())) if n else (None, None)
        rows.append({"low": b / BINS, "high": (b + 1) / BINS, "n": n, "confidence": mean[0], "accuracy": mean[1]})
    schema = {"low": pl.Float64, "high": pl.Float64, "n": pl.Int64, "confidence": pl.Float64, "accuracy": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def risk_coverage(hit: Sequence[float], sure: Sequence[float]) -> pl.DataFrame:
    """The curve of abstention: for each confidence, from the highest, the share answered when less sure answers are withheld, and
    the share of wrong ones among these."""
    right, confidence = np.asarray(hit, dtype=np.float64), np.asarray(sure, dtype=np.float64)
    order, ends = _surest_first(confidence)
    wrong = (1 - right[order]).cumsum()
    return pl.DataFrame(
        {"confidence": confidence[order][ends], "coverage": (ends + 1) / max(1, len(order)), "risk": wrong[ends] / (ends + 1)},
        schema={"confidence": pl.Float64, "coverage": pl.Float64, "risk": pl.Float64},
    )


def _bins(sure: Array) -> NDArray[np.intp]:
    return np.clip((sure * BINS).astype(int), 0, BINS - 1)


def _surest_first(sure: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order from the surest, and the places in it where a group of equal confidence ends."""
    order = np.argsort(-sure, kind="stable")
    ordered = sure[order]
    return order, np.flatnonzero(np.append(ordered[1:] != ordered[:-1], len(ordered) > 0))
