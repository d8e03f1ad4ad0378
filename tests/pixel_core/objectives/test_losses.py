import math

import pytest
import torch
from torch.nn import functional

from pixel_core.objectives.losses import IGNORED, head_loss, labelled, language_loss

KINDS = [("regression", 4, 0), ("class", 4, 0), ("multilabel", 4, 0), ("binary", 1, 0), ("ordinal", 2, 3), ("ordinal", 1, 5)]


def raw_and_target(kind, outputs, levels, rows=6):
    torch.manual_seed(2)
    if kind == "ordinal":
        raw = torch.randn(rows, outputs, levels - 1).sort(-1, descending=True).values.flatten(1)
        return raw, torch.randint(0, levels, (rows, outputs)).float()
    raw = torch.randn(rows, outputs)
    if kind == "class":
        return raw, functional.one_hot(torch.randint(0, outputs, (rows,)), outputs).float()
    return raw, torch.rand(rows, outputs) if kind == "regression" else torch.randint(0, 2, (rows, outputs)).float()


@pytest.mark.parametrize(("kind", "outputs", "levels"), KINDS)
def test_an_unknown_output_costs_nothing_and_gets_no_gradient(kind, outputs, levels):
    raw, target = raw_and_target(kind, outputs, levels)
    total, count = head_loss(kind, raw, target, levels)
    target[2] = math.nan
    raw.requires_grad_()
    masked, fewer = head_loss(kind, raw, target, levels)
    rest, counted = head_loss(kind, raw[[0, 1, 3, 4, 5]], target[[0, 1, 3, 4, 5]], levels)
    torch.testing.assert_close(masked, rest)
    assert fewer == counted == labelled(kind, target) == count - (1 if kind == "class" else outputs)
    assert masked < total
    masked.backward()
    assert not raw.grad[2].any() and raw.grad[0].any()


@pytest.mark.parametrize(("kind", "outputs", "levels"), KINDS)
def test_without_labels_the_loss_is_an_exact_zero_that_reaches_the_prediction(kind, outputs, levels):
    raw, target = raw_and_target(kind, outputs, levels)
    raw = (raw * 100).requires_grad_()  # saturated: 0 x infinity would show as NaN
    for rows in (6, 0):
        total, count = head_loss(kind, raw[:rows], torch.full_like(target, math.nan)[:rows], levels)
        assert total.item() == 0 and count == 0
        (gradient,) = torch.autograd.grad(total, raw)
        assert not gradient.any() and gradient.isfinite().all()


def test_the_ordinal_loss_is_the_negative_log_likelihood_of_the_level():
    raw, target = raw_and_target("ordinal", 2, 4)
    over = raw.view(-1, 2, 3).double().sigmoid()
    edges = torch.cat((torch.ones(6, 2, 1), over, torch.zeros(6, 2, 1)), dim=-1)
    likelihood = (edges[..., :-1] - edges[..., 1:]).gather(-1, target.long()[..., None])
    torch.testing.assert_close(head_loss("ordinal", raw, target, 4)[0].double(), -likelihood.log().sum())


def test_the_ordinal_loss_stays_finite_far_out():
    raw = torch.tensor([[90.0, 89.0, -90.0], [-80.0, -80.5, -81.0]], requires_grad=True)
    total, _ = head_loss("ordinal", raw, torch.tensor([[3.0], [2.0]]), 4)
    total.backward()
    assert total.isfinite() and raw.grad.isfinite().all()


def test_a_perfect_regression_costs_nothing():
    target = torch.tensor([[0.0, 0.25, 1.0]])
    assert head_loss("regression", torch.tensor([[-40.0, math.log(1 / 3), 40.0]]), target, 0)[0].item() == pytest.approx(0, abs=1e-6)


def test_class_targets_may_share_the_probability():
    raw = torch.tensor([[1.0, 2.0, 0.0]])
    expected = -(raw.log_softmax(-1)[0, :2].mean())
    torch.testing.assert_close(head_loss("class", raw, torch.tensor([[0.5, 0.5, 0.0]]), 0)[0], expected)


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
def test_the_language_loss_in_chunks_equals_the_plain_one(chunk):
    torch.manual_seed(0)
    hidden, output = torch.randn(2, 9, 8, requires_grad=True), torch.nn.Linear(8, 20, bias=False)
    targets = torch.randint(0, 20, (2, 9))
    targets[torch.rand(2, 9) < 0.4] = IGNORED
    plain = functional.cross_entropy(output(hidden).flatten(0, 1), targets.flatten(), reduction="sum", ignore_index=IGNORED)
    expected = torch.autograd.grad(plain, (hidden, output.weight))
    found = language_loss(hidden, output, targets, chunk)
    torch.testing.assert_close(found, plain)
    for gradient, wanted in zip(torch.autograd.grad(found, (hidden, output.weight)), expected, strict=True):
        torch.testing.assert_close(gradient, wanted)


def test_the_vocabulary_is_never_projected_for_more_than_a_chunk():
    sizes = []

    def project(tokens):
        sizes.append(len(tokens))
        return tokens @ torch.ones(8, 20)

    targets = torch.zeros(4, 10, dtype=torch.long)
    targets[0] = IGNORED
    language_loss(torch.randn(4, 10, 8), project, targets, 8)
    assert max(sizes) <= 8 and sum(sizes) == 30


def test_nothing_to_learn_is_an_exact_zero_that_reaches_the_output_matrix():
    hidden, output = torch.randn(1, 4, 8, requires_grad=True), torch.nn.Linear(8, 20)
    total = language_loss(hidden, output, torch.full((1, 4), IGNORED), 2)
    total.backward()
    assert total.item() == 0 and not output.weight.grad.any() and not hidden.grad.any()
