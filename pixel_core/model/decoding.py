"""From raw head outputs to probabilities, levels and decisions: one function for training reports, evaluation and replies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from pixel_core.model.heads import HeadSpec


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a head says, [Q, n] each.

    `scores`: the value of a regression, the probability of a class, multi-label or binary output, the expected
    level of an ordinal one. `decisions` have the form of the targets: the value, 1 at the likeliest class,
    1 where an output is at least as likely as not, the median level. `levels` [Q, n, levels]: the
    probability of each level, for ordinal heads only.
    """

    scores: Tensor
    decisions: Tensor
    levels: Tensor | None = None


def decode(spec: HeadSpec, raw: Tensor) -> Decoded:
    """The meaning of raw outputs [Q, spec.width]; an untrained head decodes to its bias, so ask first whether it was supervised."""
    raw = raw.float()
    if spec.kind == "ordinal":
        exceeded = cumulative(raw, spec.levels).sigmoid()  # P(level > k)
        edges = functional.pad(functional.pad(exceeded, (1, 0), value=1.0), (0, 1), value=0.0)
        return Decoded(exceeded.sum(-1), (exceeded >= 0.5).sum(-1).float(), edges[..., :-1] - edges[..., 1:])
    if spec.kind == "class":
        return Decoded(raw.softmax(-1), functional.one_hot(raw.argmax(-1), raw.shape[-1]).float())
    scores = raw.sigmoid()
    return Decoded(scores, scores if spec.kind == "regression" else (scores >= 0.5).float())


def cumulative(raw: Tensor, levels: int) -> Tensor:
    """Raw ordinal outputs [Q, n * (levels - 1)] as logits of P(level > k): [Q, n, levels - 1], falling in k."""
    return raw.unflatten(-1, (-1, levels - 1))


def prior_bias(spec: HeadSpec, targets: Tensor, *, smoothing: float = 1.0) -> Tensor:
    """The constant raw outputs [spec.width] that predict the training labels best, from targets [rows, n] (NaN = unknown).

    `smoothing` counts of a neutral label are added to each output, so that no probability is 0 or 1; an output
    without labels stays neutral. As head biases they make the untrained model predict the prior.
    """
    targets = targets.double()
    known = ~targets.isnan()
    values = targets.nan_to_num(0.0)
    count = known.sum(0)
    if spec.kind == "class":
        share = (values.sum(0) + smoothing / len(spec.outputs)) / (known.any(1).sum() + smoothing)
        return share.log().float()
    if spec.kind == "ordinal":
        level = torch.arange(spec.levels - 1, dtype=values.dtype, device=values.device)
        over = ((values[..., None] > level) & known[..., None]).sum(0)  # [n, levels - 1]
        neutral = (spec.levels - 1 - level) / spec.levels
        return torch.logit((over + smoothing * neutral) / (count[:, None] + smoothing)).flatten().float()
    return torch.logit((values.sum(0) + smoothing / 2) / (count + smoothing)).float()
