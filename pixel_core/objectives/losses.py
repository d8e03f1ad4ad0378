"""The losses: next-token cross-entropy in chunks, and one masked loss a kind of head.

All are sums, with the count of what was labelled beside them, so that a mean over ranks and micro-batches
is a mean over labels and not over batches.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, distributed
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

IGNORED = -100


def language_loss(hidden: Tensor, project: Callable[[Tensor], Tensor], targets: Tensor, chunk: int) -> Tensor:
    """Summed cross-entropy of the next tokens; `targets` [B, T] are already shifted, -100 costs nothing.

    Only learned tokens are projected onto the vocabulary, at most `chunk` at a time, and projected again in the
    backward pass, so that no [B, T, vocabulary] tensor exists. `project` must be the output module itself: under ZeRO-3
    each call gathers its weights, so all ranks agree on the number of calls first, however few tokens one of them learns.
    """
    learned = targets.flatten() != IGNORED
    tokens, wanted = hidden.flatten(0, 1)[learned], targets.flatten()[learned]
    pieces = torch.tensor(max(1, -(-len(wanted) // chunk)), device=hidden.device)
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(pieces, op=distributed.ReduceOp.MAX)
    total = hidden.new_zeros((), dtype=torch.float32)
    for piece, labels in zip(tokens.tensor_split(int(pieces)), wanted.tensor_split(int(pieces)), strict=True):
        total = total + checkpoint(_cross_entropy, piece, project, labels, use_reentrant=False, preserve_rng_state=False)
    return total


def labelled(kind: str, target: Tensor) -> int:
    """How many labels a target holds [Q, n]: known outputs, or known rows of a class head."""
    known = ~target.isnan()
    return int((known.any(-1) if kind == "class" else known).sum())


def head_loss(kind: str, prediction: Tensor, target: Tensor, levels: int) -> tuple[Tensor, int]:
    """Summed loss of raw predictions over the known outputs (NaN = unknown), and how many labels it sums (see `label_losses`).

    Without labels the sum is an exact 0 that still reaches the prediction.
    """
    each, known = label_losses(kind, prediction, target, levels)
    return each.sum(), int(known.sum())


def label_losses(kind: str, prediction: Tensor, target: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """The loss of every label, 0 where nothing is known, and what is known: [..., n] from predictions [..., width]; [...] of a class head.

    class: cross-entropy against the target distribution. multilabel, binary: cross-entropy an output.
    regression: the same against the value in [0, 1] less the value's own entropy, so that a perfect prediction
    costs 0 and the best constant is the mean. ordinal: negative log-likelihood of the level under the
    cumulative-logit model.
    """
    prediction = prediction.float()
    known = ~target.isnan()
    wanted = target.nan_to_num(0.0).to(prediction.dtype)
    if kind == "class":
        each = -(wanted * prediction.log_softmax(-1)).sum(-1)
        known = known.any(-1)
    elif kind == "ordinal":
        each = _level_loss(prediction.unflatten(-1, (-1, levels - 1)), wanted.long())
    else:
        each = functional.binary_cross_entropy_with_logits(prediction, wanted, reduction="none")
        if kind == "regression":
            each = each + torch.xlogy(wanted, wanted) + torch.xlogy(1 - wanted, 1 - wanted)
    return each.masked_fill(~known, 0.0), known


def _cross_entropy(tokens: Tensor, project: Callable[[Tensor], Tensor], labels: Tensor) -> Tensor:
    return functional.cross_entropy(project(tokens).float(), labels, reduction="sum")


def _level_loss(exceeds: Tensor, level: Tensor) -> Tensor:
    """-log P(level) from falling logits of P(y > k): sigma(a) - sigma(b) = sigma(a) sigma(-b) (1 - exp(b - a)), in logs."""
    bounded = functional.pad(exceeds, (1, 1))  # placeholders at the ends, where the probability is 1 and 0
    above, below = bounded.gather(-1, level[..., None])[..., 0], bounded.gather(-1, level[..., None] + 1)[..., 0]
    lowest, highest = level == 0, level == exceeds.shape[-1]
    inside = ~(lowest | highest)
    log = functional.logsigmoid(above).masked_fill(lowest, 0.0) + functional.logsigmoid(-below).masked_fill(highest, 0.0)
    gap = torch.where(inside, above - below, 1.0).clamp_min(1e-4)
    return -(log + torch.where(inside, torch.log(-torch.expm1(-gap)), 0.0))
