"""All heads together: views of the hidden state in, raw outputs by head out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pixel_core.model.batch import PixelBatch
from pixel_core.model.emotion import ENCODING_SIZE, EmotionEncoding
from pixel_core.model.heads import HEADS, find_head
from pixel_core.model.layers import Head, shrink
from pixel_core.model.pooling import readings_of


class HeadBank(nn.Module):
    """The heads of the table over a hidden state of `hidden` dimensions."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.emotion_encoding = EmotionEncoding(hidden)
        self.by_name = nn.ModuleDict({spec.name: Head(spec, ENCODING_SIZE if spec.encoding else hidden, dropout) for spec in HEADS})

    def forward(self, views: Mapping[str, Tensor], batch: PixelBatch) -> dict[str, Tensor]:
        """Raw outputs [Q, width] of every head that has a view of the hidden state [B, T, H]."""
        raw: dict[str, Tensor] = {}
        readings = readings_of(batch.query_rows, batch.query_masks, len(batch.input_ids))
        for spec in HEADS:
            if spec.name not in views:
                continue
            view, head = views[spec.name], self.by_name[spec.name]
            assert isinstance(head, Head)  # noqa: S101  # ModuleDict forgets its members' type
            with torch.autocast(view.device.type, enabled=False):
                felt = self.emotion_encoding.salience(view)
                weights = felt if head.attention is None else head.attention(view, felt)
                features = readings[spec.reads].mean(view, weights)
                raw[spec.name] = head(self.emotion_encoding(features) if spec.encoding else features)
        return raw

    @property
    def constant(self) -> bool:
        """Whether every head says the same whatever it reads, as before training."""
        weights = (value for name, value in self.by_name.state_dict().items() if name.endswith("predict.weight"))
        return not any(bool(weight.any()) for weight in weights)

    def start_at(self, priors: Mapping[str, Tensor]) -> None:
        """Make the heads named in `priors` predict these raw outputs whatever they read."""
        for name, raw in priors.items():
            head = self.by_name[name]
            assert isinstance(head, Head)  # noqa: S101  # ModuleDict forgets its members' type
            head.start_at(raw)


def shrunk(name: str, state: Mapping[str, Tensor], prior: Tensor, scale: float) -> dict[str, Tensor]:
    """The weights of a head, by their names in a HeadBank's `state`, that say `prior + scale (raw - prior)`; `scale` in [0, 1]."""
    weight, bias = (f"by_name.{name}.predict.{part}" for part in ("weight", "bias"))
    return dict(zip((weight, bias), shrink(find_head(name), state[weight], state[bias], prior, scale), strict=True))
