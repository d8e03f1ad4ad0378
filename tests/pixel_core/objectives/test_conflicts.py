import pytest
import torch

from pixel_core.objectives.conflicts import ConflictLog, describe
from pixel_core.objectives.gradients import fan_out

ROWS = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [0.0, 0.0]])


def test_lengths_cosines_and_conflicts_are_those_of_the_gradients():
    found = describe(("a", "b", "c", "d"), ROWS @ ROWS.T, torch.tensor([1.0, 0.5, 0.25, 0.0]), pairs=True)
    assert found["conflict_share"] == pytest.approx(1 / 3, rel=1e-4)
    assert found["cosine_lowest"] == found["cosine_a_c"] == pytest.approx(-(0.5**0.5), rel=1e-4)
    assert found["cosine_a_b"] == 0 and found["cosine_b_c"] == pytest.approx(0.5**0.5, rel=1e-4)
    assert (found["gradient_a"], found["gradient_b"], found["merged_c"]) == (3, 2, 0.25)
    assert not any(name.endswith("_d") for name in found), "an objective without a gradient has no figures"
    assert not any(name.startswith("cosine_a") for name in describe(("a", "b", "c", "d"), ROWS @ ROWS.T, torch.ones(4), pairs=False))


def test_one_gradient_has_no_conflicts():
    assert describe(("a",), torch.eye(1), torch.ones(1), pairs=True) == {"gradient_a": 1, "merged_a": 1}


@pytest.mark.parametrize("merge", ["sum", "upgrad"])
def test_what_is_observed_over_micro_batches_is_the_gramian_of_the_whole(merge):
    torch.manual_seed(0)
    hidden, directions = torch.randn(4, 3, 5), torch.randn(3, 5)

    def gradients_of(rows, log):
        views = fan_out(rows.clone().requires_grad_(), 3, merge, log)
        torch.stack([(view @ way).square().sum() for view, way in zip(views, directions, strict=True)]).sum().backward()

    pieces, whole = ConflictLog(), ConflictLog()
    gradients_of(hidden, whole)
    for piece in (hidden[:1], hidden[1:]):
        gradients_of(piece, pieces)
    (expected, _), (found, weights) = whole.take(), pieces.take(2.0)
    torch.testing.assert_close(found * 4, expected)
    assert weights.tolist() == [1, 1, 1] or merge != "sum"
    assert pieces.take() is None, "it starts anew with every step"


def test_observing_changes_no_gradient():
    torch.manual_seed(0)
    first, second = (torch.randn(2, 3, requires_grad=True) for _ in range(2))
    second.data.copy_(first.data)
    for hidden, observe in ((first, None), (second, ConflictLog())):
        one, other = fan_out(hidden, 2, "sum", observe)
        (one.square().sum() - 2 * other.sum()).backward()
    assert torch.equal(first.grad, second.grad)
