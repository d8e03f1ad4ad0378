"""Peers without a network of ours: the most frequent answer, and logistic regression on words and on a frozen sentence encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pixel_core.evaluation.peers.fields import Item
from pixel_core.evaluation.statistics.metrics import Array
from pixel_core.model.heads import HeadSpec

Features = Callable[[Sequence[Item]], Any]
Peer = Callable[[Sequence[Item]], Array]
"""What a fitted peer says of items: scores in the form of `decide`."""
WORD = r"\b\w+\b|[?!]"  # what is asked and exclaimed tells empathy from its absence
STRENGTHS = (1.0, 4.0)  # inverse regularisation: the one that fits the validation split best is kept, the last where there is none


def truth_of(items: Sequence[Item]) -> Array:
    """The right answers [n, outputs], NaN where unknown."""
    return np.array([item.truth for item in items], dtype=float)


def fit_majority(spec: HeadSpec, items: Sequence[Item]) -> Peer:
    """The frequencies of the training answers, whatever is read."""
    truth = truth_of(items)
    share = (
        (np.stack([np.nanmean(truth == level, axis=0) for level in range(spec.levels)], -1)) if spec.levels else np.nanmean(truth, axis=0)
    )
    return lambda asked: np.repeat(share[None], len(asked), axis=0)


def words(train: Sequence[Item]) -> Features:
    """TF-IDF of words and pairs of words, `?` and `!` among them, sublinear; of what is read and of what stands before it apart."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    def fitted(texts: list[str]) -> TfidfVectorizer | None:
        made = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        return made.fit(texts) if any(texts) else None

    own, before = fitted([item.own for item in train]), fitted([item.before for item in train])

    def features(items: Sequence[Item]) -> Any:
        parts = [own.transform([item.own for item in items])] if own else []
        parts += [before.transform([item.before for item in items])] if before else []
        return hstack(parts).tocsr()

    return features


def sentences(encode: Callable[[Sequence[str]], Any], train: Sequence[Item]) -> Features:
    """Sentence vectors of what is read and, where anything stands before it, of that."""
    both = any(item.before for item in train)

    def features(items: Sequence[Item]) -> Any:
        own = np.asarray(encode([item.own for item in items]))
        return np.hstack([own, np.asarray(encode([item.before for item in items]))]) if both else own

    return features


def fit_regression(spec: HeadSpec, train: Sequence[Item], features: Features, strength: float) -> Peer:
    """Balanced logistic regression on features: one an output, over the levels or classes where there are such."""
    given, truth = features(train), truth_of(train)
    if spec.kind == "class":
        models = [_regression(given, truth.argmax(1), strength)]
    else:
        models = [_regression(given, truth[:, k], strength) for k in range(truth.shape[1])]
    levels = spec.levels or 2

    def scores(items: Sequence[Item]) -> Array:
        asked = features(items)
        if spec.kind == "class":
            return _spread(models[0], asked, len(spec.outputs))
        each = np.stack([_spread(model, asked, levels) for model in models], axis=1)  # [m, n, levels]
        return each if spec.levels else each[:, :, 1]

    return scores


def _regression(features: Any, answers: Array, strength: float) -> Any:
    """A fitted model, or the one answer where there is but one."""
    from scipy.sparse import issparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    known = ~np.isnan(answers)
    features, answers = features[np.flatnonzero(known)], answers[known].astype(int)
    if len(np.unique(answers)) < 2:
        return int(answers[0]) if len(answers) else 0
    if issparse(features):  # many columns: one answer against the others, each by coordinates
        each = LogisticRegression(C=strength, class_weight="balanced", solver="liblinear")
        return OneVsRestClassifier(each).fit(features, answers)
    return LogisticRegression(C=strength, class_weight="balanced", max_iter=100).fit(features, answers)


def _spread(model: Any, asked: Any, count: int) -> Array:
    """Probabilities [m, count] by answer."""
    found = np.zeros((asked.shape[0], count))
    if isinstance(model, int):
        found[:, model] = 1.0
    else:
        found[:, model.classes_] = model.predict_proba(asked)
    return found
