"""What the optimiser is told: which parameters learn how fast, and how the rate changes over the run."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from pixel_core.recipe import TrainingRecipe

FLOOR = 0.1  # share of the peak rate that the cosine ends at


def parameter_groups(step: nn.Module, training: TrainingRecipe) -> list[dict[str, Any]]:
    """AdamW groups of a TrainingStep: backbone and heads at their own rates, norms and biases without decay.

    Each group carries its `peak` rate. Frozen parameters are in none; a group that would be empty is left out.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in step.named_parameters():
        if parameter.requires_grad:
            # under zero.Init a parameter has no elements of its own; its true shape is ds_shape
            matrix = len(getattr(parameter, "ds_shape", parameter.shape)) > 1 and not name.endswith(".bias")
            groups.setdefault((name.startswith("model.heads."), matrix), []).append(parameter)
    rates = {False: training.learning_rate, True: training.head_learning_rate}
    decays = {False: training.weight_decay, True: training.head_weight_decay}
    return [
        {"params": members, "lr": rates[head], "peak": rates[head], "weight_decay": decays[head] if matrix else 0.0}
        for (head, matrix), members in sorted(groups.items(), key=lambda item: item[0])
    ]


def rate_share(step: int, training: TrainingRecipe) -> float:
    """The share of the peak rate at an optimiser step (1, 2, ... steps): a linear rise, then a cosine to a tenth."""
    warmup = max(1, round(training.warmup * training.steps))
    if step <= warmup:
        return step / warmup
    progress = (step - warmup) / max(1, training.steps - warmup)
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * progress)) / 2


def set_rates(groups: list[dict[str, Any]], step: int, training: TrainingRecipe) -> float:
    """Set every group's rate for a step; returns the share of the peak."""
    share = rate_share(step, training)
    for group in groups:
        group["lr"] = group["peak"] * share
    return share
