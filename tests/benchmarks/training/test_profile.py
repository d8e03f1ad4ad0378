"""What each part of a training step costs, and whether memory grows over a thousand of them.

pytest tests/benchmarks/training/test_profile.py -m "" -s        PIXEL_PROFILE_PLOT=<file>: where the picture goes

The preset `tiny` (a mixture of experts) with all heads under `upgrad`, dense dialogues, one thread, float32. Parts are measured alone, on
the inputs that they get in the step; beside them stands the whole step, so that what no part accounts for is seen: residual sums, masks,
positions, the balance loss.
"""

import gc
import os
import statistics
import time
from pathlib import Path

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import OBJECTIVES
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.conflicts import ConflictLog
from pixel_core.recipe import load_recipe
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from tests.benchmarks.training.profiling import WARM, Cost, parts_of, peak_of
from tests.pixel_core.model.small import labelled_dialogue

ROWS, LENGTH = 4, 256
ACCOUNTED = (0.6, 1.2)  # share of the whole step that its parts make up; they are warmer alone
STEPS, EVERY = 1000, 50
GROWTH = 12.0  # MB between the first tenth and the last step


def build(rows, length):
    tokenizer = train_tokenizer((turn.content for number in range(20) for turn in labelled_dialogue(number)), 4096)
    torch.manual_seed(1)
    model = PixelModel.from_backbone(load_recipe().model, tokenizer, seed=1)
    step = TrainingStep(model, dict.fromkeys(OBJECTIVES, 1.0), "upgrad").train()
    optimiser = torch.optim.AdamW(step.parameters(), lr=1e-4)
    packed, number = [], 0
    for _ in range(rows):
        row, used = [], 0
        while used + len((example := example_of(labelled_dialogue(number), tokenizer)).encoded.ids) <= length:
            row.append(example)
            used, number = used + len(example.encoded.ids), number + 1
        packed.append(row)
    return step, optimiser, build_batch(packed, pad=tokenizer.pad_token_id, length=length)


def take(step, optimiser, batch):
    optimiser.zero_grad()
    step(batch, step.counts(batch)).total.backward()
    torch.nn.utils.clip_grad_norm_(step.parameters(), 1.0)
    optimiser.step()


def resident():
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture(scope="module")
def course():
    """Resident megabytes and living tensors every few steps of a thousand; the first step is behind."""
    torch.set_num_threads(1)
    step, optimiser, batch = build(1, 128)
    step.observe = conflicts = ConflictLog()
    found = []
    for number in range(1, STEPS + 1):
        take(step, optimiser, batch)
        conflicts.take()
        if number % EVERY == 0:
            gc.collect()
            found.append((number, resident(), sum(isinstance(thing, torch.Tensor) for thing in gc.get_objects())))
    return found


@pytest.fixture(scope="module")
def costs():
    """The cost of each part, and the whole step as one."""
    torch.set_num_threads(1)
    step, optimiser, batch = build(ROWS, LENGTH)
    for _ in range(WARM):
        take(step, optimiser, batch)
    parts = parts_of(step, batch, optimiser)
    seconds = []
    for _ in range(11):
        began = time.process_time()
        take(step, optimiser, batch)
        seconds.append(time.process_time() - began)
    whole = Cost("whole step", statistics.median(seconds), 0.0, peak_of(lambda: take(step, optimiser, batch)))
    tokens = int(batch.lengths.sum())
    print(
        f"\n{tokens} tokens, {len(batch.query_rows)} queries, {len(step.weights)} objectives; {tokens / whole.seconds:.0f} tokens a second"
    )
    for cost in (*parts, whole):
        print(
            f"{cost.part:14s} x{cost.times:<2d} forward {cost.forward * 1e3:7.2f} ms, backward {cost.backward * 1e3:7.2f} ms, together "
            f"{cost.seconds / whole.seconds:6.1%}, {tokens / cost.seconds:9.0f} tokens a second, peak {cost.memory / 1e6:6.1f} MB"
        )
    return parts, whole


@pytest.mark.timeout(3600)
def test_the_parts_account_for_the_step(costs):
    parts, whole = costs
    share = sum(cost.seconds for cost in parts) / whole.seconds
    print(f"the parts make up {share:.1%} of the step")
    low, high = ACCOUNTED
    assert low <= share <= high
    assert max(cost.memory for cost in parts) <= whole.memory


@pytest.mark.timeout(3600)
def test_memory_does_not_grow_over_a_thousand_steps(course):
    early = [entry for entry in course if entry[0] <= STEPS // 5]
    (_, before, tensors), (_, after, left) = early[-1], course[-1]
    print(f"{before:.1f} MB and {tensors} tensors at step {early[-1][0]}, {after:.1f} MB and {left} at step {STEPS}")
    assert left <= tensors
    assert after - before <= GROWTH


@pytest.mark.timeout(3600)
def test_the_picture_shows_it(costs, course, tmp_path):
    path = Path(os.environ.get("PIXEL_PROFILE_PLOT", tmp_path / "profile.png"))
    draw(path, *costs, course)
    print(f"picture: {path}")
    assert path.read_bytes().startswith(b"\x89PNG")


def draw(path, parts, whole, course):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    seconds, memory, growth = figure.subplots(1, 3)
    places = range(len(parts))
    ahead = [cost.forward * cost.times * 1e3 for cost in parts]
    back = [cost.backward * cost.times * 1e3 for cost in parts]
    seconds.barh(places, ahead, color="tab:blue", label="forward (optimiser: all)")
    seconds.barh(places, back, left=ahead, color="tab:orange", label="backward")
    for place, cost in zip(places, parts, strict=True):
        seconds.text(cost.seconds * 1e3, place, f" {cost.seconds / whole.seconds:.0%}", va="center", fontsize=8)
    seconds.legend(frameon=False, fontsize=8)
    seconds.set_title(f"Processor ms a step of {whole.seconds * 1e3:.0f} ms, and share", loc="left", fontsize=10)
    memory.barh(places, [cost.memory / 1e6 for cost in parts], color="0.5")
    memory.axvline(whole.memory / 1e6, color="black", linestyle=":", linewidth=1)
    memory.set_title("Peak MB of a part alone; dotted: of a step", loc="left", fontsize=10)
    for axes in (seconds, memory):
        axes.set_yticks(places, [cost.part if cost.times == 1 else f"{cost.part} x {cost.times}" for cost in parts])
        axes.invert_yaxis()
    growth.plot([entry[0] for entry in course], [entry[1] for entry in course], color="tab:blue")
    growth.set_ylim(0, 1.15 * max(entry[1] for entry in course))
    growth.set_title("Resident MB over a thousand steps", loc="left", fontsize=10)
    growth.set_xlabel("step")
    for axes in (seconds, memory, growth):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png", dpi=100)
