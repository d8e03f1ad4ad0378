import math

import pytest
import torch

from pixel_core.model.decoding import decode, prior_bias
from pixel_core.model.heads import HEADS, find_head
from pixel_core.objectives.losses import head_loss


def targets_of(spec, rows=2000, seed=3):
    """Skewed random targets in the head's form, a third of them unknown."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand((rows, len(spec.outputs)), generator=generator)
    if spec.kind == "class":
        target = torch.nn.functional.one_hot((noise + torch.linspace(0, 0.2, len(spec.outputs))).argmax(1), len(spec.outputs)).float()
        target[::3] = math.nan
        return target
    target = {"regression": noise**2, "ordinal": (noise**3 * spec.levels).floor()}.get(spec.kind, (noise < 0.1).float())
    return target.masked_fill(torch.rand(target.shape, generator=generator) < 1 / 3, math.nan)


@pytest.mark.parametrize("spec", HEADS, ids=lambda spec: spec.name)
def test_the_prior_is_the_best_constant(spec):
    """No small step away from the prior lowers the loss on the labels it was computed from."""
    target = targets_of(spec)
    bias = prior_bias(spec, target, smoothing=1e-6)
    assert bias.shape == (spec.width,)

    def loss(raw):
        return head_loss(spec.kind, raw.expand(len(target), -1), target, spec.levels)[0].item()

    best = loss(bias)
    for index in range(0, spec.width, max(1, spec.width // 7)):
        for step in (-0.1, 0.1):
            other = bias.clone()
            other[index] += step
            assert loss(other) > best


@pytest.mark.parametrize("spec", HEADS, ids=lambda spec: spec.name)
def test_a_prior_without_labels_is_neutral_and_finite(spec):
    none = torch.full((5, len(spec.outputs)), math.nan)
    decoded = decode(spec, prior_bias(spec, none)[None])
    if spec.kind == "ordinal":
        torch.testing.assert_close(decoded.levels, torch.full_like(decoded.levels, 1 / spec.levels))
    else:
        torch.testing.assert_close(decoded.scores, torch.full_like(decoded.scores, 1 / len(spec.outputs) if spec.kind == "class" else 0.5))


@pytest.mark.parametrize("spec", HEADS, ids=lambda spec: spec.name)
def test_decisions_have_the_form_of_the_targets(spec):
    raw = prior_bias(spec, targets_of(spec))[None].repeat(4, 1) + torch.linspace(-2, 2, 4)[:, None]
    decoded = decode(spec, raw)
    assert decoded.scores.shape == decoded.decisions.shape == (4, len(spec.outputs))
    if spec.kind == "class":
        assert (decoded.decisions.sum(1) == 1).all() and torch.allclose(decoded.scores.sum(1), torch.ones(4))
    elif spec.kind == "ordinal":
        assert decoded.levels.min() >= 0 and torch.allclose(decoded.levels.sum(-1), torch.ones(4, len(spec.outputs)))
        assert torch.allclose((decoded.levels * torch.arange(spec.levels)).sum(-1), decoded.scores, atol=1e-5)
        assert set(decoded.decisions.unique().tolist()) <= set(range(spec.levels))


def test_the_level_is_the_median():
    decoded = decode(find_head("crisis"), torch.tensor([[5.0, 1.0, 0.5, -3.0], [-1.0, -2.0, -3.0, -4.0]]))
    assert decoded.decisions.flatten().tolist() == [3.0, 0.0]
