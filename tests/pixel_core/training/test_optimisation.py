"""Rates: who learns how fast, and the course over a run."""

from itertools import pairwise

import pytest
import torch

from pixel_core.recipe import load_recipe
from pixel_core.training.optimisation import parameter_groups, rate_share, set_rates


class Step(torch.nn.Module):
    """A module with the names of a TrainingStep's parameters."""

    def __init__(self):
        super().__init__()
        self.model = torch.nn.ModuleDict({"backbone": torch.nn.Linear(2, 3), "heads": torch.nn.Linear(3, 1)})
        self.model["backbone"].norm = torch.nn.LayerNorm(3)
        self.model["frozen"] = torch.nn.Linear(2, 2).requires_grad_(False)


KEYS = {"learning_rate": 0.001, "head_learning_rate": 0.01, "weight_decay": 0.1, "head_weight_decay": 0.3}
TRAINING = load_recipe("tiny", [f"training.{key}={value}" for key, value in KEYS.items()]).training


def test_every_trained_parameter_is_in_one_group_with_its_rate_and_decay():
    step = Step()
    groups = parameter_groups(step, TRAINING)
    by_id = {id(p): group for group in groups for p in group["params"]}
    for name, parameter in step.named_parameters():
        if name.startswith("model.frozen"):
            assert id(parameter) not in by_id
            continue
        group = by_id[id(parameter)]
        assert group["lr"] == group["peak"] == (0.01 if "heads" in name else 0.001)
        decay = 0.3 if "heads" in name else 0.1
        assert group["weight_decay"] == (decay if name.endswith("weight") and "norm" not in name else 0.0)
    assert sum(len(group["params"]) for group in groups) == 6


def test_the_rate_rises_then_falls_to_a_tenth():
    training = TRAINING.model_copy(update={"steps": 100, "warmup": 0.1})
    shares = [rate_share(step, training) for step in range(1, 101)]
    assert shares[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert max(shares) == shares[9] == 1
    assert all(a > b for a, b in pairwise(shares[9:]))
    assert shares[-1] == pytest.approx(0.1)


def test_groups_keep_their_proportion():
    groups = parameter_groups(Step(), TRAINING)
    share = set_rates(groups, 3, TRAINING)
    assert all(group["lr"] == pytest.approx(group["peak"] * share) for group in groups)


def test_without_warmup_and_with_one_step_the_rate_is_whole():
    assert rate_share(1, TRAINING.model_copy(update={"steps": 1, "warmup": 0.0})) == 1
