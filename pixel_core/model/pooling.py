"""Pooling: the weighted mean of the hidden states of exactly the tokens a query reads, weighed by how much each token says.

Every head weighs tokens by a learned direction of its own. Emotion is a direction that all share: the heads of the emotion encoding
read by it alone, every other head adds a learned part of it, so that what carries feeling counts for empathy and risk too.
All directions start at zero, where the weighted mean is the plain one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pixel_core.model.heads import Reads


class Salience(nn.Module):
    """How much each token says about one thing: a direction of the hidden state, in float32."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.zeros(hidden))

    def forward(self, hidden: Tensor) -> Tensor:
        """The salience [B, T] of each token of [B, T, H], as a logit."""
        return hidden.float() @ self.direction.float()


class Attention(nn.Module):
    """What a head weighs tokens by: a direction of its own, and a learned part of their emotion."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.own = Salience(hidden)
        self.feeling = nn.Parameter(torch.zeros(1))

    def forward(self, hidden: Tensor, felt: Tensor) -> Tensor:
        """The weights [B, T] of the tokens of [B, T, H] as logits; `felt` [B, T] is their emotional salience."""
        return self.own(hidden) + self.feeling.float() * felt


@dataclass(frozen=True, slots=True)
class Reading:
    """Which tokens queries read, by the row they lie in: so a query costs its own row and not the whole batch.

    `rows` [Q] names the row of each query and `places` [Q] its place among the row's; `mask` [B, most, T] says what is read.
    """

    rows: Tensor
    places: Tensor
    mask: Tensor

    def mean(self, hidden: Tensor, salience: Tensor | None = None) -> Tensor:
        """The mean of `hidden` [B, T, H] over the tokens that each query reads, weighed by exp(salience [B, T]): float32 [Q, H].

        Padding, packing neighbours and the order of rows do not change it. A query that reads nothing gets zeros.
        """
        if salience is None:
            weights = self.mask / self.mask.sum(-1, keepdim=True).clamp_min(1)
        else:
            logits = salience[:, None].masked_fill(~self.mask, torch.finfo(torch.float32).min)
            weights = logits.softmax(-1) * self.mask
        return (weights @ hidden.float())[self.rows, self.places]


def readings_of(rows: Tensor, masks: Mapping[Reads, Tensor], height: int) -> dict[Reads, Reading]:
    """The readings of queries by what heads read: from masks [Q, T] over the rows that `rows` [Q] names, of `height` rows."""
    own = nn.functional.one_hot(rows, height)
    places = (own.cumsum(0) * own).sum(1) - 1
    most = int(own.sum(0).max()) if len(rows) else 0
    found = {}
    for name, mask in masks.items():
        by_row = mask.new_zeros((height, most, mask.shape[1]))
        by_row[rows, places] = mask
        found[name] = Reading(rows, places, by_row)
    return found
