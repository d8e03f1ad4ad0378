"""Abstention of the heads that name disorders: below which confidence one says nothing, fitted on held-out labels.

A wrong name costs what a right one gains, and saying nothing neither: the threshold kept is the one with the most right answers less
wrong ones, so that a head answers where it is more likely right than wrong, and never where it is not. Confidence is the highest
calibrated probability; an answer is right when that output is true of the text. What a threshold gains on the very labels that it was
fitted on flatters, so coverage and accuracy are judged crosswise: each fold of the groups by the threshold of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pixel_core.model.batch import PixelBatch
from pixel_core.model.decoding import decode
from pixel_core.model.heads import HEADS, find_head
from pixel_core.training.calibration import FOLDS, crosswise, fold_of

ABSTAINING: tuple[str, ...] = tuple(spec.name for spec in HEADS if spec.abstains)
NEVER = 1.01  # above every probability
THRESHOLDS: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.04, *(k / 20 for k in range(1, 20)), NEVER)
ASKED, ANSWERED, RIGHT = "asked", "answered", "right"


@dataclass(frozen=True, slots=True)
class Abstention:
    """`threshold`: the least confidence that is said aloud. `coverage`: the share of held-out questions answered; `accuracy`: the share
    of right ones among these, None without any; both judged crosswise."""

    threshold: float
    coverage: float
    accuracy: float | None


def answer_counts(raw: Mapping[str, Tensor], batch: PixelBatch, supervised: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """What calibrated outputs [Q, width] of a batch answer at each threshold: counts by `<head>/<fold>/<index>/answered`, `.../right`
    and `<head>/<fold>/asked`; they add up over batches.

    An output that is unknown of a text, or that `supervised` says was never trained, is no answer to it. A text of which only what is
    true is known asks nothing: no answer to it could be wrong.
    """
    found = dict.fromkeys(count_names(raw), 0.0)
    folds = torch.tensor([fold_of(group) for group in batch.query_groups])
    for name in sorted(raw.keys() & set(ABSTAINING)):
        truth = batch.head_targets[name].cpu()
        known = ~truth.isnan() & (torch.tensor(supervised[name]) > 0)
        asked = (truth == 0).any(1) & known.any(1)
        sure, place = decode(find_head(name), raw[name].cpu()).scores.masked_fill(~known, -1.0).max(1)
        right = truth.gather(1, place[:, None])[:, 0] > 0
        answered = sure[:, None] >= torch.tensor(THRESHOLDS)
        for fold in FOLDS:
            own = asked & (folds == fold)
            found[f"{name}/{fold}/{ASKED}"] = int(own.sum())
            for what, counted in ((ANSWERED, answered[own]), (RIGHT, answered[own & right])):
                found |= {f"{name}/{fold}/{index}/{what}": count for index, count in enumerate(counted.sum(0).tolist())}
    return found


def count_names(heads: Iterable[str]) -> list[str]:
    """Every key that `answer_counts` holds for these heads, so that all ranks sum the same."""
    return [
        name
        for head in sorted(set(heads) & set(ABSTAINING))
        for fold in FOLDS
        for name in (
            f"{head}/{fold}/{ASKED}",
            *(f"{head}/{fold}/{index}/{what}" for index in range(len(THRESHOLDS)) for what in (ANSWERED, RIGHT)),
        )
    ]


def fit_abstention(counts: Mapping[str, float], heads: Iterable[str]) -> dict[str, Abstention]:
    """The threshold of each head that was asked anything; among equals the highest. One fold alone judges nothing: `NEVER`."""
    found = {}
    for head in sorted(set(heads) & set(ABSTAINING)):
        folds = [fold for fold in FOLDS if counts.get(f"{head}/{fold}/{ASKED}", 0)]
        if not folds:
            continue

        def column(what: str, fold: int, head: str = head) -> list[float]:
            return [counts[f"{head}/{fold}/{index}/{what}"] for index in range(len(THRESHOLDS))]

        if len(folds) == 1:
            found[head] = Abstention(NEVER, 0.0, None)
            continue
        answered = {fold: column(ANSWERED, fold) for fold in folds}
        right = {fold: column(RIGHT, fold) for fold in folds}
        gains = {fold: [2 * r - a for r, a in zip(right[fold], answered[fold], strict=True)] for fold in folds}
        whole, others = crosswise(gains)
        kept = {fold: _best(others[fold]) for fold in folds}
        said = sum(answered[fold][kept[fold]] for fold in folds)
        true = sum(right[fold][kept[fold]] for fold in folds)
        asked = sum(counts[f"{head}/{fold}/{ASKED}"] for fold in folds)
        found[head] = Abstention(THRESHOLDS[_best(whole)], said / asked, true / said if said else None)
    return found


def _best(gains: Sequence[float]) -> int:
    return max(range(len(gains)), key=lambda index: (gains[index], index))
