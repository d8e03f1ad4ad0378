"""Two ranks that hold a part of the batch each merge with the same weights, which are those of the whole batch."""

import os
import socket
from datetime import timedelta

import pytest
import torch

from pixel_core.objectives.conflicts import ConflictLog
from pixel_core.objectives.gradients import fan_out
from pixel_core.objectives.merging import METHODS

COUNT, FIRST = 5, 3  # objectives; rows of rank 0, the other two being rank 1's
WITHOUT = 3  # an objective of which rank 1 has no labels


def rows():
    return torch.randn((5, 4, 6), generator=torch.Generator().manual_seed(1))


def merged(hidden, merge, *, skip=()):
    """The merged gradient, and what was observed, of objectives that each look along their own direction."""
    ways = torch.randn((COUNT, 6), generator=torch.Generator().manual_seed(2))
    hidden, log = hidden.clone().requires_grad_(), ConflictLog()
    views = fan_out(hidden, COUNT, merge, log)
    losses = [
        (view @ way).tanh().sum() * (0.0 if index in skip else 1.0) for index, (view, way) in enumerate(zip(views, ways, strict=True))
    ]
    sum(losses).backward()
    return hidden.grad, *log.take()


def a_rank(rank, port, folder):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    torch.manual_seed(rank)  # what a method draws must not come from here
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2, timeout=timedelta(seconds=120))
    own = rows()[:FIRST] if rank == 0 else rows()[FIRST:]
    torch.save({merge: merged(own, merge, skip=(WITHOUT,) if rank else ()) for merge in METHODS}, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_ranks_agree_with_each_other_and_with_one_process(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(a_rank, (port, tmp_path), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    hidden = rows()
    ways = torch.randn((COUNT, 6), generator=torch.Generator().manual_seed(2))
    for merge in METHODS:
        assert torch.equal(first[merge][1], second[merge][1]) and torch.equal(first[merge][2], second[merge][2]), merge
        whole = hidden.clone().requires_grad_()
        log = ConflictLog()
        views = fan_out(whole, COUNT, merge, log)
        labelled = [view[:FIRST] if index == WITHOUT else view for index, view in enumerate(views)]
        sum((view @ way).tanh().sum() for view, way in zip(labelled, ways, strict=True)).backward()
        gramian, weights = log.take()
        torch.testing.assert_close(first[merge][1], gramian, rtol=1e-4, atol=1e-5)
        if merge != "pcgrad":  # its random order follows from the Gramian's bytes, which another order of summing changes
            torch.testing.assert_close(first[merge][2], weights, rtol=1e-3, atol=1e-4)
            together = torch.cat((first[merge][0], second[merge][0]))
            torch.testing.assert_close(together, whole.grad, rtol=1e-3, atol=1e-4, msg=lambda text, merge=merge: f"{merge}: {text}")
