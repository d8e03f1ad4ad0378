"""From scores to decisions: one rule a kind of head for every peer, with thresholds that the validation split chose."""

from __future__ import annotations

import itertools

import numpy as np

from pixel_core.evaluation.statistics.metrics import Array, compute
from pixel_core.model.heads import HeadSpec

_FACTORS = np.exp(np.linspace(-1.5, 3.0, 10))  # weights of a level against the lowest one
_QUANTILES = np.linspace(0.0, 0.998, 120)


def decide(spec: HeadSpec, scores: Array, truth: Array, asked: Array) -> Array:
    """Decisions [m, n] for scores `asked`, by the thresholds under which validation `scores` fit their `truth` [v, n] best.

    Scores of an ordinal head are probabilities [v, n, levels], of every other [v, n]. An ordinal output takes the level of the
    highest weighted probability, a yes-or-no output is thresholded; where validation never says yes, neither does the decision.
    """
    columns = [_column(scores[:, k], truth[:, k : k + 1], asked[:, k], ordinal=spec.kind == "ordinal") for k in range(truth.shape[1])]
    return np.stack(columns, axis=1)


def likeliest(scores: Array) -> Array:
    """1 at the likeliest class, [m, n]; no threshold is chosen."""
    return np.eye(scores.shape[1])[scores.argmax(1)]


def expected_level(scores: Array) -> Array:
    """The nearest level to the mean of probabilities [m, n, levels]: what costs least under quadratic weights; no threshold is chosen."""
    return np.rint((scores * np.arange(scores.shape[-1])).sum(-1))


def hits(scores: Array, truth: Array, top: int) -> Array:
    """1 where a right output is among the `top` highest scores, [m, 1]."""
    first = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return (np.take_along_axis(truth, first, axis=1) > 0).any(1, keepdims=True).astype(float)


def _column(scores: Array, truth: Array, asked: Array, *, ordinal: bool) -> Array:
    known = ~np.isnan(truth[:, 0])
    scores, truth = scores[known], truth[known]
    if ordinal:
        rules = [np.array([1.0, *factors]) for factors in itertools.product(_FACTORS, repeat=scores.shape[1] - 1)]
        tried = [(scores * rule).argmax(1).astype(float)[:, None] for rule in rules]
        return (asked * rules[_best("level_f1", truth, tried)]).argmax(1).astype(float)
    if not truth.any():
        return np.zeros(len(asked))  # every threshold that says yes now and then would be as wrong as any other
    edges = np.append(np.unique(np.quantile(scores, _QUANTILES)), np.inf)  # the last: never
    tried = [(scores >= edge).astype(float)[:, None] for edge in edges]
    # where yes is rare its own F1 counts, else that of both answers
    statistic = "label_f1" if truth.mean() < 0.2 else "level_f1"
    return (asked >= edges[_best(statistic, truth, tried)]).astype(float)


def _best(statistic: str, truth: Array, tried: list[Array]) -> int:
    values = [float(compute(statistic, truth, decisions)[0]) for decisions in tried]  # type: ignore[arg-type]
    return int(np.nanargmax(values))
