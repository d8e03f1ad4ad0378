"""Nearest vectors: exact, or by codes (PQ, IVF-PQ) or a graph (HNSW) whose candidates are scored again exactly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pixel_core.knowledge.encoder import Vectors
from pixel_core.knowledge.vectors import stored_vectors

INDEX = "index.faiss"
Kind = Literal["flat", "pq", "hnsw", "ivfpq"]
Wanted = Literal["auto", "flat", "pq", "hnsw", "ivfpq"]
Rows = npt.NDArray[np.int64]
FLAT_BELOW = 50_000
_LINKS, _BREADTH = 32, 200  # HNSW: links of a node, candidates while building
_SEARCH_BREADTH = 96  # HNSW: candidates while searching
# Codes of four bits, which the processor looks up in registers, so that going through all of them takes a thirtieth of comparing all
# vectors. Lists (IVF) do not pay on sentences, which hardly cluster: .99 of the ten nearest of 100,000 lie in half of the lists, and
# looking up so many lists takes longer than it spares. A graph is as good, in 130 seconds instead of 2 and in thirty times the memory.
_KEPT = 0.94  # of the vectors' energy, in the few directions that codes are made of: two thirds of them in sentences
_CODED = 3  # directions a code
_IN_LISTS = 4  # IVF: dimensions a code
_TOGETHER = 128  # vectors whose codes are gone through together: four times the usual 32, with less to do between them
_LEARNED_FROM, _LEARNED_LEAST = 20_000, 1_000  # vectors that the directions are learned from: at most, at least
_LISTS = 1.6  # IVF: lists a square root of the vectors
_SCANNED, _LEAST = 52_000, 0.25  # IVF: vectors that a search goes through, and at least this share of all
_TRAINED_ON = 64  # IVF: vectors a list that the lists are learned from
_SPARE = {"hnsw": 4, "pq": 10, "ivfpq": 20}  # candidates that are scored exactly, a vector wanted: codes tell neighbours apart less well
_WIDER = 2  # candidates more where only some rows are allowed, which may be fewer around the query than elsewhere
_SMALL = 20_000  # so few vectors of the wanted kinds are compared one by one


def kind_for(wanted: Wanted, count: int) -> Kind:
    """The kind of index for so many vectors: `auto` is exact below 50,000 and by codes beyond; too few to learn codes from are exact."""
    if wanted in ("pq", "ivfpq") and count < _LEARNED_LEAST:
        return "flat"
    if wanted != "auto":
        return wanted
    return "flat" if count < FLAT_BELOW else "pq"


def indexed(vectors: Vectors, kind: Kind) -> Any:
    """A FAISS index (inner product) over vectors of length 1; the same vectors give the same index."""
    import faiss

    count, dimensions = vectors.shape
    options: Any = faiss  # whose stubs lack some of its classes and arguments
    index: Any
    if kind == "flat":
        index = faiss.IndexFlatIP(dimensions)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(dimensions, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _BREADTH
        index.hnsw.efSearch = _SEARCH_BREADTH
    elif kind == "pq":
        narrow = _narrowed(vectors)
        scan = options.IndexPQFastScan(narrow.d_out, narrow.d_out // _CODED, 4, faiss.METRIC_INNER_PRODUCT, _TOGETHER)
        index = options.IndexPreTransform(narrow, scan)
    else:
        codes = dimensions // math.gcd(_IN_LISTS, dimensions)
        lists = max(1, min(int(_LISTS * math.sqrt(count)), count // 39))  # k-means wants 39 vectors a list
        index = options.IndexIVFPQFastScan(faiss.IndexFlatIP(dimensions), dimensions, lists, codes, 4, faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid = _TRAINED_ON
        index.nprobe = min(lists, math.ceil(lists * max(_LEAST, _SCANNED / count)))
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # several threads would link the graph, and sum the centres, in the order in which they happen to run
    try:
        if not index.is_trained:
            index.train(vectors)
        index.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return index


def _narrowed(vectors: Vectors) -> Any:
    """The turn of the vectors into the few directions that hold nearly all of their energy, evenly spread over what a code takes in."""
    import faiss

    sample = vectors[:: -(-len(vectors) // _LEARNED_FROM)]
    widest = min(vectors.shape[1], len(sample))
    found: Any = faiss.PCAMatrix(vectors.shape[1], widest, 0, True)
    found.train(np.concatenate([sample, -sample]))  # whose mean is zero: taking a mean off would change the products
    energy = np.cumsum(faiss.vector_to_array(found.eigenvalues))
    kept = int(np.searchsorted(energy, _KEPT * energy[-1])) + 1
    found.d_out = min(math.ceil(kept / _CODED) * _CODED, widest // _CODED * _CODED)
    found.prepare_Ab()
    return found


class Neighbours:
    """The vectors of an index folder, searched by FAISS; both are mapped from their files, row n is passage n."""

    def __init__(self, index: Any, vectors: Vectors, kind: Kind) -> None:
        self._index = index
        self._kind = kind
        self.vectors = vectors
        self._plain = np.asarray(vectors)  # the same memory: the mapped kind is slower to index

    @classmethod
    def open(cls, folder: Path, kind: Kind) -> Neighbours:
        """The neighbours of a `knowledge_index` folder, which the caller has verified."""
        import faiss

        vectors = stored_vectors(folder)
        if kind != "hnsw" and getattr(faiss, "get_num_gpus", int)():  # the package without GPU support may lack the function
            exact = faiss.IndexFlatIP(vectors.shape[1])  # a GPU compares all vectors faster than lists are looked up
            exact.add(np.ascontiguousarray(vectors))
            return cls(faiss.index_cpu_to_all_gpus(exact), vectors, "flat")
        how = 0 if kind in ("pq", "ivfpq") else faiss.IO_FLAG_MMAP_IFC  # codes are small, and read through from end to end
        return cls(faiss.read_index(str(folder / INDEX), how), vectors, kind)

    def search(self, query: Vectors, k: int, allowed: Rows | None = None) -> tuple[Vectors, Rows]:
        """Cosines and rows of the k vectors nearest to one query, best first, among the `allowed` rows; fewer where there are fewer."""
        if allowed is not None and (len(allowed) <= _SMALL or self._kind == "flat"):
            return self._exactly(query, allowed, k)
        if self._kind == "flat":
            scores, rows = self._index.search(query[None, :], min(k, len(self.vectors)))
            return scores[0], rows[0].astype(np.int64)
        wanted = max(_SPARE[self._kind] * k, 2 * _LINKS)
        if allowed is not None and self._kind == "pq":
            return self._exactly(query, self._among(query, wanted, allowed), k)
        return self._exactly(query, self._candidates(query, wanted, **self._parameters(wanted, allowed)), k)

    def _exactly(self, query: Vectors, rows: Rows, k: int) -> tuple[Vectors, Rows]:
        """The k of these rows whose vectors are nearest, with their cosines."""
        import faiss

        options: Any = faiss  # whose stubs lack some of its functions
        rows, query = np.ascontiguousarray(rows, dtype=np.int64), np.ascontiguousarray(query, dtype=np.float32)
        scores = np.empty(len(rows), dtype=np.float32)
        where = [faiss.swig_ptr(array) for array in (scores, query, self._plain, rows)]
        options.fvec_inner_products_by_idx(*where, len(query), 1, len(rows))  # where they lie: copying them takes as long again
        return _best(scores, rows, k)

    def _candidates(self, query: Vectors, wanted: int, **parameters: Any) -> Rows:
        """So many rows that the index takes for near."""
        rows = self._index.search(query[None, :], min(wanted, len(self.vectors)), **parameters)[1][0]
        found: Rows = rows[rows >= 0].astype(np.int64)
        return found

    def _among(self, query: Vectors, wanted: int, allowed: Rows) -> Rows:
        """At least so many near rows that are allowed: those of more candidates, as codes know no selector, or else all allowed ones."""
        more = math.ceil(_WIDER * wanted * len(self.vectors) / len(allowed))
        if more > len(allowed):
            return allowed
        found = np.intersect1d(self._candidates(query, more), allowed)
        return found if len(found) >= wanted else allowed

    def _parameters(self, wanted: int, allowed: Rows | None) -> dict[str, Any]:
        """Search parameters of lists and graphs for a filtered search: only `allowed` rows count as found."""
        import faiss

        options: Any = faiss  # whose stubs lack some of its classes and arguments
        if allowed is None and (self._kind != "hnsw" or wanted <= _SEARCH_BREADTH):
            return {}
        selector = None if allowed is None else options.IDSelectorBatch(allowed)
        if self._kind == "hnsw":
            return {"params": options.SearchParametersHNSW(sel=selector, efSearch=max(_SEARCH_BREADTH, wanted))}
        return {"params": options.SearchParametersIVF(sel=selector, nprobe=self._index.nprobe)}


def _best(scores: Vectors, rows: Rows, k: int) -> tuple[Vectors, Rows]:
    """The k best scores and their rows; equal scores by row."""
    order = np.lexsort((rows, -scores))[:k]
    return scores[order], rows[order]
