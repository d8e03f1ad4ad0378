"""What all heads cost a training step beside the language loss alone: the same backbone, the same batch, in one process, in turn.

pytest tests/benchmarks/training -m "" -s

The backbone is the packaged encoder whole, read causally: 22.6 million parameters in six layers of width 384 with 30,522 tokens. It is
small beside any that is trained in earnest, which makes the bound strict: what the heads cost does not grow with a backbone's depth, so
that they weigh less on a larger one. The `tiny` preset would measure Python, not the objectives. The batch is dense: each of the twelve
heads has labels in every dialogue, two queries in about fifty tokens, as packed posts have them. A step is all of it: gradients
to zero, forward, backward, clipping, AdamW. Time is processor time of one thread, so that neighbours on the machine count little; the
kinds take turns in a rotating order, and bounds are of the ratio of medians over resampled rounds.
"""

import gc
import statistics
import time
from functools import partial

import numpy as np
import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import HEADS, OBJECTIVES
from pixel_core.model.packaged import packaged_backbone, packaged_tokenizer
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.losses import head_loss, language_loss
from pixel_core.objectives.merging import weights
from pixel_core.training.step import BALANCE, TrainingStep
from tests.pixel_core.model.small import labelled_dialogue

ROUNDS, WARM = 44, 3
EVERY = 4  # rounds between two steps by per-task autograd, which take several times as long
ROWS, LENGTH = 2, 256
BOUNDS = {"sum": (1.05, 1.08), "upgrad": (1.08, 1.12)}  # the ratio of medians, and the upper end of its 90 % interval


class Kind:
    """A model of its own with what one of the kinds does in a step."""

    def __init__(self, merge, objectives):
        torch.manual_seed(1)
        model = PixelModel(packaged_backbone(layers=6), dropout=0.3, tokenizer=packaged_tokenizer())
        self.step = TrainingStep(model, dict.fromkeys(objectives, 1.0), "sum" if merge == "per-task" else merge).train()
        self.trained = [parameter for parameter in self.step.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=1e-4)
        self.per_task = merge == "per-task"

    def take(self, batch):
        self.optimiser.zero_grad()
        counts = self.step.counts(batch)
        if self.per_task:
            self._backward_by_task(batch, counts)
        else:
            self.step(batch, counts).total.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()

    def _backward_by_task(self, batch, counts):
        """One backward pass through the backbone for each objective, merged by UPGrad on the gradients of its parameters."""
        output = self.step.model(batch, language_loss=partial(language_loss, chunk=self.step.chunk))
        losses = {"language": output.language} | {
            spec.name: head_loss(spec.kind, output.heads[spec.name], batch.head_targets[spec.name], spec.levels)[0] for spec in HEADS
        }
        shared = list(self.step.model.backbone.parameters())
        found = []
        for name in OBJECTIVES:
            gradients = torch.autograd.grad(losses[name] / max(counts[name], 1), shared, retain_graph=True, allow_unused=True)
            found.append([torch.zeros_like(p) if g is None else g for p, g in zip(shared, gradients, strict=True)])
        stacked = (torch.stack([gradient.flatten() for gradient in same]) for same in zip(*found, strict=True))
        gramian = sum(same @ same.T for same in stacked)
        chosen = weights(gramian, "upgrad")
        own = list(self.step.model.heads.parameters())
        total = sum(losses[name] / max(counts[name], 1) for name in OBJECTIVES if name != "language")
        for parameter, gradient in zip(own, torch.autograd.grad(total, own, allow_unused=True), strict=True):
            parameter.grad = gradient
        for place, parameter in enumerate(shared):
            parameter.grad = sum(weight * gradients[place] for weight, gradients in zip(chosen, found, strict=True))


def packed(tokenizer):
    """A batch of rows that labelled dialogues fill."""
    rows, number = [], 0
    for _ in range(ROWS):
        row, used = [], 0
        while used + len(example := example_of(labelled_dialogue(number), tokenizer).encoded.ids) <= LENGTH:
            row.append(example_of(labelled_dialogue(number), tokenizer))
            used, number = used + len(example), number + 1
        rows.append(row)
    return build_batch(rows, pad=tokenizer.pad_token_id, length=LENGTH)


@pytest.fixture(scope="module")
def seconds():
    """Processor and wall seconds of every step, by kind."""
    torch.set_num_threads(1)
    batch = packed(packaged_tokenizer())
    kinds = {"language": Kind("sum", ["language"]), "sum": Kind("sum", OBJECTIVES), "upgrad": Kind("upgrad", OBJECTIVES)}
    kinds |= {"per-task": Kind("per-task", OBJECTIVES)}
    for _ in range(WARM):
        for kind in kinds.values():
            kind.take(batch)
    found = {name: [] for name in kinds}
    gc.disable()
    for round_ in range(ROUNDS):
        names = [name for name in kinds if name != "per-task"]
        turn = names[round_ % 3 :] + names[: round_ % 3] + (["per-task"] if round_ % EVERY == 0 else [])
        for name in turn:
            cpu, wall = time.process_time(), time.perf_counter()
            kinds[name].take(batch)
            found[name].append((time.process_time() - cpu, time.perf_counter() - wall))
        gc.collect()
    gc.enable()
    assert BALANCE not in kinds["sum"].step.weights
    queries, tokens = len(batch.query_rows), int(batch.lengths.sum())
    size = sum(p.numel() for p in kinds["language"].step.model.backbone.parameters())
    print(f"\n{size / 1e6:.1f} million parameters, {tokens} tokens and {queries} queries a step, {ROUNDS} rounds, one thread")
    return found


def bounds_of(own, base, resamples=4000):
    """The 90 % interval of the ratio of medians; rounds are resampled together."""
    generator = np.random.default_rng(0)
    own, base = np.array(own), np.array(base)
    drawn = generator.integers(0, len(own), (resamples, len(own)))
    return np.percentile(np.median(own[drawn], axis=1) / np.median(base[drawn], axis=1), [5, 95])


def ratio_of(seconds, name, clock):
    own, base = ([pair[clock] for pair in seconds[kind]] for kind in (name, "language"))
    base = base[::EVERY] if name == "per-task" else base
    return statistics.median(own) / statistics.median(base), bounds_of(own, base), statistics.median(own)


@pytest.mark.parametrize("name", ["sum", "upgrad"])
@pytest.mark.timeout(3600)
def test_all_objectives_cost_little_more_than_the_language_loss(seconds, name):
    for label, clock in (("processor", 0), ("wall", 1)):
        ratio, (low, high), median = ratio_of(seconds, name, clock)
        print(f"{name:9s} {label:9s} x{ratio:.3f} [{low:.3f}, {high:.3f}], median {median:.3f} s")
    ratio, (_, high), _ = ratio_of(seconds, name, 0)
    most, bound = BOUNDS[name]
    assert ratio <= most
    assert high <= bound


@pytest.mark.timeout(3600)
def test_per_task_autograd_costs_several_steps(seconds):
    for label, clock in (("processor", 0), ("wall", 1)):
        ratio, (low, high), median = ratio_of(seconds, "per-task", clock)
        print(f"per-task  {label:9s} x{ratio:.2f} [{low:.2f}, {high:.2f}], median {median:.3f} s")
    assert ratio_of(seconds, "per-task", 0)[0] > 2
