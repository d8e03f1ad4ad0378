import math

import pytest
import torch

from pixel_core.objectives.turn_losses import MARGIN, consecutive, consistency_loss, contrast_loss, contrasts, transition_loss

NAN = math.nan
CONVERSATIONS = torch.tensor([0, 0, 0, 0, 1, 1])
KNOWN = torch.tensor([True, False, True, True, True, True])


def drawn(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_neighbours_are_the_known_queries_of_one_conversation_in_order():
    assert consecutive(CONVERSATIONS, KNOWN).tolist() == [[0, 2], [2, 3], [4, 5]]
    assert consecutive(CONVERSATIONS, torch.zeros(6, dtype=torch.bool)).shape == (0, 2)


@pytest.mark.parametrize("loss", [consistency_loss, transition_loss])
@pytest.mark.parametrize("seed", range(4))
def test_predictions_that_move_as_their_labels_cost_nothing(loss, seed):
    targets = drawn(6, 3, seed=seed).round()
    pairs = consecutive(CONVERSATIONS, KNOWN)
    constant = drawn(1, 3, seed=9) * 0.1
    assert loss(targets + constant, targets, pairs)[0].item() == pytest.approx(0, abs=1e-12), "wherever they stand"
    assert loss(targets + drawn(6, 3, seed=seed + 20), targets, pairs)[0] > 0


def test_consistency_forgives_what_stays_and_transition_does_not():
    targets = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    still, pairs = torch.full((2, 2), 0.5, dtype=torch.float64), torch.tensor([[0, 1]])
    assert consistency_loss(still, targets, pairs) == (0, 2)
    assert transition_loss(still, targets, pairs) == (2, 1)
    wild = torch.tensor([[0.0, 0.0], [0.5, 0.0]], dtype=torch.float64)
    assert consistency_loss(wild, torch.zeros(2, 2, dtype=torch.float64), pairs)[0].item() == 0.25


@pytest.mark.parametrize("loss", [consistency_loss, transition_loss])
def test_an_unknown_label_costs_nothing_and_moves_nothing(loss):
    scores, targets = drawn(6, 3).requires_grad_(), drawn(6, 3, seed=1).round()
    targets[2] = NAN
    pairs = torch.tensor([[0, 2], [2, 3], [4, 5]])
    total, count = loss(scores, targets, pairs)
    expected, fewer = loss(scores, targets, torch.tensor([[4, 5]]))
    assert total.item() == expected.item() and count == fewer == (3 if loss is consistency_loss else 1)
    (gradient,) = torch.autograd.grad(total, scores)
    assert not gradient[:4].any() and gradient.isfinite().all()


REPLIES = torch.tensor([[1.0, 0, 0], [0, 2, 0], [2, 0, 1], [0, 0, 0], [NAN, 1, 1], [2, 0, 0]])


def test_specific_replies_are_contrasted_with_formulaic_ones_of_their_own_thread():
    assert contrasts(torch.zeros(6), REPLIES).tolist() == [[1, 0], [1, 5], [2, 0], [2, 5]]
    assert contrasts(torch.tensor([0, 0, 1, 0, 0, 1]), REPLIES).tolist() == [[1, 0], [2, 5]]


def test_a_lead_of_the_specific_reply_is_cheaper_the_larger_it_is():
    pairs = torch.tensor([[0, 1]])
    costs = [contrast_loss(torch.tensor([[lead, lead], [0.0, 0.0]]), pairs)[0].item() for lead in (-1.0, 0.0, 0.5, 2.0, 20.0)]
    assert costs == sorted(costs, reverse=True) and costs[-1] == pytest.approx(0, abs=1e-6)
    assert costs[1] == pytest.approx(math.log1p(math.exp(MARGIN)))


@pytest.mark.parametrize("seed", range(3))
def test_every_gradient_is_right(seed):
    scores, targets = drawn(6, 3, seed=seed).requires_grad_(), drawn(6, 3, seed=seed + 1)
    pairs = torch.tensor([[0, 2], [2, 3], [4, 5]])
    for loss in (lambda s: consistency_loss(s, targets, pairs)[0], lambda s: transition_loss(s, targets, pairs)[0]):
        assert torch.autograd.gradcheck(loss, scores)
    assert torch.autograd.gradcheck(lambda s: contrast_loss(s, pairs)[0], scores)


def test_without_a_pair_every_loss_is_an_exact_zero_that_reaches_the_prediction():
    scores, none = drawn(6, 3).requires_grad_(), torch.zeros((0, 2), dtype=torch.long)
    for total, count in (consistency_loss(scores, REPLIES, none), transition_loss(scores, REPLIES, none), contrast_loss(scores, none)):
        (gradient,) = torch.autograd.grad(total, scores)
        assert total.item() == 0 and count == 0 and not gradient.any()
