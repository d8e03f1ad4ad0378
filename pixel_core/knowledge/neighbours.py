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
# Codes of four bits, which the processor looks up in registers, so that going through all of them takes a twenty-fifth of comparing all
# vectors. Lists (IVF) do not pay on sentences, which hardly cluster: .99 of the ten nearest of 100,000 lie in half of the lists, and
# looking up so many lists takes longer than it spares. A graph is as good, in 130 seconds instead of 2 and in thirty times the memory.
_CODED = 4  # dimensions a code
_LISTS = 1.6  # IVF: lists a square root of the vectors
_SCANNED, _LEAST = 52_000, 0.25  # IVF: vectors that a search goes through, and at least this share of all
_TRAINED_ON = 64  # IVF: vectors a list that the lists are learned from
_SPARE = {"hnsw": 4, "pq": 13, "ivfpq": 20}  # candidates that are scored exactly, a vector wanted: codes tell neighbours apart less well
_WIDER = 2  # candidates more where only some rows are allowed, which may be fewer around the query than elsewhere
_SMALL = 20_000  # so few vectors of the wanted kinds are compared one by one


def kind_for(wanted: Wanted, count: int) -> Kind:
    """The kind of index for so many vectors: `auto` is exact below 50,000 and by codes beyond."""
    if wanted != "auto":
        return wanted
    return "flat" if count < FLAT_BELOW else "pq"


def indexed(vectors: Vectors, kind: Kind) -> Any:
    """A FAISS index (inner product) over vectors of length 1; the same vectors give the same index."""
    import faiss

    count, dimensions = vectors.shape
    codes = dimensions // math.gcd(_CODED, dimensions)
    options: Any = faiss  # whose stubs lack some of its classes and arguments
    index: Any
    if kind == "flat":
        index = faiss.IndexFlatIP(dimensions)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(dimensions, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _BREADTH
        index.hnsw.efSearch = _SEARCH_BREADTH
    elif kind == "pq":
        index = options.IndexPQFastScan(dimensions, codes, 4, faiss.METRIC_INNER_PRODUCT)
    else:
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
        return _best(np.take(self._plain, rows, axis=0) @ query, rows, k)  # which is faster than an index of rows

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
