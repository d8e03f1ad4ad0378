"""The knowledge index: passages as vectors in FAISS, with the passages beside them in the same order."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from pixel_core.artifacts import Built, Summary, build, input_digest, write_json, write_table
from pixel_core.knowledge.encoder import Vectors, load_encoder
from pixel_core.knowledge.passages import TABLE as PASSAGES

VERSION = "1"
INDEX = "index.faiss"
ENCODER = "encoder.json"
Kind = Literal["flat", "hnsw"]
_NEIGHBOURS = 32  # HNSW links a node; 32 keeps recall@10 above .98 on sentence vectors
_BREADTH = 200  # HNSW candidates while building
SEARCH_BREADTH = 128  # and while searching

logger = logging.getLogger(__name__)


def build_index(passages: Path, out: Path, *, encoder: str, index: Kind, force: bool = False) -> Built:
    """The passages of an artifact folder as `index.faiss` (inner product of vectors of length 1), `passages.parquet` in the order of
    the index, and `encoder.json`.

    `flat` searches exactly; `hnsw` approximately, for more than about 50,000 passages.
    """
    return build(
        out,
        kind="knowledge_index",
        version=VERSION,
        inputs={"passages": input_digest(passages), "encoder": encoder, "index": index},
        write=lambda stage: _write(pl.read_parquet(passages / PASSAGES), stage, encoder, index),
        force=force,
    )


def _write(table: pl.DataFrame, stage: Path, name: str, kind: Kind) -> Summary:
    import faiss

    encoder = load_encoder(name)
    texts = embedded_texts(table)
    tokens = encoder.tokens(texts)
    logger.info("embedding %d passages with %s", len(texts), name)
    vectors = encoder.encode(texts)
    faiss.write_index(_indexed(vectors, kind), str(stage / INDEX))
    write_table(stage / PASSAGES, table)
    write_json(stage / ENCODER, {"encoder": name, "dimensions": int(vectors.shape[1]), "index": kind, "positions": encoder.positions})
    figures = {
        "dimensions": int(vectors.shape[1]),
        "longest_tokens": max(tokens),
        "cut_passages": sum(1 for n in tokens if encoder.positions and n > encoder.positions),
    }
    return Summary(rows=table.height, figures=figures)


def embedded_texts(passages: pl.DataFrame) -> list[str]:
    """What of each passage is embedded: its heading and its text, so that the middle of a record still says what it is about."""
    return [f"{heading}\n{text}" if heading else text for heading, text in passages.select("heading", "text").iter_rows()]


def _indexed(vectors: Vectors, kind: Kind) -> Any:
    import faiss

    if kind == "flat":
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        return flat
    graph = faiss.IndexHNSWFlat(vectors.shape[1], _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = _BREADTH
    graph.hnsw.efSearch = SEARCH_BREADTH
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # several threads would link the graph in the order in which they happen to run
    try:
        graph.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)
    return graph


def stored_vectors(folder: Path) -> Vectors:
    """The vectors of an index, read back from it."""
    import faiss

    index = faiss.read_index(str(folder / INDEX))
    return np.asarray(index.reconstruct_n(0, index.ntotal), dtype=np.float32)
