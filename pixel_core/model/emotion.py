"""The emotion encoding: one 512-dimensional vector that the heads `emotions`, `affect` and `mer` share."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from pixel_core.model.layers import FloatLinear, FloatNorm
from pixel_core.model.pooling import Salience

ENCODING_SIZE = 512


class EmotionEncoding(nn.Module):
    """Pooled hidden state [Q, hidden] -> emotion encoding [Q, 512]; what three label sets know of emotion meets here.

    `salience` says how much emotion each token carries: it weighs what is pooled, for these heads and in part for all others.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.salience = Salience(hidden)
        self.norm = FloatNorm(hidden)
        self.project = FloatLinear(hidden, ENCODING_SIZE)

    def forward(self, pooled: Tensor) -> Tensor:
        """The encoding of each query."""
        return functional.gelu(self.project(self.norm(pooled)))
