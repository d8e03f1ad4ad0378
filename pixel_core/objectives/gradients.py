"""fan_out: one hidden state in, a view for each objective out; on the way back one merged gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, distributed

from pixel_core.objectives.merging import Method, require_method, weights

Observe = Callable[[Tensor, Tensor], None]


def fan_out(hidden: Tensor, count: int, merge: Method, observe: Observe | None = None) -> tuple[Tensor, ...]:
    """`count` views of `hidden` [B, ...] that are equal to it; their gradients come back merged by `merge`.

    The objectives' gradients meet here, so resolving their conflicts costs one backward pass through what lies below.
    Across ranks the Gramian is that of the whole batch: every rank must call backward, each with the same count. `observe` is
    told Gramian and weights; it must be given on all ranks or on none, since `sum` computes the Gramian only for it. Raises ValueError
    for fewer than one view, for a single number, and for an unknown method: at once, and not in the backward pass.
    """
    require_method(merge)
    if count < 1 or not hidden.ndim:
        raise ValueError(f"{count} views of a tensor {list(hidden.shape)}: wanted one at least, of [B, ...]")
    return _FanOut.apply(hidden, count, merge, observe)


def gramian_of(gradients: Sequence[Tensor | None]) -> Tensor:
    """Inner products [k, k] of k gradients in float32, summed over ranks; an absent gradient is a zero row."""
    present = [(index, gradient) for index, gradient in enumerate(gradients) if gradient is not None]
    device = present[0][1].device if present else torch.device("cpu")
    found = torch.zeros((len(gradients), len(gradients)), dtype=torch.float32, device=device)
    place = torch.tensor([index for index, _ in present], dtype=torch.long, device=device)
    # Row by row: all k gradients in float32 at once would be k batches of memory.
    for rows in zip(*(gradient for _, gradient in present), strict=True):
        stacked = torch.stack([row.flatten().float() for row in rows])
        found[place[:, None], place] += stacked @ stacked.T
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(found)
    return found


class _FanOut(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, count: int, merge: Method, observe: Observe | None) -> tuple[Tensor, ...]:
        ctx.merge, ctx.observe = merge, observe
        ctx.set_materialize_grads(False)
        return tuple(hidden.view_as(hidden) for _ in range(count))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        # Plain summing needs no Gramian; method and observer are the same on all ranks, so none waits for a reduction.
        chosen = [1.0] * len(gradients)
        if ctx.merge != "sum" or ctx.observe is not None:
            gramian = gramian_of(gradients)
            found = weights(gramian, ctx.merge)
            chosen = chosen if ctx.merge == "sum" else found.tolist()
            if ctx.observe is not None:
                ctx.observe(gramian, found)
        merged: Tensor | None = None
        for weight, gradient in zip(chosen, gradients, strict=True):
            if gradient is not None:
                merged = gradient * weight if merged is None else merged.add_(gradient, alpha=weight)
        return merged, None, None, None
