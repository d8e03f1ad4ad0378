import faiss
import numpy as np
import pytest

from pixel_core.knowledge.neighbours import INDEX, Neighbours, indexed, kind_for
from pixel_core.knowledge.vectors import VECTORS

KINDS = ("flat", "pq", "hnsw", "ivfpq")


def clustered(count, dimensions=48, seed=3):
    """Vectors of length 1 in loose clusters, as sentences lie."""
    centres = np.random.default_rng(0).normal(size=(40, dimensions))
    generator = np.random.default_rng(seed)
    found = centres[generator.integers(0, 40, count)] + generator.normal(size=(count, dimensions))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors():
    return clustered(3000)


@pytest.fixture(scope="module", params=KINDS)
def opened(request, vectors, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    faiss.write_index(indexed(vectors, request.param), str(folder / INDEX))
    np.save(folder / VECTORS, vectors)
    return Neighbours.open(folder, request.param)


def exact(vectors, query, k, allowed=None):
    rows = np.arange(len(vectors)) if allowed is None else allowed
    return set(rows[np.argsort(-(vectors[rows] @ query))[:k]].tolist())


def test_ten_neighbours_are_those_of_an_exact_search(opened, vectors):
    queries = clustered(100, seed=4)
    hits = [len(exact(vectors, q, 10) & set(opened.search(q, 10)[1].tolist())) for q in queries]
    assert sum(hits) / 1000 >= 0.98


def test_scores_are_exact_cosines_best_first(opened, vectors):
    query = clustered(1, seed=5)[0]
    scores, rows = opened.search(query, 10)
    assert np.allclose(scores, vectors[rows] @ query, atol=1e-6)
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("few", [True, False])
def test_a_filter_still_finds_k(opened, vectors, monkeypatch, few):
    if not few:
        monkeypatch.setattr("pixel_core.knowledge.neighbours._SMALL", 0)
    allowed = np.arange(0, 3000, 7)
    query = clustered(1, seed=6)[0]
    found = opened.search(query, 10, allowed)[1]
    assert len(found) == 10
    assert set(found.tolist()) <= set(allowed.tolist())
    assert len(exact(vectors, query, 10, allowed) & set(found.tolist())) >= 9


def test_codes_compare_all_allowed_rows_where_few_of_them_are_near(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr("pixel_core.knowledge.neighbours._SMALL", 0)
    faiss.write_index(indexed(vectors, "pq"), str(tmp_path / INDEX))
    np.save(tmp_path / VECTORS, vectors)
    query = clustered(1, seed=6)[0]
    far = np.sort(np.argsort(vectors @ query)[:1500])  # the half that points away
    opened = Neighbours.open(tmp_path, "pq")
    assert set(opened.search(query, 10, far)[1].tolist()) == exact(vectors, query, 10, far)
    half = np.arange(0, 3000, 2)
    assert set(opened.search(query, 3, half)[1].tolist()) == exact(vectors, query, 3, half)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_vectors_give_the_same_index(kind, vectors):
    assert faiss.serialize_index(indexed(vectors, kind)).tobytes() == faiss.serialize_index(indexed(vectors, kind)).tobytes()


def test_vectors_are_mapped_not_read(opened):
    assert isinstance(opened.vectors, np.memmap)


def test_the_kind_follows_the_number_of_vectors():
    assert [kind_for("auto", n) for n in (1, 49_999, 50_000, 10**7)] == ["flat", "flat", "pq", "pq"]
    assert kind_for("flat", 10**7) == "flat"
    assert kind_for("hnsw", 10**5) == "hnsw"
    assert [kind_for(wanted, n) for wanted in ("pq", "ivfpq") for n in (20, 1_000)] == ["flat", "pq", "flat", "ivfpq"]


def test_codes_are_made_of_the_directions_that_vectors_lie_in(vectors):
    flattened = np.concatenate([vectors[:, :12] * 5, vectors[:, 12:] * 0.1, np.full((3000, 48), 0.6)], axis=1).astype(np.float32)
    flattened /= np.linalg.norm(flattened, axis=1, keepdims=True)
    narrow, wide = indexed(flattened, "pq"), indexed(vectors, "pq")
    assert narrow.index.d <= 15
    assert wide.index.d >= 42
    products = narrow.chain.at(0).apply(flattened[:200])
    off = products @ products.T - flattened[:200] @ flattened[:200].T
    assert np.abs(off).max() < 0.2 < flattened.mean(axis=0) @ flattened.mean(axis=0)  # the products stay, also with a mean far from zero
