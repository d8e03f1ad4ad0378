"""Validation: the mean loss of every objective over the whole validation split, on all ranks together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from pixel_core.model.batch import PixelBatch
from pixel_core.training.step import BALANCE, TrainingStep

Sum = Callable[[Mapping[str, float]], dict[str, float]]


@torch.no_grad()
def validate(engine: nn.Module, step: TrainingStep, batches: Sequence[PixelBatch], device: str, sum_over_ranks: Sum) -> dict[str, float]:
    """The mean loss a token of `language` and a label of each head that has validation labels.

    `engine` is what runs `step`: DeepSpeed's engine, or the step itself. Every rank gives equally many batches.
    """
    own = [step.counts(batch) for batch in batches]
    counts = sum_over_ranks({name: sum(count[name] for count in own) for name in own[0]})
    was_training = engine.training
    engine.eval()
    losses = [engine(batch.to(device), counts).parts for batch in batches]
    engine.train(was_training)
    means = sum_over_ranks({name: sum(float(loss[name]) for loss in losses) for name in losses[0]})
    return {name: mean for name, mean in means.items() if name != BALANCE and counts[name]}
