"""Retrieval: the passages nearest in meaning to a query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.knowledge.encoder import Encoder, load_encoder
from pixel_core.knowledge.index import ENCODER, INDEX
from pixel_core.knowledge.passages import TABLE as PASSAGES


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage: where it stands, its text, and the cosine of its vector to the query's."""

    id: str
    kind: str
    heading: str
    text: str
    file: str
    start: int
    end: int
    score: float


class Retriever:
    """An opened knowledge index. Vectors are mapped from the file, not copied; nothing is unpickled."""

    def __init__(self, index: Any, passages: pl.DataFrame, encoder: Encoder) -> None:
        self._index = index
        self._passages = passages
        self._encoder = encoder

    @classmethod
    def open(cls, path: Path) -> Retriever:
        """The retriever of a `knowledge_index` folder; raises ArtifactError when the folder is missing or altered."""
        import faiss

        verify(path)
        encoder = load_encoder(json.loads((path / ENCODER).read_text(encoding="utf-8"))["encoder"])
        return cls(faiss.read_index(str(path / INDEX), faiss.IO_FLAG_MMAP_IFC), pl.read_parquet(path / PASSAGES), encoder)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def retrieve(self, query: str, k: int = 5) -> list[Hit]:
        """The k passages nearest to the query, best first; fewer when the index holds fewer."""
        if k < 1:
            raise ValueError(f"k = {k}: ask for at least one passage")
        scores, rows = self._index.search(self._encoder.encode([query]), min(k, len(self)))
        return [self._hit(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def _hit(self, row: int, score: float) -> Hit:
        found = self._passages.row(row, named=True)
        return Hit(**{name: found[name] for name in ("id", "kind", "heading", "text", "file", "start", "end")}, score=score)
