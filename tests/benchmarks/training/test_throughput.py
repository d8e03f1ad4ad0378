"""Real tokens a second with all heads on, beside TRL's SFTTrainer in its packing modes and beside a bare loop without heads.

pip install -c constraints.txt -e '.[bench]'
pytest tests/benchmarks/training/test_throughput.py -m "" -s

The same model (a Qwen3 of five million parameters, bf16), the same conversations, as many rows of as many tokens a step, AdamW and
clipping everywhere. Each trainer is a process of its own that takes one step at a time, and they take turns in a rotating order, so that
what else the machine does meets all alike. TRL packs whole conversations (`bfd`) into one flattened row, whose attention grows with its
square where no kernel knows of the packing, so it may also go row by row; `wrapped` cuts conversations at the ends of rows and lets
neighbours read one another. Pixel trains by its own loop under DeepSpeed's ZeRO-0 on one rank, which keeps a float32 copy of the weights;
TRL and the bare loop do not. Tokens are real ones: padding does not count. Two ranks under ZeRO-3 are reported alone.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pixel_core.training.launch import free_port
from tests.benchmarks.training.throughput_world import build_world

pytest.importorskip("trl", reason="TRL is not installed: pip install -c constraints.txt -e '.[bench]'")
KINDS = ("pixel", "bare", "TRL wrapped", "TRL bfd", "TRL bfd, row by row")
ROUNDS, WARM, FEW = 40, 3, 8
ROOT = Path(__file__).parents[3]


class Trainer:
    """A worker, one process a rank."""

    def __init__(self, kind, folder, world=1):
        port = str(free_port())
        line = [sys.executable, "-m", "tests.benchmarks.training.throughput_worker", kind, str(folder)]
        self._ranks = []
        for rank in reversed(range(world)):
            own = {
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "TOKENIZERS_PARALLELISM": "false",
                "DS_ACCELERATOR": "cpu",
                "CUDA_VISIBLE_DEVICES": "",
            }
            if kind.startswith("pixel"):
                own |= {
                    "RANK": str(rank),
                    "LOCAL_RANK": str(rank),
                    "WORLD_SIZE": str(world),
                    "MASTER_ADDR": "127.0.0.1",
                    "MASTER_PORT": port,
                }
            own["HF_HUB_OFFLINE"] = "1"
            worker = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=own, cwd=ROOT, text=True)
            self._ranks.insert(0, worker)
        self._read()

    def step(self):
        """Take a step; returns its tokens and seconds."""
        self._ranks[0].stdin.write("go\n")
        self._ranks[0].stdin.flush()
        return self._read()

    def end(self):
        for worker in self._ranks:
            worker.kill()
            worker.wait()

    def _read(self):
        line = self._ranks[0].stdout.readline()
        assert line, "a worker ended; its standard error says why"
        return json.loads(line)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("throughput")
    figures = build_world(folder)
    print(f"\n{figures['tokens']} tokens in {figures['train_rows']} rows, {figures['fill_ratio']:.3f} filled, none cut")
    return folder


@pytest.fixture(scope="module")
def speeds(world):
    """Tokens a second of every step, by kind and clock."""
    trainers = {kind: Trainer(kind, world) for kind in KINDS}
    found = {kind: {"cpu": [], "wall": []} for kind in KINDS}
    try:
        for round_ in range(WARM + ROUNDS):
            turn = KINDS[round_ % len(KINDS) :] + KINDS[: round_ % len(KINDS)]
            for kind in turn:
                told = trainers[kind].step()
                if round_ >= WARM:
                    for clock, own in found[kind].items():
                        own.append(told["tokens"] / told[clock])
    finally:
        for trainer in trainers.values():
            trainer.end()
    for kind, own in found.items():
        print(f"{kind:20s} {statistics.median(own['cpu']):8.0f} tokens a processor second, {statistics.median(own['wall']):8.0f} a second")
    return found


def ratio_of(speeds, one, other, resamples=4000):
    """The ratio of medians by processor time, with its 90 % interval; rounds are resampled together."""
    own, base = np.array(speeds[one]["cpu"]), np.array(speeds[other]["cpu"])
    drawn = np.random.default_rng(0).integers(0, len(own), (resamples, len(own)))
    low, high = np.percentile(np.median(own[drawn], axis=1) / np.median(base[drawn], axis=1), [5, 95])
    ratio = float(np.median(own) / np.median(base))
    print(f"{one} / {other}: {ratio:.2f} [{low:.2f}, {high:.2f}]")
    return ratio


@pytest.mark.timeout(3600)
def test_all_heads_are_faster_than_trl_in_its_best_packing_mode(speeds):
    """With as many rows in a forward pass, the best of its modes; and less clearly where TRL is tuned to go row by row."""
    best = max(("TRL bfd", "TRL wrapped"), key=lambda kind: statistics.median(speeds[kind]["cpu"]))
    assert ratio_of(speeds, "pixel", best) >= 1.5
    assert ratio_of(speeds, "pixel", "TRL bfd, row by row") >= 1.1


@pytest.mark.timeout(3600)
def test_all_heads_cost_a_bare_loop_a_tenth_at_most(speeds):
    assert ratio_of(speeds, "pixel", "bare") >= 0.9


@pytest.mark.timeout(3600)
def test_two_ranks_under_zero_3_are_reported(world):
    trainer = Trainer("pixel ZeRO-3", world, world=2)
    try:
        told = [trainer.step() for _ in range(WARM + FEW)][WARM:]
    finally:
        trainer.end()
    speed = statistics.median(step["tokens"] / step["wall"] for step in told)
    print(f"pixel, two ranks, ZeRO-3: {speed:.0f} tokens a second")
    assert speed > 0
