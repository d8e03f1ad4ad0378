"""TrainingStep: one forward pass from a batch to the total loss of all objectives. DeepSpeed wraps this module."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixel_core.model.batch import PixelBatch
from pixel_core.model.heads import HEADS, OBJECTIVES
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.gradients import Observe, fan_out
from pixel_core.objectives.losses import IGNORED, head_loss, labelled, language_loss
from pixel_core.objectives.merging import Method
from pixel_core.recipe.steering import TurnLosses
from pixel_core.training.turns import HEAD_OF, count_pairs, turn_loss, turn_pairs, turn_weights

BALANCE = "balance"  # the expert-balance loss: reported beside the objectives, never merged with them


class StepLosses(NamedTuple):
    """`total` to run backward on; `parts`, detached and unweighted: this micro-batch's share of each objective's mean.

    The parts of all micro-batches of all ranks sum up to the means. `raw` is what the heads said, detached, [Q, width] each.
    """

    total: Tensor
    parts: dict[str, Tensor]
    raw: dict[str, Tensor]


class TrainingStep(nn.Module):
    """A model with weighted objectives, in the order of `OBJECTIVES`.

    A head without a weight is frozen, and recorded as not supervised however many labels there are for it.

    Every rank computes the same objectives at every step. One without labels costs an exact 0 that still reaches its
    parameters: ZeRO-3 waits forever for a parameter that only some ranks use.

    `turns` are losses over pairs of turns, each a part of its head's objective: where that has no weight, it has none.
    """

    def __init__(
        self,
        model: PixelModel,
        weights: Mapping[str, float],
        merge: Method = "sum",
        *,
        turns: TurnLosses = TurnLosses(),  # noqa: B008 - frozen, and all 0
        chunk: int = 1024,
    ) -> None:
        super().__init__()
        strangers = sorted(set(weights) - set(OBJECTIVES))
        if strangers:
            raise ValueError(f"training.weights names {', '.join(strangers)}: objectives are {', '.join(OBJECTIVES)}")
        if broken := [name for name, weight in weights.items() if not (math.isfinite(weight) and weight >= 0)]:
            raise ValueError(f"training.weights.{broken[0]} = {weights[broken[0]]}: a weight is a number of 0 or more")
        self.model = model
        self.weights = {name: float(weights[name]) for name in OBJECTIVES if weights.get(name, 0) > 0}
        if not self.weights:
            raise ValueError("training.weights gives no objective a weight above 0: nothing would be trained")
        self.turns = turn_weights(turns, self.weights)
        self.merge = merge
        self.observe: Observe | None = None  # told every Gramian; set on all ranks or on none
        self.chunk = chunk
        trained = [spec for spec in HEADS if spec.name in self.weights]
        model.heads.requires_grad_(False)
        for spec in HEADS:
            if spec in trained:
                model.heads.by_name[spec.name].requires_grad_(True)
            else:
                model.supervised[spec.name] = [0] * len(spec.outputs)
        model.heads.emotion_encoding.requires_grad_(any(spec.encoding for spec in trained))

    def counts(self, batch: PixelBatch) -> dict[str, int]:
        """Labels of a batch by objective, to be summed over micro-batches and ranks into `denominators`; `balance` counts batches."""
        found = {"language": int((batch.language_targets != IGNORED).sum())}
        found |= {spec.name: labelled(spec.kind, batch.head_targets[spec.name]) for spec in HEADS}
        pairs = {name: count_pairs(name, batch) for name in self.turns}
        return {name: found[name] for name in self.weights} | pairs | {BALANCE: 1}

    def forward(self, batch: PixelBatch, denominators: Mapping[str, float]) -> StepLosses:
        """The losses of a micro-batch; `denominators` are global counts (see `counts`).

        Summed over micro-batches and ranks `total` is the whole step's loss. DeepSpeed averages gradients over both:
        multiply by their number before its backward.
        """
        output = self.model(batch, split=self._split, language_loss=self._language if "language" in self.weights else None)
        sums: dict[str, Tensor] = {} if output.language is None else {"language": output.language}
        for spec in HEADS:
            if spec.name in output.heads:
                sums[spec.name] = head_loss(spec.kind, output.heads[spec.name], batch.head_targets[spec.name], spec.levels)[0]
        means = {name: sums[name] / max(denominators[name], 1) for name in self.weights}
        total = torch.stack([weight * means[name] for name, weight in self.weights.items()]).sum()
        for name, share in self.turns.items():
            raw, pairs = output.heads[HEAD_OF[name]], turn_pairs(name, batch)
            means[name] = turn_loss(name, raw, batch, pairs)[0] / max(denominators[name], 1)
            total = total + self.weights[HEAD_OF[name]] * share * means[name]
        if output.balance is not None:
            means[BALANCE] = output.balance / denominators[BALANCE]
            total = total + means[BALANCE]
        raw = {name: said.detach() for name, said in output.heads.items()}
        return StepLosses(total, {name: mean.detach() for name, mean in means.items()}, raw)

    @property
    def _language(self) -> Callable[[Tensor, Callable[[Tensor], Tensor], Tensor], Tensor]:
        return partial(language_loss, chunk=self.chunk)

    def _split(self, hidden: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.weights, fan_out(hidden, len(self.weights), self.merge, self.observe), strict=True))
