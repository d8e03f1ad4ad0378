"""Near-duplicates among real sentences, beside datatrove's MinHash; and among a million conversations, within bounded memory.

PIXEL_REFERENCE_DATA=... PIXEL_DATATROVE_PYTHON=<python with datatrove[processing] and spacy> make bench ARGS="-k near_duplicates"
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixel_core.corpus import near_duplicates
from tests.benchmarks.corpus.worlds import conversations, planted, sentences

REFERENCE = os.environ.get("PIXEL_REFERENCE_DATA")
PEER = os.environ.get("PIXEL_DATATROVE_PYTHON")
LIMIT = 6 * 2**30  # bytes

pytestmark = pytest.mark.skipif(not REFERENCE, reason="PIXEL_REFERENCE_DATA names no folder of real sentences")


def recall(clusters, pairs):
    return sum(a in clusters and clusters.get(a) == clusters.get(b) for a, b in pairs) / len(pairs)


@pytest.fixture(scope="module")
def planted_texts():
    pool = sentences(Path(REFERENCE))
    return planted(conversations(pool, 50_000, seed=1), pool, 5_000, seed=2)


@pytest.fixture(scope="module")
def ours(planted_texts):
    """Our recall, and seconds of processor."""
    texts, pairs = planted_texts
    began, worked = time.perf_counter(), time.process_time()
    found = near_duplicates(texts)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    share = recall({text: number for number, cluster in enumerate(found) for text in cluster}, pairs)
    print(f"\nPixel {seconds:.1f} s, {cpu:.1f} s of processor, recall {share:.4f}")
    return share, cpu


@pytest.mark.timeout(3600)
def test_every_planted_pair_of_55_000_conversations_is_found(ours):
    assert ours[0] == 1.0


@pytest.mark.skipif(not PEER, reason="PIXEL_DATATROVE_PYTHON names no Python with datatrove: there is nothing to divide our time by")
@pytest.mark.timeout(3600)
def test_55_000_conversations_beside_datatrove(planted_texts, ours, tmp_path):
    texts, pairs = planted_texts
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    script = Path(__file__).with_name("datatrove_peer.py")
    command = [PEER, script, tmp_path / "texts.json", tmp_path / "scratch", tmp_path / "out.json"]
    subprocess.run(command, check=True, capture_output=True)
    peer = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    peer["recall"] = recall({int(text): number for text, number in peer.pop("clusters").items()}, pairs)
    print(f"\ndatatrove {peer}; {peer['cpu'] / ours[1]:.1f} times our processor time")
    assert ours[0] >= peer["recall"]
    assert peer["cpu"] / ours[1] >= 20


MILLION = """
import resource, sys, time
from pathlib import Path
from pixel_core.corpus import near_duplicates
from tests.benchmarks.corpus.worlds import conversations, planted, sentences
pool = sentences(Path(sys.argv[1]))
count = int(sys.argv[2])
texts = conversations(pool, count, seed=1)
texts[:20_000] = planted(texts[:20_000], pool, 2_000, seed=2)[0]
worked = time.process_time()
found = near_duplicates(texts)
print(len(texts), len(found), time.process_time() - worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.timeout(7200)
def test_a_million_conversations_within_6_gb():
    costs = {}
    for count in (100_000, 1_000_000):
        command = [sys.executable, "-c", MILLION, REFERENCE, str(count)]
        out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3]).stdout.split()
        texts, clusters, seconds, memory = int(out[0]), int(out[1]), float(out[2]), int(float(out[3]))
        costs[count] = seconds / texts
        print(f"\n{texts} conversations: {clusters} clusters, {seconds:.0f} s of processor, {memory / 2**30:.2f} GiB at most")
        assert memory <= LIMIT
    assert costs[1_000_000] <= 2 * costs[100_000]
