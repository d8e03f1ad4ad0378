"""The knowledge index: passages as vectors in FAISS and as words in BM25, with the passages beside them in the same order."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, input_digest, write_json, write_table
from pixel_core.knowledge.encoder import encoder_digest, load_encoder
from pixel_core.knowledge.lexical import write_lexical
from pixel_core.knowledge.neighbours import INDEX, Wanted, indexed, kind_for
from pixel_core.knowledge.passages import TABLE as PASSAGES
from pixel_core.knowledge.vectors import embed, embedded_texts

VERSION = "4"
ENCODER = "encoder.json"

logger = logging.getLogger(__name__)


def build_index(passages: Path, out: Path, *, encoder: str, index: Wanted, force: bool = False) -> Built:
    """The passages of an artifact folder as an index for `Retriever.open`: row n of every file is passage n of `passages.parquet`.

    Only documents whose texts changed since the index that lies in `out` are embedded; `force` embeds all, and gives the same
    bytes. `auto` searches exactly below 50,000 passages, else by codes (PQ); `ivfpq` by codes in lists, `hnsw` by a graph.
    """
    return build(
        out,
        kind="knowledge_index",
        version=VERSION,
        inputs={"passages": input_digest(passages), "encoder": encoder_digest(encoder), "index": index},
        write=lambda stage: _write(pl.read_parquet(passages / PASSAGES), stage, encoder, index, None if force else out),
        force=force,
    )


def _write(table: pl.DataFrame, stage: Path, name: str, wanted: Wanted, earlier: Path | None) -> Summary:
    import faiss

    encoder = load_encoder(name)
    texts = embedded_texts(table)
    tokens = encoder.tokens(texts)
    vectors = embed(table, encoder, stage, earlier=earlier)
    kind = kind_for(wanted, table.height)
    logger.info("indexing %d vectors (%s)", len(vectors), kind)
    faiss.write_index(indexed(vectors, kind), str(stage / INDEX))
    write_lexical(texts, stage)
    write_table(stage / PASSAGES, table)
    about = {
        "encoder": name,
        "precision": encoder.precision,
        "dimensions": encoder.dimensions,
        "positions": encoder.positions,
        "index": kind,
    }
    write_json(stage / ENCODER, about)
    figures = {
        "index": kind,
        "dimensions": encoder.dimensions,
        "documents": table["file"].n_unique(),
        "longest_tokens": max(tokens),
        "cut_passages": sum(1 for n in tokens if encoder.positions and n > encoder.positions),
    }
    return Summary(rows=table.height, figures=figures)
