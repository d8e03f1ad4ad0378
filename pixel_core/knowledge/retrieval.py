"""Retrieval: the passages that answer a query best, by meaning and by words."""

from __future__ import annotations

import json
import math
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import polars as pl

from pixel_core.artifacts import verify
from pixel_core.knowledge.diversity import diversified
from pixel_core.knowledge.encoder import Encoder, load_encoder
from pixel_core.knowledge.fusion import Scores, Weights, fitted_weights
from pixel_core.knowledge.index import ENCODER
from pixel_core.knowledge.lexical import Lexical
from pixel_core.knowledge.neighbours import Neighbours, Rows
from pixel_core.knowledge.passages import TABLE as PASSAGES

_CANDIDATES, _SPARE = 50, 10  # passages that each of the two searches proposes: at least, and a hit wanted
_REMEMBERED = 1024  # queries whose hits are kept


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage: where it stands, its text, and how well it answers.

    `score` ranks: it fuses `dense`, the cosine of its vector to the query's, with `lexical`, the share of the query's words that
    it holds, weighed as BM25 does (`fusion.Weights`). All three are at most 1.
    """

    id: str
    kind: str
    heading: str
    text: str
    file: str
    start: int
    end: int
    score: float
    dense: float = 0.0
    lexical: float = 0.0
    code: str | None = None
    sentences: tuple[tuple[str, int, int], ...] = ()
    """Each sentence of the text with the characters [start, end) where it stands in the file."""


class Hits(list[Hit]):
    """The hits of a query, best first, with the seconds of each step in `seconds`; `cached` when they were remembered."""

    def __init__(self, hits: Iterable[Hit] = (), *, seconds: Mapping[str, float] | None = None, cached: bool = False) -> None:
        super().__init__(hits)
        self.seconds = dict(seconds or {})
        self.cached = cached


class Retrieve(Protocol):
    """What writers and evaluations ask for knowledge: `Retriever.retrieve`, or any function like it."""

    def __call__(self, query: str, k: int) -> list[Hit]:
        """The k passages that answer the query best."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """A query with its options: the key under which hits are remembered."""

    query: str
    k: int
    kinds: frozenset[str] | None
    min_score: float | None
    diversity: float


@dataclass(slots=True)
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = now - self.last
        self.last = now
        self.seconds["total"] = now - self.began


class Retriever:
    """An opened knowledge index. Vectors are mapped from the file, not copied; nothing is unpickled. Threads may share it."""

    def __init__(self, neighbours: Neighbours, lexical: Lexical, passages: pl.DataFrame, encoder: Encoder, weights: Weights) -> None:
        self._neighbours = neighbours
        self._lexical = lexical
        self._passages = passages
        self._encoder = encoder
        self._weights = weights
        self._rows_of = {kind: rows.to_numpy() for kind, rows in _rows_by_kind(passages)}
        self._remembered: OrderedDict[_Ask, list[Hit]] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def open(cls, path: Path, *, weights: Weights | None = None) -> Retriever:
        """The retriever of a `knowledge_index` folder, by default with the fitted weights.

        Raises ArtifactError when the folder is missing or altered.
        """
        verify(path)
        about = json.loads((path / ENCODER).read_text(encoding="utf-8"))
        passages = pl.read_parquet(path / PASSAGES)
        neighbours, lexical = Neighbours.open(path, about["index"]), Lexical.open(path, passages.height)
        return cls(neighbours, lexical, passages, load_encoder(about["encoder"]), weights or fitted_weights())

    def __len__(self) -> int:
        return self._passages.height

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of passages that the index holds."""
        return tuple(self._rows_of)

    def retrieve(
        self,
        query: str,
        k: int = 5,
        kinds: Collection[str] | None = None,
        min_score: float | None = None,
        diversity: float = 0.0,
    ) -> Hits:
        """The k passages that answer the query best, best first; fewer when the index holds fewer.

        Passages of which neither the cosine nor the lexical score reaches `min_score` are left out.
        `kinds` searches passages of these kinds only. `diversity` (0 to 1) takes k passages that repeat each other less, in the
        order in which they were chosen. Repeated queries are answered from memory; an empty one finds nothing.

        Raises ValueError for options that mean nothing, and for a query that no text file could hold.
        """
        wanted = None if kinds is None else frozenset([kinds] if isinstance(kinds, str) else kinds)
        ask = _Ask(query, k, wanted, min_score, diversity)
        self._look_at(ask)
        watch = _Stopwatch()
        if not query.strip():
            return Hits(seconds=watch.seconds)
        with self._lock:
            if (known := self._remembered.get(ask)) is not None:
                self._remembered.move_to_end(ask)
                watch.lap("memory")
                return Hits(known, seconds=watch.seconds, cached=True)
        hits = self._found(ask, watch)
        with self._lock:
            self._remembered[ask] = hits
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return Hits(hits, seconds=watch.seconds)

    def signals(self, queries: Sequence[str]) -> tuple[Scores, Scores]:
        """The cosines and the lexical scores [queries, passages], in the order of the index: what weights are fitted on."""
        dense = self._encoder.encode(queries) @ self._neighbours.vectors.T
        return dense, np.stack([self._lexical.scores(query) for query in queries])

    def _look_at(self, ask: _Ask) -> None:
        if not isinstance(ask.k, Integral) or ask.k < 1:
            raise ValueError(f"k = {ask.k}: ask for at least one passage, and for a whole number of them")
        if ask.min_score is not None and math.isnan(ask.min_score):
            raise ValueError("min_score = nan: name the lowest score, or None for no lowest one")
        if any("\ud800" <= character <= "\udfff" for character in ask.query):
            raise ValueError("the query holds half a surrogate pair: clean the text before it is asked")
        if not 0 <= ask.diversity <= 1:
            raise ValueError(f"diversity = {ask.diversity:g}: it goes from 0 (the best) to 1 (the most different)")
        if ask.kinds is not None and (unknown := sorted(ask.kinds - set(self._rows_of))):
            raise ValueError(f"kinds {', '.join(unknown)}: the index holds {', '.join(self._rows_of)}")

    def _found(self, ask: _Ask, watch: _Stopwatch) -> list[Hit]:
        allowed = None if ask.kinds is None else np.sort(np.concatenate([self._rows_of[kind] for kind in ask.kinds] or [_NO_ROWS]))
        vector = self._encoder.encode([ask.query])[0]
        watch.lap("encode")
        pool = min(len(self), max(_CANDIDATES, _SPARE * ask.k))
        near = self._neighbours.search(vector, pool, allowed)[1]
        watch.lap("dense")
        words = self._lexical.scores(ask.query)
        shared = _largest(words, pool, allowed)
        watch.lap("lexical")
        rows = np.union1d(near, shared)
        dense = self._neighbours.vectors[rows] @ vector
        fused = self._weights.fuse(dense, words[rows])
        told = np.maximum(dense, words[rows])
        kept = np.arange(len(rows)) if ask.min_score is None else np.flatnonzero(told >= ask.min_score)
        kept = kept[np.lexsort((rows[kept], -fused[kept]))][:pool]
        if ask.diversity:
            order = kept[diversified(fused[kept], self._neighbours.vectors[rows[kept]], ask.k, ask.diversity)]
        else:
            order = kept[: ask.k]
        hits = [self._hit(int(rows[i]), float(fused[i]), float(dense[i]), float(words[rows[i]])) for i in order]
        watch.lap("fusion")
        return hits

    def _hit(self, row: int, score: float, dense: float, lexical: float) -> Hit:
        found = self._passages.row(row, named=True)
        place = {name: found[name] for name in ("id", "kind", "heading", "text", "file", "start", "end", "code")}
        sentences = tuple((span["text"], span["start"], span["end"]) for span in found["spans"])
        return Hit(**place, score=score, dense=dense, lexical=lexical, sentences=sentences)


_NO_ROWS = np.zeros(0, dtype=np.int64)


def _rows_by_kind(passages: pl.DataFrame) -> Iterable[tuple[str, pl.Series]]:
    grouped = passages.with_row_index("row").group_by("kind").agg(pl.col("row").cast(pl.Int64)).sort("kind")
    return zip(grouped["kind"], grouped["row"], strict=True)


def _largest(scores: np.ndarray, k: int, allowed: Rows | None) -> Rows:
    """The rows of the k largest scores above zero, among the allowed ones."""
    rows = np.flatnonzero(scores > 0) if allowed is None else allowed[scores[allowed] > 0]
    if len(rows) > k:
        rows = rows[np.argpartition(-scores[rows], k - 1)[:k]]
    return rows.astype(np.int64)
