import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torchjd.aggregation import MGDA, PCGradWeighting

from pixel_core.objectives.merging import METHODS, NnlsProjector, weights


def gradients(k=4, seed=0, dimensions=10):
    return torch.randn((k, dimensions), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def merged(rows, method):
    return weights(rows @ rows.T, method) @ rows


@pytest.mark.parametrize("method", METHODS)
def test_a_zero_row_changes_nothing(method):
    """An objective without labels on any rank neither moves the others' weights nor gets one."""
    rows = gradients()
    rows[1] = -rows[0] * 0.5  # a conflict, so that the method has something to do
    gramian = torch.zeros(7, 7, dtype=torch.float64)
    place = torch.tensor([1, 2, 5, 6])
    gramian[place[:, None], place] = rows @ rows.T
    found = weights(gramian, method)
    assert found[[0, 3, 4]].tolist() == [0, 0, 0]
    assert torch.equal(found[place], weights(rows @ rows.T, method))


@pytest.mark.parametrize("method", METHODS)
def test_only_zero_rows_give_zero_weights(method):
    assert weights(torch.zeros(3, 3), method).tolist() == [0, 0, 0]


@pytest.mark.parametrize("method", METHODS)
def test_one_gradient_is_kept_as_it_is(method):
    assert weights(torch.tensor([[0.0, 0.0], [0.0, 7.0]]), method).tolist() == [0, 1]


@pytest.mark.parametrize("method", METHODS)
def test_gradients_that_agree_are_summed(method):
    row = gradients(1)
    torch.testing.assert_close(merged(row.expand(3, -1), method), 3 * row[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["sum", "upgrad", "mgda"])
def test_weights_do_not_depend_on_the_scale_of_the_losses(method):
    gramian = gradients() @ gradients().T
    torch.testing.assert_close(weights(gramian, method), weights(gramian * 64, method), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["upgrad", "mgda"])
@pytest.mark.parametrize("seed", range(5))
def test_the_merged_gradient_serves_every_objective(method, seed):
    rows = gradients(seed=seed)
    rows[2] = -1.5 * rows[0] + 0.3 * rows[1]
    assert (rows.sum(0) @ rows.T).min() < 0 or seed, "the plain sum hurts somebody, at least once"
    assert (rows @ merged(rows, method)).min() > -1e-2 * rows.norm(dim=1).max() ** 2


def test_mgda_is_torchjds_at_the_scale_of_a_sum():
    rows = gradients()
    torch.testing.assert_close(merged(rows, "mgda"), 4 * MGDA()(rows))


def test_pcgrad_is_torchjds_and_the_same_on_every_rank():
    gramian = gradients() @ gradients().T
    gramian[0, 1] = gramian[1, 0] = -5
    state = torch.random.get_rng_state()
    found = weights(gramian, "pcgrad")
    torch.manual_seed(99)  # another rank is elsewhere in its random numbers
    assert torch.equal(weights(gramian, "pcgrad"), found)
    torch.random.set_rng_state(state)
    candidates = [PCGradWeighting()(gramian) for _ in range(200)]
    assert any(torch.allclose(found, candidate) for candidate in candidates), "one of the orders PCGrad may draw"


def test_merging_leaves_the_random_numbers_alone():
    state = torch.random.get_rng_state()
    weights(gradients() @ gradients().T, "pcgrad")
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("seed", range(6))
def test_the_nnls_projector_solves_the_quadratic_program(seed):
    rows = gradients(5, seed=seed)
    rows[3] = -rows[0] - 0.2 * rows[1]
    gramian = rows @ rows.T
    scaled = (gramian / gramian.trace()).numpy() + 1e-4 * np.eye(5)
    found = NnlsProjector()(torch.eye(5, dtype=torch.float64), gramian).numpy()
    for u, v in zip(np.eye(5), found, strict=True):
        best = minimize(lambda w: w @ scaled @ w, u + 0.1, jac=lambda w: 2 * scaled @ w, bounds=[(low, None) for low in u], tol=1e-12)
        assert (v >= u - 1e-9).all()
        assert v @ scaled @ v <= best.fun + 1e-8


def test_a_function_of_the_gramian_may_decide():
    assert weights(torch.diag(torch.tensor([1.0, 0.0, 4.0])), lambda gramian: gramian.diagonal()).tolist() == [1, 0, 4]


def test_a_diverged_gradient_is_an_error_not_a_weight():
    gramian = torch.eye(3)
    gramian[1, 1] = float("nan")
    with pytest.raises(FloatingPointError, match=r"gradients \[1\] of 3 are not finite"):
        weights(gramian, "upgrad")


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="'average' is no way to merge gradients: use one of sum, pcgrad"):
        weights(torch.eye(2), "average")
