"""Approximate search beside exact search over 100,000 vectors of real sentences, a query at a time, in turns."""

import os
import time
from pathlib import Path

import faiss
import numpy as np
import pytest

from pixel_core.knowledge.encoder import PACKAGED, load_encoder
from pixel_core.knowledge.neighbours import INDEX, Neighbours, indexed, kind_for
from pixel_core.knowledge.vectors import VECTORS
from tests.benchmarks.knowledge.texts import distinct_sentences

pytestmark = [pytest.mark.reference, pytest.mark.timeout(3600)]
STORED, QUERIES, ROUNDS = 100_000, 500, 3
RECALL, SHARE = 0.99, 1 / 20


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """The sentences' vectors; PIXEL_BENCHMARK_CACHE names a folder that keeps them between runs."""
    kept = Path(os.environ.get("PIXEL_BENCHMARK_CACHE") or tmp_path_factory.mktemp("vectors")) / "sentences.npy"
    if not kept.is_file():
        folder = os.environ.get("PIXEL_REFERENCE_DATA") or pytest.skip("PIXEL_REFERENCE_DATA is not set")
        np.save(kept, load_encoder(PACKAGED).encode(distinct_sentences(Path(folder), STORED + QUERIES)))
    found = np.load(kept)
    order = np.random.default_rng(1).permutation(len(found))
    return found[order[QUERIES:]], found[order[:QUERIES]]


@pytest.mark.parametrize("kind", ["ivfpq", "hnsw"])
def test_recall_and_time_against_flat(vectors, tmp_path, kind):
    stored, queries = vectors
    assert len(stored) == STORED
    faiss.omp_set_num_threads(1)
    opened = {}
    for name in ("flat", kind):
        (tmp_path / name).mkdir()
        began = time.process_time()
        faiss.write_index(indexed(stored, name), str(tmp_path / name / INDEX))
        print(f"\n{name} built in {time.process_time() - began:.1f} s of processor time")
        np.save(tmp_path / name / VECTORS, stored)
        opened[name] = Neighbours.open(tmp_path / name, name)
    seconds, found = dict.fromkeys(opened, float("inf")), {}
    for _ in range(ROUNDS):
        for name, neighbours in opened.items():
            began = time.process_time()
            found[name] = [neighbours.search(query, 10)[1] for query in queries]
            seconds[name] = min(seconds[name], time.process_time() - began)
    recall = float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found["flat"], found[kind], strict=True)]))
    share = seconds[kind] / seconds["flat"]
    mine, exact = (seconds[name] / QUERIES * 1e3 for name in (kind, "flat"))
    print(f"{kind}: recall@10 {recall:.4f}, {mine:.3f} ms a query, flat {exact:.2f} ms: 1/{1 / share:.0f}")
    assert recall >= RECALL
    if kind == kind_for("auto", STORED):  # the graph stands beside for comparison
        assert share <= SHARE
