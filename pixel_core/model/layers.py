"""Layers of the heads. They compute in float32 whatever the backbone runs in; each uses its own parameters alone, as ZeRO-3 requires."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pixel_core.model.decoding import cumulative
from pixel_core.model.heads import HeadSpec
from pixel_core.model.pooling import Attention


class FloatNorm(nn.LayerNorm):
    """LayerNorm in float32."""

    def forward(self, values: Tensor) -> Tensor:
        """The normalised values."""
        return functional.layer_norm(values.float(), self.normalized_shape, self.weight.float(), self.bias.float(), self.eps)


class FloatLinear(nn.Linear):
    """A linear map in float32."""

    def forward(self, values: Tensor) -> Tensor:
        """The mapped values."""
        return functional.linear(values.float(), self.weight.float(), self.bias.float())


class OrderedLogits(nn.Module):
    """Cumulative logits of ordinal outputs: one score an output, minus thresholds that rise by construction.

    The proportional-odds model: P(level > k) = sigma(score - threshold_k). One direction serves all levels, so a rare
    middle level (EPITOME: 3-4 %) borrows from its neighbours, and rising thresholds keep every level's probability
    positive. `bias` [n, levels - 1] holds the first logit and then the inverse softplus of each step down.
    """

    def __init__(self, size: int, outputs: int, levels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, size))
        self.bias = nn.Parameter(torch.zeros(outputs, levels - 1))

    def forward(self, values: Tensor) -> Tensor:
        """Logits of P(level > k), [Q, n * (levels - 1)]."""
        return (functional.linear(values.float(), self.weight.float())[..., None] + _thresholds(self.bias)).flatten(1)

    @torch.no_grad()
    def start_at(self, raw: Tensor) -> None:
        """Set the bias so that a score of 0 gives these raw logits, which must fall in k."""
        self.bias.copy_(_stepped(cumulative(raw, self.bias.shape[1] + 1)))


class Head(nn.Module):
    """One row of the table as layers: norm, dropout, linear. Weights start at zero, the bias at the training prior.

    `attention` weighs the tokens that the features are the mean of; it is the emotion encoding's where the head reads that.
    """

    def __init__(self, spec: HeadSpec, size: int, dropout: float) -> None:
        super().__init__()
        self.attention = None if spec.encoding else Attention(size)
        self.norm = FloatNorm(size)
        self.dropout = nn.Dropout(dropout)
        self.predict: OrderedLogits | FloatLinear
        if spec.kind == "ordinal":
            self.predict = OrderedLogits(size, len(spec.outputs), spec.levels)
        else:
            self.predict = FloatLinear(size, spec.width)
            nn.init.zeros_(self.predict.weight)
            nn.init.zeros_(self.predict.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Raw outputs [Q, spec.width]."""
        return self.predict(self.dropout(self.norm(features)))

    @torch.no_grad()
    def start_at(self, raw: Tensor) -> None:
        """Make the constant prediction these raw outputs (see `prior_bias`)."""
        if isinstance(self.predict, OrderedLogits):
            self.predict.start_at(raw)
        else:
            self.predict.bias.copy_(raw)


def shrink(spec: HeadSpec, weight: Tensor, bias: Tensor, prior: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Weight and bias of a head that says `prior + scale (raw - prior)`, in the number format of the ones given; `scale` in [0, 1]."""
    if scale == 1:
        return weight, bias
    prior = prior.to(bias.device).float()
    if spec.kind == "ordinal":
        wanted = cumulative(prior, spec.levels)
        moved = _stepped(wanted + scale * (_thresholds(bias) - wanted))
    else:
        moved = prior + scale * (bias.float() - prior)
    return (scale * weight.float()).to(weight.dtype), moved.to(bias.dtype)


def _thresholds(bias: Tensor) -> Tensor:
    """The logits [n, levels - 1], falling in k, that the bias of ordinal outputs holds."""
    bias = bias.float()
    return bias[:, :1] - functional.pad(functional.softplus(bias[:, 1:]), (1, 0)).cumsum(1)


def _stepped(logits: Tensor) -> Tensor:
    """The bias that holds these falling logits: the first, then the inverse softplus of each step down."""
    steps = (logits[:, :-1] - logits[:, 1:]).clamp_min(1e-4)
    return torch.cat((logits[:, :1], steps + torch.log(-torch.expm1(-steps))), dim=1)
