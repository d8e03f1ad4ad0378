import pytest
import torch
from torch import nn
from torchjd.aggregation import UPGradWeighting

from pixel_core.objectives.gradients import fan_out, gramian_of
from pixel_core.objectives.merging import METHODS, NnlsProjector, weights


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh())


@pytest.fixture
def tasks():
    torch.manual_seed(1)
    return [nn.Linear(8, 1) for _ in range(4)]


INPUT = torch.randn((5, 3, 6), generator=torch.Generator().manual_seed(3))


def losses_of(views, tasks):
    return [(head(view) - index).square().mean() for index, (view, head) in enumerate(zip(views, tasks, strict=True))]


def gradient_of(net, merge, tasks, used=range(4)):
    net.zero_grad()
    losses = losses_of(fan_out(net(INPUT), 4, merge), tasks)
    sum(losses[index] for index in used).backward()
    return torch.cat([parameter.grad.flatten() for parameter in net.parameters()])


def per_task(net, tasks):
    """The gradient of each task alone at the hidden state, by plain autograd."""
    hidden = net(INPUT)
    return hidden, [torch.autograd.grad(loss, hidden, retain_graph=True)[0] for loss in losses_of([hidden] * 4, tasks)]


def test_the_views_equal_the_hidden_state(net):
    hidden = net(INPUT)
    assert all(torch.equal(view, hidden) for view in fan_out(hidden, 3, "upgrad"))


def test_merging_by_sum_is_plain_backward(net, tasks):
    found = gradient_of(net, "sum", tasks)
    net.zero_grad()
    sum(losses_of([net(INPUT)] * 4, tasks)).backward()
    torch.testing.assert_close(found, torch.cat([parameter.grad.flatten() for parameter in net.parameters()]))


@pytest.mark.parametrize("method", METHODS)
def test_the_merged_gradient_is_that_of_per_task_autograd(net, tasks, method):
    hidden, alone = per_task(net, tasks)
    rows = torch.stack([gradient.flatten() for gradient in alone])
    chosen = weights(rows.float() @ rows.float().T, method).float()
    expected = torch.autograd.grad(hidden, list(net.parameters()), grad_outputs=torch.einsum("k,kbth->bth", chosen, torch.stack(alone)))
    found = gradient_of(net, method, tasks)
    torch.testing.assert_close(found, torch.cat([gradient.flatten() for gradient in expected]), rtol=1e-4, atol=1e-6)


def test_upgrad_is_torchjds_on_the_same_gramian(net, tasks):
    _, alone = per_task(net, tasks)
    gramian = gramian_of(alone).double()
    torch.testing.assert_close(weights(gramian, "upgrad"), 4 * UPGradWeighting(projector=NnlsProjector())(gramian))
    rows = torch.stack([gradient.flatten() for gradient in alone]).double()
    torch.testing.assert_close(gramian, rows @ rows.T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_a_view_that_nobody_uses_is_a_zero_row(net, tasks, method):
    """Unused and multiplied by zero are the same, and as if the objective did not exist."""
    unused = gradient_of(net, method, tasks, used=(0, 2, 3))
    net.zero_grad()
    losses = losses_of(fan_out(net(INPUT), 4, method), tasks)
    (losses[0] + losses[2] + losses[3] + 0 * losses[1]).backward()
    torch.testing.assert_close(unused, torch.cat([parameter.grad.flatten() for parameter in net.parameters()]))
    net.zero_grad()
    views = fan_out(net(INPUT), 3, method)
    present = losses_of([views[0], views[0].detach(), views[1], views[2]], tasks)
    (present[0] + present[2] + present[3]).backward()
    torch.testing.assert_close(unused, torch.cat([parameter.grad.flatten() for parameter in net.parameters()]))


def test_heads_keep_their_own_gradients(net, tasks):
    gradient_of(net, "upgrad", tasks)
    found = [head.weight.grad.clone() for head in tasks]
    hidden = net(INPUT).detach()
    for head in tasks:
        head.zero_grad()
    sum(losses_of([hidden] * 4, tasks)).backward()
    for gradient, head in zip(found, tasks, strict=True):
        torch.testing.assert_close(gradient, head.weight.grad)


def test_a_custom_function_decides_the_weights(net, tasks):
    only_first = gradient_of(net, lambda gramian: torch.tensor([1.0, 0.0, 0.0, 0.0]), tasks)
    net.zero_grad()
    losses_of([net(INPUT)] * 4, tasks)[0].backward()
    torch.testing.assert_close(only_first, torch.cat([parameter.grad.flatten() for parameter in net.parameters()]))


@pytest.mark.parametrize(
    ("hidden", "count", "merge", "said"),
    [
        (torch.zeros(2, 3), 0, "sum", r"0 views of a tensor \[2, 3\]"),
        (torch.tensor(1.0), 2, "sum", r"2 views of a tensor \[\]"),
        (torch.zeros(2, 3), 2, "magic", "'magic' is no way to merge gradients"),
    ],
)
def test_what_cannot_be_fanned_out_is_refused_before_the_backward_pass(hidden, count, merge, said):
    with pytest.raises(ValueError, match=said):
        fan_out(hidden, count, merge)
