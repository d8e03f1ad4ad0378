"""The language loss at a real vocabulary: no [batch, time, vocabulary] float tensor is ever whole."""

import os
import subprocess
import sys

import pytest

VOCABULARY, BATCH, TIME, CHUNK = 151_936, 2, 256, 32
WHOLE = BATCH * TIME * VOCABULARY * 4 / 2**20  # MiB of one such tensor

PROGRAM = f"""
import resource, sys
import torch
from torch.nn import functional
from pixel_core.objectives.losses import language_loss

torch.manual_seed(0)
torch.set_num_threads(1)
hidden = torch.randn({BATCH}, {TIME}, 16, requires_grad=True)
output = torch.nn.Linear(16, {VOCABULARY}, bias=False)
targets = torch.randint(0, {VOCABULARY}, ({BATCH}, {TIME}))
# a first step makes what any step leaves behind: gradients, and the allocator's own
language_loss(hidden[:, :4], output, targets[:, :4], {CHUNK}).backward()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[1] == "chunks":
    loss = language_loss(hidden, output, targets, {CHUNK})
else:
    loss = functional.cross_entropy(output(hidden).flatten(0, 1).float(), targets.flatten(), reduction="sum")
loss.backward()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, loss.item())
"""


def peak_and_loss(how):
    """MiB by which the peak of a process grows, and the loss."""
    # large blocks go straight back to the system, or the peak would be that of the C library's heap and not of the tensors
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_TRIM_THRESHOLD_": "1000000"}
    run = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=300, env=env)
    return tuple(float(value) for value in run.stdout.split())


@pytest.mark.slow
def test_the_peak_is_that_of_a_few_chunks():
    chunks, loss = peak_and_loss("chunks")
    plain, expected = peak_and_loss("plain")
    assert loss == pytest.approx(expected, rel=1e-5)
    assert plain > WHOLE, "the measurement sees a whole tensor where there is one"
    assert chunks < WHOLE / 2
