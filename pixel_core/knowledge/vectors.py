"""The vectors of passages, embedded document by document: an edited document costs its own passages and no others."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.artifacts import ArtifactError, digest_of, verify, write_table
from pixel_core.knowledge.encoder import Encoder, Vectors, encoder_digest

VECTORS = "vectors.npy"
DOCUMENT_VECTORS = "document_vectors.parquet"
_VERSION = "2"  # of how texts become vectors; another one embeds everything anew

logger = logging.getLogger(__name__)


def embedded_texts(passages: pl.DataFrame) -> list[str]:
    """What of each passage is embedded: its heading and its text, so that the middle of a record still says what it is about."""
    return [f"{heading}\n{text}" if heading else text for heading, text in passages.select("heading", "text").iter_rows()]


def embed(passages: pl.DataFrame, encoder: Encoder, stage: Path, *, earlier: Path | None) -> Vectors:
    """The vectors of all passages, in their order, also written to `stage` with the digest of each document's texts.

    A document is one call of the encoder, so its vectors depend on no other document, and those that stand in the `earlier`
    index under the same digest have the very bits that embedding it again would give on the same machine.
    """
    texts = embedded_texts(passages)
    places: dict[str, list[int]] = {}
    for row, file in enumerate(passages["file"]):
        places.setdefault(file, []).append(row)
    who = {"version": _VERSION, "encoder": encoder_digest(encoder.name), "precision": encoder.precision, "positions": encoder.positions}
    digests = {file: digest_of(who | {"texts": [texts[row] for row in rows]}) for file, rows in places.items()}
    known = _known(earlier)
    vectors = np.empty((len(texts), encoder.dimensions), dtype=np.float32)
    embedded = 0
    for file, rows in places.items():
        if (found := known.get(digests[file])) is None:
            found = encoder.encode([texts[row] for row in rows])
            embedded += len(rows)
        vectors[rows] = found
    logger.info("embedded %d of %d passages with %s in %s", embedded, len(texts), encoder.name, encoder.precision)
    np.save(stage / VECTORS, vectors)
    documents = [{"file": file, "digest": digests[file], "rows": rows} for file, rows in places.items()]
    schema = pl.Schema({"file": pl.String(), "digest": pl.String(), "rows": pl.List(pl.Int64())})
    write_table(stage / DOCUMENT_VECTORS, pl.DataFrame(documents, schema=schema))
    return vectors


def stored_vectors(folder: Path) -> Vectors:
    """The vectors of an index in the order of its passages, mapped from the file."""
    found: Vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    return found


def _known(earlier: Path | None) -> dict[str, Vectors]:
    """The vectors of each document of an earlier index by digest; none when there is no index, or it is damaged or of another form."""
    if earlier is None:
        return {}
    try:
        files = verify(earlier).files
    except ArtifactError:
        return {}
    if not {VECTORS, DOCUMENT_VECTORS} <= set(files):
        return {}
    vectors = stored_vectors(earlier)
    documents = pl.read_parquet(earlier / DOCUMENT_VECTORS)
    return {digest: vectors[rows] for digest, rows in documents.select("digest", "rows").iter_rows()}
