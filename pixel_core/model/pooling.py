"""Pooling: the mean of the hidden states of exactly the tokens a query reads."""

from __future__ import annotations

import torch
from torch import Tensor


def masked_mean(hidden: Tensor, rows: Tensor, mask: Tensor) -> Tensor:
    """Mean of `hidden` [B, T, H] over the tokens of `mask` [Q, T] in the row that `rows` [Q] names: float32 [Q, H].

    Padding, packing neighbours and the order of rows do not change it. A query that reads nothing gets zeros.
    """
    reading = mask.new_zeros((len(rows), hidden.shape[0], hidden.shape[1]), dtype=torch.float32)
    reading[torch.arange(len(rows), device=rows.device), rows] = mask.float()
    total = reading.flatten(1) @ hidden.flatten(0, 1).float()
    return total / mask.sum(1, keepdim=True).clamp_min(1)
