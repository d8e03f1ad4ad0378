"""Load, filter, deduplication and mixture of ten thousand to a million conversations: what a row costs, and memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.corpus.artifacts import write_sources
from tests.benchmarks.corpus.worlds import sentences

REFERENCE = os.environ.get("PIXEL_REFERENCE_DATA")
SIZES, GIGABYTES, FLAT = (10_000, 100_000, 1_000_000), 6, 2
pytestmark = [pytest.mark.skipif(not REFERENCE, reason="PIXEL_REFERENCE_DATA is not set"), pytest.mark.timeout(14_400)]
RUN = """
import json, resource, sys, time
from pathlib import Path
from pixel_core.corpus import build_mixture
from pixel_core.recipe import load_recipe
from tests.benchmarks.corpus.artifacts import SHARES

root, rows = Path(sys.argv[1]), int(sys.argv[2])
keys = [f"corpus.conversations={rows // 10}", "corpus.knowledge_share=0"]
keys += [f"corpus.shares.{name}={share}" for name, share in SHARES.items()]
sources = {f"source_conversations/{name}": root / "source_conversations" / name for name in SHARES}
held_out = ["Every March my aunt repaints the gate and blames the neighbours for the rust."]
began, worked = time.perf_counter(), time.process_time()
built = build_mixture(load_recipe("tiny", keys), sources, root / "training_mixture", held_out_texts=held_out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked, "gigabytes": peak}
print(json.dumps(told | {"rows": built.summary.figures["read"], "rejects": dict(built.summary.rejects)}))
"""


def measured(root: Path, rows: int) -> dict:
    """What a build of a mixture of a tenth of so many conversations takes, in a process of its own."""
    write_sources(root, sentences(Path(REFERENCE)), rows)
    done = subprocess.run([sys.executable, "-c", RUN, str(root), str(rows)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_cost_of_a_row_stays_flat_and_memory_below_the_bound(tmp_path, capsys):
    found = [measured(tmp_path / str(size), size) for size in SIZES]
    with capsys.disabled():
        for one in found:
            each = one["cpu"] / one["rows"] * 1000
            print(
                f"\n{one['rows']} conversations: {one['seconds']:.0f} s, {each:.2f} s of processor a 1,000, {one['gigabytes']:.2f} GB",
                end="",
            )
        print(f"\nplot: {_plot(tmp_path / 'cost.png', found)}")
    assert all(one["rejects"]["near_duplicate"] > 0.02 * one["rows"] for one in found), "copies were planted"
    costs = [one["cpu"] / one["rows"] for one in found]
    assert costs[-1] <= FLAT * costs[1]
    assert found[-1]["gigabytes"] <= GIGABYTES


def _plot(path: Path, found: list[dict]) -> Path:
    """Seconds of processor a thousand rows, and memory, over rows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    FigureCanvasAgg(figure)
    rows = [one["rows"] for one in found]
    for panel, name, values in zip(
        figure.subplots(1, 2),
        ("seconds of processor a 1,000 rows", "peak memory, GB"),
        ([one["cpu"] / one["rows"] * 1000 for one in found], [one["gigabytes"] for one in found]),
        strict=True,
    ):
        panel.plot(rows, values, marker="o")
        panel.set_xscale("log")
        panel.set_ylim(bottom=0)
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("conversations")
    figure.savefig(path, format="png", dpi=100)
    return path
