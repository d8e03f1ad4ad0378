"""Shortcuts: how far multiple-choice items can be solved without understanding them.

Each shortcut sees less than a reader does: where a choice stands, how long it is, which of its words stand in the
scenario too, or which words and marks right answers are written with. The last kind is learned from other items (folds by
item), so what it finds is how the right answers of this file are worded. Items that can be solved so measure nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pixel_core.evaluation.held_out import lot_of
from pixel_core.evaluation.items import EqItem
from pixel_core.evaluation.statistics.intervals import Interval, bootstrap_mean

_FOLDS, _PASSES = 10, 3
_WORD = re.compile(r"\w+")
_TOKEN = r"\w+|[^\w\s]"  # noqa: S105 - words and marks, for TF-IDF
Preference = Callable[[EqItem], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What one way of solving without reading gets: the mean hit, its 95 % interval, and the chance of a guess."""

    name: str
    hits: tuple[float, ...]
    value: float
    interval: Interval
    floor: float

    @property
    def pays(self) -> bool:
        """Whether it does better than guessing, by more than its interval."""
        return self.interval[0] > self.floor


def shortcuts(items: Sequence[EqItem]) -> tuple[Shortcut, ...]:
    """Every shortcut over these items; a tie is shared among the choices that tie. Deterministic."""
    return (*plain_shortcuts(items), *learned_shortcuts(items))


def plain_shortcuts(items: Sequence[EqItem]) -> tuple[Shortcut, ...]:
    """Choosing by length, by position, by words shared with the scenario or with the other choices."""
    preferences: dict[str, Preference] = {
        "longest (characters)": lambda item: [len(choice) for choice in item.choices],
        "shortest (characters)": lambda item: [-len(choice) for choice in item.choices],
        "longest (words)": lambda item: [len(_words(choice)) for choice in item.choices],
        "shortest (words)": lambda item: [-len(_words(choice)) for choice in item.choices],
        **{f"position {place + 1}": _at(place) for place in range(max(len(item.choices) for item in items))},
        "most words of the scenario": lambda item: [_shared(item, choice) for choice in item.choices],
        "fewest words of the scenario": lambda item: [-_shared(item, choice) for choice in item.choices],
        "most unlike the other choices": lambda item: [-_company(item, place) for place in range(len(item.choices))],
        "most like the other choices": lambda item: [_company(item, place) for place in range(len(item.choices))],
    }
    return tuple(_shortcut(name, items, [[preference(item) for item in items]]) for name, preference in preferences.items())


def learned_shortcuts(items: Sequence[EqItem]) -> tuple[Shortcut, ...]:
    """Choosing what reads most like the right choices of other items, by words and marks, or by these and pairs of them."""
    kinds = {"bag of words, learned": (1, 1), "words and pairs of words, learned": (1, 2)}
    return tuple(_shortcut(name, items, _learned(items, grams)) for name, grams in kinds.items())


def to_text(found: Sequence[Shortcut]) -> str:
    """The shortcuts as a Markdown table."""
    rows = [f"| {one.name} | {one.value:.3f} | {one.interval[0]:.3f} to {one.interval[1]:.3f} |" for one in found]
    return "\n".join(["| solved by | hits | 95 % interval |", "|---|---|---|", *rows])


def _shortcut(name: str, items: Sequence[EqItem], passes: Sequence[Sequence[Sequence[float]]]) -> Shortcut:
    """The shortcut that scores the choices so, in one pass over the items or in several of which the mean counts."""
    hits = [math.fsum(_hit(item.answer, scores[i]) for scores in passes) / len(passes) for i, item in enumerate(items)]
    floor = math.fsum(1 / len(item.choices) for item in items) / len(items)
    return Shortcut(name, tuple(hits), math.fsum(hits) / len(hits), bootstrap_mean(hits, seed=name), floor)


def _hit(answer: int, scores: Sequence[float]) -> float:
    """1 when the answer scores best, a share of it when others score as much."""
    best = [place for place, score in enumerate(scores) if math.isclose(score, max(scores), abs_tol=1e-12)]
    return (answer in best) / len(best)


def _at(place: int) -> Preference:
    return lambda item: [float(index == place) for index in range(len(item.choices))]


def _shared(item: EqItem, choice: str) -> float:
    """Share of a choice's different words that scenario and question hold too."""
    own = _words(choice)
    return len(own & _words(f"{item.scenario} {item.question}")) / max(1, len(own))


def _company(item: EqItem, place: int) -> float:
    """Mean Jaccard likeness of a choice to the other choices."""
    own = _words(item.choices[place])
    others = [_words(choice) for index, choice in enumerate(item.choices) if index != place]
    return math.fsum(len(own & other) / max(1, len(own | other)) for other in others) / max(1, len(others))


def _learned(items: Sequence[EqItem], grams: tuple[int, int]) -> list[list[Sequence[float]]]:
    """How much each choice reads like a right one to TF-IDF and logistic regression, fitted on the items of the other folds."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    counts = CountVectorizer(token_pattern=_TOKEN, ngram_range=grams).fit_transform([choice for item in items for choice in item.choices])
    ends = list(accumulate(len(item.choices) for item in items))
    rows = [list(range(end - len(item.choices), end)) for item, end in zip(items, ends, strict=True)]
    right = [place == item.answer for item in items for place in range(len(item.choices))]
    passes = []
    for number in range(_PASSES):
        order = sorted(range(len(items)), key=lambda i: lot_of(f"{number}:{items[i].id}"))
        scores: list[Sequence[float]] = [()] * len(items)
        for fold in range(_FOLDS):
            known = [row for place, i in enumerate(order) if place % _FOLDS != fold for row in rows[i]]
            weighting = TfidfTransformer(sublinear_tf=True)
            model = LogisticRegression(class_weight="balanced", solver="liblinear", random_state=0)
            model.fit(weighting.fit_transform(counts[known]), [right[row] for row in known])
            for i in order[fold::_FOLDS]:
                scores[i] = model.decision_function(weighting.transform(counts[rows[i]])).tolist()
        passes.append(scores)
    return passes


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
