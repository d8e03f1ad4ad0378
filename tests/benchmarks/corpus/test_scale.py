"""Load, filter, deduplication and mixture of ten thousand to a million conversations: what a row costs at each stage, and memory.

Measured on one core of a shared machine, seconds of processor a 1,000 rows: load and filter 1.09 to 1.33 at 10,000 rows (.22 GB) and 1.18
to 1.35 at 100,000 (.46 GB), names of people and language included, and 1.26 (.58 GB) for a source that has 100,000 of a million by itself;
deduplication and mixture .32 to .46 (.38 GB) and .25 to .32 (.88 GB).

PIXEL_REFERENCE_DATA=... make bench ARGS="-k scale", with PIXEL_SCALE_PLOT=<file> to keep the plot
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.corpus.artifacts import SIZES as PARTS
from tests.benchmarks.corpus.worlds import sentences

REFERENCE = os.environ.get("PIXEL_REFERENCE_DATA")
SIZES, GIGABYTES, FLAT = (10_000, 100_000, 1_000_000), 6, 2
STAGES = ("load and filter", "deduplication and mixture")
TURNS, SPOKEN, COPIES = 6, 2, 0.05
pytestmark = [pytest.mark.skipif(not REFERENCE, reason="PIXEL_REFERENCE_DATA is not set"), pytest.mark.timeout(14_400)]
RUN = """
import json, resource, sys, time
from pathlib import Path
from pixel_core.corpus import build_mixture, import_source
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.recipe import load_recipe
from tests.benchmarks.corpus.artifacts import SHARES

root, rows, stage = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
keys = [f"corpus.conversations={rows // 10}", "corpus.knowledge_share=0", "corpus.use=research"]
recipe = load_recipe("tiny", keys + [f"corpus.shares.{name}={share}" for name, share in SHARES.items()])
sources = {f"source_conversations/{name}": root / "source_conversations" / name for name in SHARES}
began, worked, told = time.perf_counter(), time.process_time(), {"rows": 0, "rejects": {}}
if stage == "deduplication and mixture":
    held_out = ["Every March my aunt repaints the gate and blames the neighbours for the rust."]
    built = [build_mixture(recipe, sources, root / "training_mixture", held_out_texts=held_out)]
else:
    made = {"shape": "messages", "uri": "bench:rows", "licence": "CC0-1.0", "consent": "licence", "learner": "therapist"}
    made["parts"] = {"user": "client", "assistant": "therapist"}
    entries = [SourceEntry(name=name, category=name, files=(f"{name}.jsonl",), **made) for name in SHARES]
    built = [import_source(e, root / "source_conversations" / e.name, data_root=root, recipe=recipe.corpus) for e in entries]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked, "gigabytes": peak}
told["rows"] = sum(one.summary.figures["read"] for one in built)
told["near_duplicates"] = sum(one.summary.rejects.get("near_duplicate", 0) for one in built)
print(json.dumps(told))
"""


def write_rows(root: Path, pool: list[str], count: int) -> None:
    """A file of JSON Lines a category, together so many dialogues of real sentences.

    One in twenty differs from an earlier one in its last sentence alone.
    """
    root.mkdir(parents=True)
    drawn = np.random.default_rng(1)
    for category, share in PARTS.items():
        with (root / f"{category}.jsonl").open("w", encoding="utf-8") as lines:
            earlier: list[np.ndarray] = []
            for _ in range(round(share * count)):
                picks = drawn.integers(0, len(pool), (TURNS, SPOKEN))
                if earlier and drawn.random() < COPIES:
                    copied = earlier[int(drawn.integers(len(earlier)))].copy()
                    copied[-1, -1] = picks[-1, -1]
                    picks = copied
                earlier = [*earlier[-49:], picks]
                said = (" ".join(pool[at] for at in turn) for turn in picks)
                messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
                lines.write(json.dumps({"messages": messages}) + "\n")


def measured(root: Path, rows: int) -> dict[str, dict]:
    """What each stage takes, in a process of its own: from files of rows to sources, and from these to a mixture of a tenth of them."""
    write_rows(root, sentences(Path(REFERENCE)), rows)
    found = {}
    for stage in STAGES:
        command = [sys.executable, "-c", RUN, str(root), str(rows), stage]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
        found[stage] = json.loads(done.stdout.splitlines()[-1])
        one = found[stage]
        each = one["cpu"] / one["rows"] * 1000
        print(f"\n{rows} rows, {stage}: {one['seconds']:.0f} s, {one['cpu']:.0f} s of processor", end="")
        print(f" ({each:.2f} a 1,000), {one['gigabytes']:.2f} GB", end="", flush=True)
    return found


def test_the_cost_of_a_row_stays_flat_and_memory_below_the_bound(tmp_path, capsys):
    with capsys.disabled():
        found = {size: measured(tmp_path / str(size), size) for size in SIZES}
        print(f"\nplot: {_plot(Path(os.environ.get('PIXEL_SCALE_PLOT', tmp_path / 'cost.png')), found)}")
    for stage in STAGES:
        costs = [found[size][stage]["cpu"] / found[size][stage]["rows"] for size in SIZES]
        assert max(costs[1:]) <= FLAT * costs[0], stage
        assert costs[-1] <= FLAT * costs[1], stage
        assert found[SIZES[-1]][stage]["gigabytes"] <= GIGABYTES, stage
    for size in SIZES:
        assert found[size][STAGES[1]]["near_duplicates"] > 0.02 * size, "copies were planted"


def _plot(path: Path, found: dict[int, dict[str, dict]]) -> Path:
    """Seconds of processor a thousand rows, and memory, over rows, a line a stage."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    cost, memory = figure.subplots(1, 2)
    for stage in STAGES:
        cost.plot(list(found), [one[stage]["cpu"] / one[stage]["rows"] * 1000 for one in found.values()], marker="o", label=stage)
        memory.plot(list(found), [one[stage]["gigabytes"] for one in found.values()], marker="o", label=stage)
    memory.axhline(GIGABYTES, color="grey", linestyle="--", linewidth=0.8)
    for panel, name in ((cost, "seconds of processor a 1,000 rows"), (memory, "peak memory, GB (dashed: the bound)")):
        panel.set_xscale("log")
        panel.set_ylim(bottom=0)
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("conversations")
        panel.legend(fontsize=8)
    figure.savefig(path, format="png", dpi=100)
    return path
