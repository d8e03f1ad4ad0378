"""Nearest vectors: exact, or by compressed lists (IVF-PQ) or a graph (HNSW) whose candidates are scored again exactly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pixel_core.knowledge.encoder import Vectors
from pixel_core.knowledge.vectors import stored_vectors

INDEX = "index.faiss"
Kind = Literal["flat", "hnsw", "ivfpq"]
Wanted = Literal["auto", "flat", "hnsw", "ivfpq"]
Rows = npt.NDArray[np.int64]
FLAT_BELOW = 50_000
_LINKS, _BREADTH = 32, 200  # HNSW: links of a node, candidates while building
_SEARCH_BREADTH = 96  # HNSW: candidates while searching
# IVF-PQ with codes of four bits, which the processor looks up in registers. Over 100,000 sentences of all-MiniLM-L6-v2 it finds .99 of
# the ten nearest, as the graph does, about as fast; it is built in 3 seconds instead of 130 and takes a thirtieth of the memory.
_CODES = 96  # four-bit codes of a vector
_LISTS = 1.6  # lists a square root of the vectors
_SCANNED, _LEAST = 52_000, 0.25  # vectors that a search goes through, and at least this share of all
_TRAINED_ON = 64  # vectors a list that the lists are learned from
_SPARE = {"hnsw": 4, "ivfpq": 20}  # candidates that are scored exactly, a vector wanted: codes tell neighbours apart less well
_SMALL = 20_000  # so few vectors of the wanted kinds are compared one by one


def kind_for(wanted: Wanted, count: int) -> Kind:
    """The kind of index for so many vectors: `auto` is exact below 50,000 and compressed lists beyond."""
    if wanted != "auto":
        return wanted
    return "flat" if count < FLAT_BELOW else "ivfpq"


def indexed(vectors: Vectors, kind: Kind) -> Any:
    """A FAISS index (inner product) over vectors of length 1; the same vectors give the same index."""
    import faiss

    count, dimensions = vectors.shape
    index: Any
    if kind == "flat":
        index = faiss.IndexFlatIP(dimensions)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(dimensions, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _BREADTH
        index.hnsw.efSearch = _SEARCH_BREADTH
    else:
        options: Any = faiss  # whose stubs lack some of its classes and arguments
        lists = max(1, min(int(_LISTS * math.sqrt(count)), count // 39))  # k-means wants 39 vectors a list
        codes = math.gcd(_CODES, dimensions)
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

    @classmethod
    def open(cls, folder: Path, kind: Kind) -> Neighbours:
        """The neighbours of a `knowledge_index` folder, which the caller has verified."""
        import faiss

        vectors = stored_vectors(folder)
        if kind != "hnsw" and getattr(faiss, "get_num_gpus", int)():  # the package without GPU support may lack the function
            exact = faiss.IndexFlatIP(vectors.shape[1])  # a GPU compares all vectors faster than lists are looked up
            exact.add(np.ascontiguousarray(vectors))
            return cls(faiss.index_cpu_to_all_gpus(exact), vectors, "flat")
        how = 0 if kind == "ivfpq" else faiss.IO_FLAG_MMAP_IFC  # codes are small, and read through from end to end
        return cls(faiss.read_index(str(folder / INDEX), how), vectors, kind)

    def search(self, query: Vectors, k: int, allowed: Rows | None = None) -> tuple[Vectors, Rows]:
        """Cosines and rows of the k vectors nearest to one query, best first, among the `allowed` rows; fewer where there are fewer."""
        if allowed is not None and (len(allowed) <= _SMALL or self._kind == "flat"):
            return _best(self.vectors[allowed] @ query, allowed, k)
        wanted = k if self._kind == "flat" else max(_SPARE[self._kind] * k, 2 * _LINKS)
        scores, rows = self._index.search(query[None, :], min(wanted, len(self.vectors)), **self._parameters(wanted, allowed))
        found = rows[0][rows[0] >= 0].astype(np.int64)
        if self._kind == "flat":
            return scores[0][: len(found)], found
        return _best(np.asarray(self.vectors)[found] @ query, found, k)  # as a plain array: the mapped kind is slower to index

    def _parameters(self, wanted: int, allowed: Rows | None) -> dict[str, Any]:
        """Search parameters for a filtered search: only `allowed` rows count as found."""
        import faiss

        options: Any = faiss  # whose stubs lack some of its classes and arguments
        if allowed is None and (wanted <= _SEARCH_BREADTH or self._kind == "ivfpq"):
            return {}
        selector = None if allowed is None else options.IDSelectorBatch(allowed)
        if self._kind == "hnsw":
            return {"params": options.SearchParametersHNSW(sel=selector, efSearch=max(_SEARCH_BREADTH, wanted))}
        if self._kind == "ivfpq":
            return {"params": options.SearchParametersIVF(sel=selector, nprobe=self._index.nprobe)}
        return {}


def _best(scores: Vectors, rows: Rows, k: int) -> tuple[Vectors, Rows]:
    """The k best scores and their rows; equal scores by row."""
    order = np.lexsort((rows, -scores))[:k]
    return scores[order], rows[order]
