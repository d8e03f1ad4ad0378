import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torchjd.aggregation import MGDA, AlignedMTL, PCGradWeighting

from pixel_core.objectives.conflict_averse import RADIUS, cagrad, simplex_weights
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


@pytest.mark.parametrize("method", ["sum", "upgrad", "mgda", "cagrad", "aligned"])
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


@pytest.mark.parametrize(
    ("gramian", "method", "said"),
    [
        (torch.zeros(2, 2), "magic", "'magic' is no way to merge gradients: use one of sum"),
        (torch.ones(2, 3), "upgrad", r"\[k, k\]; this is \[2, 3\]"),
        (torch.ones(3), "sum", r"this is \[3\]"),
        (torch.eye(3), lambda gramian: torch.tensor(2.0), "one finite weight for each of 3 gradients"),
        (torch.eye(3), lambda gramian: torch.ones(2), "one finite weight for each of 3 gradients"),
        (torch.eye(3), lambda gramian: gramian.new_full((3,), torch.nan), "one finite weight"),
    ],
)
def test_what_cannot_be_merged_is_named(gramian, method, said):
    with pytest.raises(ValueError, match=said):
        weights(gramian, method)


@pytest.mark.parametrize("method", METHODS)
def test_gradients_of_any_length_have_finite_weights(method):
    draw = torch.Generator().manual_seed(1)
    for trial in range(40):
        count, size = (int(torch.randint(1, most, (1,), generator=draw)) for most in (12, 6))
        jacobian = torch.randn(count, size, dtype=torch.float64, generator=draw)
        jacobian *= 10 ** (torch.rand(count, 1, dtype=torch.float64, generator=draw) * 24 - 12)
        if trial % 3 == 0:
            jacobian[0], jacobian[-1] = 0, -jacobian[count // 2]
        found = weights((jacobian @ jacobian.T).to(torch.float32 if trial % 2 else torch.float64), method)
        assert found.shape == (count,) and found.isfinite().all()


@pytest.mark.parametrize("seed", range(5))
def test_aligned_is_torchjds_at_the_scale_of_a_sum(seed):
    rows = gradients(6, seed=seed)
    torch.testing.assert_close(merged(rows, "aligned"), 6 * AlignedMTL()(rows), rtol=1e-4, atol=1e-5)


def test_aligned_takes_no_rounding_error_for_a_direction():
    rows = gradients(3)
    rows[2] = rows[0] + rows[1]  # of rank 2 but for rounding
    gramian = (rows.float() @ rows.float().T).double()
    assert float((weights(gramian, "aligned") @ rows).norm()) > 0.5 * float(rows.norm(dim=1).min())


# (objectives, seed) of `gradients`, with the second made to oppose the first: what TorchJD 0.18's CAGradWeighting(0.5) says, solved
# by cvxpy 1.9.3 with Clarabel 0.11.1, neither of which is a dependency
TORCHJDS_CAGRAD = {
    (3, 1): [0.599493, 0.639267, 0.333333],
    (4, 2): [0.461124, 0.25, 0.25, 0.333773],
    (6, 3): [0.306554, 0.166667, 0.246707, 0.190579, 0.27687, 0.166667],
}


@pytest.mark.parametrize("case", TORCHJDS_CAGRAD)
def test_cagrad_is_torchjds(case):
    rows = gradients(case[0], seed=case[1])
    rows[1] -= rows[0]
    expected = torch.tensor(TORCHJDS_CAGRAD[case], dtype=torch.float64)
    torch.testing.assert_close(cagrad(rows @ rows.T, 0.5), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weights(rows @ rows.T, "cagrad"), cagrad(rows @ rows.T) * len(rows) / (1 + RADIUS))


@pytest.mark.parametrize("seed", range(12))
def test_cagrads_problem_is_solved_to_its_optimum(seed):
    """The distance to the optimum of a convex cost on the simplex is at most w'grad - min(grad)."""
    rows = gradients(2 + seed, seed=seed, dimensions=30)
    rows[1] = -2.0 * rows[0] + rows[1]
    scaled = (rows @ rows.T / (rows @ rows.T).trace()).numpy()
    found, bound = simplex_weights(scaled, RADIUS)
    gradient = scaled.mean(1) + bound * scaled @ found / np.sqrt(found @ scaled @ found)
    assert found.min() >= 0 and found.sum() == pytest.approx(1)
    assert found @ gradient - gradient.min() < 1e-6


def test_cagrad_stays_in_its_ball_and_helps_the_worst_served():
    rows = gradients(5, seed=4)
    rows[2] -= 1.5 * rows[0]
    mean = rows.mean(0)
    update = cagrad(rows @ rows.T) @ rows
    assert (update - mean).norm() <= RADIUS * mean.norm() * (1 + 1e-6)
    assert (rows @ update).min() > (rows @ mean).min()


def test_cagrad_stands_still_where_no_direction_serves_all():
    row = gradients(1)
    assert weights(torch.cat((row, -row)) @ torch.cat((row, -row)).T, "cagrad").tolist() == [0, 0]
