"""Calibration of the heads: how far each is shrunk towards its training prior, fitted on held-out labels.

A head that learned from few labels says too much. Of `prior + scale (raw - prior)` the scale in [0, 1] that costs
least on held-out labels is kept, and folded into the head's weights when a checkpoint is saved. A loss on the very
labels that a scale was fitted on flatters, so it is judged crosswise: each fold of the groups by the scale of all others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pixel_core.model.batch import PixelBatch
from pixel_core.model.heads import find_head
from pixel_core.objectives.losses import label_losses

SCALES: tuple[float, ...] = (0.0, 0.02, 0.05, *(k / 10 for k in range(1, 11)))
FOLDS = tuple(range(8))
COUNT = "count"


@dataclass(frozen=True, slots=True)
class Calibration:
    """`scale`: what is kept of a head's distance from its prior. `loss`: the mean loss a label, judged crosswise.

    `error`: the standard error of that loss less the prior's, from the folds.
    """

    scale: float
    loss: float
    error: float


def scaled_losses(raw: Mapping[str, Tensor], priors: Mapping[str, Tensor], batch: PixelBatch) -> dict[str, float]:
    """Summed losses of a batch by `<head>/<fold>/<index in SCALES>`, and labels by `<head>/<fold>/count`; sums add up over batches."""
    found: dict[str, float] = {}
    if not batch.query_groups:
        return found
    folds = torch.tensor([fold_of(group) for group in batch.query_groups], device=batch.query_rows.device)
    for name in sorted(raw.keys() & priors.keys()):
        spec = find_head(name)
        said, prior = raw[name].float(), priors[name].to(raw[name].device).float()
        scales = torch.tensor(SCALES, device=said.device)[:, None, None]
        targets = batch.head_targets[name].expand(len(SCALES), -1, -1)
        each, known = label_losses(spec.kind, prior + scales * (said - prior), targets, spec.levels)
        losses, counts = each.reshape(len(SCALES), len(folds), -1).sum(-1), known[0].reshape(len(folds), -1).sum(-1)
        for fold in FOLDS:
            own = folds == fold
            found |= {f"{name}/{fold}/{index}": total for index, total in enumerate(losses[:, own].sum(1).tolist())}
            found[f"{name}/{fold}/{COUNT}"] = int(counts[own].sum())
    return found


def sum_names(heads: Iterable[str]) -> list[str]:
    """Every key that `scaled_losses` may hold for these heads, so that all ranks sum the same."""
    return [f"{head}/{fold}/{what}" for head in sorted(heads) for fold in FOLDS for what in (*range(len(SCALES)), COUNT)]


def fit_scales(sums: Mapping[str, float], heads: Iterable[str]) -> dict[str, Calibration]:
    """The calibration of each head that has a label; among equals the largest scale. Labels in one fold alone shrink nothing."""
    found = {}
    for head in sorted(heads):
        counts = [sums.get(f"{head}/{fold}/{COUNT}", 0) for fold in FOLDS]
        labelled = [fold for fold, count in zip(FOLDS, counts, strict=True) if count]
        if not labelled:
            continue
        losses = {fold: [sums.get(f"{head}/{fold}/{index}", 0.0) for index in range(len(SCALES))] for fold in labelled}
        whole, others = crosswise(losses)
        fit = _cheapest if len(labelled) > 1 else lambda _: len(SCALES) - 1
        judged = [own[fit(others[fold])] for fold, own in losses.items()]
        gains = [loss - own[0] for loss, own in zip(judged, losses.values(), strict=True)]  # the first scale is the prior
        mean = sum(gains) / sum(counts)
        spread = sum((gain - mean * counts[fold]) ** 2 for gain, fold in zip(gains, labelled, strict=True))
        found[head] = Calibration(SCALES[fit(whole)], sum(judged) / sum(counts), math.sqrt(spread) / sum(counts))
    return found


def crosswise(sums: Mapping[int, Sequence[float]]) -> tuple[list[float], dict[int, list[float]]]:
    """From a column of sums by fold: that of all folds together, and for each fold that of all others."""
    whole = [sum(each) for each in zip(*sums.values(), strict=True)]
    return whole, {fold: [a - b for a, b in zip(whole, own, strict=True)] for fold, own in sums.items()}


def fold_of(group: str) -> int:
    """The fold that a group is in, by a hash of its name: the same in every run and on every rank."""
    return hashlib.sha256(group.encode()).digest()[0] % len(FOLDS)


def _cheapest(losses: Sequence[float]) -> int:
    return min(range(len(losses)), key=lambda index: (losses[index], -index))
