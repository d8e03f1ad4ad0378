"""Checks of the knowledge index: what it stores belongs to its passages, and it finds what an exact search finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.artifacts import verify
from pixel_core.findings import Finding, Findings, Severity, at_least, equals, none_of
from pixel_core.knowledge import index, passages
from pixel_core.knowledge.encoder import load_encoder
from pixel_core.knowledge.fusion import DENSE, LEXICAL, fitted_base, fitted_weights
from pixel_core.knowledge.gold import asked_of, read_gold
from pixel_core.knowledge.lexical import Lexical
from pixel_core.knowledge.measuring import MEASURES, Signals
from pixel_core.knowledge.neighbours import Neighbours
from pixel_core.knowledge.retrieval import Retriever
from pixel_core.knowledge.vectors import embedded_texts, stored_vectors

_SAMPLE = 16  # passages that are embedded again and must find themselves
_QUERIES, _NEIGHBOURS, _RECALL = 200, 10, 0.98
_ANSWERED = 0.5  # of the passages that answer the gold questions, among the first five
_SAME = 0.999  # cosine of two embeddings of one text, on whatever machine


def check_index(folder: Path) -> Findings:
    """Whether the index holds the vector of every passage: unit length, of its own text, found by it, neighbours as by brute force."""
    verify(folder)
    table = pl.read_parquet(folder / passages.TABLE)
    about = json.loads((folder / index.ENCODER).read_text(encoding="utf-8"))
    encoder = load_encoder(about["encoder"])
    stored = np.asarray(stored_vectors(folder))
    texts = embedded_texts(table)
    sizes = equals("vectors", len(stored), table.height)
    if not sizes.passed:
        return Findings.of([sizes])
    neighbours = Neighbours.open(folder, about["index"])
    rows = _spread(table.height, _SAMPLE)
    again = encoder.encode([texts[row] for row in rows])
    itself = sum(texts[int(neighbours.search(vector, 1)[1][0])] == texts[row] for row, vector in zip(rows, again, strict=True))
    words = Lexical.open(folder, table.height)
    spoken = sum(bool(scores[row] >= scores.max()) for row in rows for scores in [words.scores(texts[row])])
    cut = sum(1 for n in encoder.tokens(texts) if encoder.positions and n > encoder.positions)
    return Findings.of(
        [
            sizes,
            none_of("lengths", {"not_of_length_one": int(np.sum(~(np.abs(np.linalg.norm(stored, axis=1) - 1) < 1e-3)))}),
            at_least("cosine_to_own_text", float(np.sum(again * stored[rows], axis=1).min()), _SAME),
            equals("found_by_own_text", itself, len(rows)),
            equals("found_by_own_words", spoken, len(rows)),
            at_least("recall_at_10", _recall(neighbours, stored), _RECALL),
            none_of("whole", {"passage_cut_by_encoder": cut}, severity=Severity.WARNING),
        ]
    )


def check_answers(folder: Path, source: Path, gold: Path) -> Findings:
    """Whether the index answers the gold questions about its documents: among five hits, and no worse than vectors or words alone.

    `source` is the `knowledge_passages` artifact that the index was built from. Questions about documents that are not there are
    left out, so a knowledge base of one's own is not measured by them.
    """
    verify(folder)
    verify(source)
    asked, lost = asked_of(read_gold(gold), source)
    if not asked and not lost:
        return Findings.of([Finding("gold_questions", True, "none is about these documents: not asked", "questions about these documents")])
    answerable = none_of("answers", {"question_without_its_passage": len(lost)}, severity=Severity.WARNING)
    if not asked:
        return Findings.of([answerable])
    signals = Signals.of(Retriever.open(folder), asked)
    fused, dense, words = ({m: float(signals.values(w, m).mean()) for m in MEASURES} for w in (fitted_weights(), DENSE, LEXICAL))
    findings = [answerable, _fitted_here(folder), at_least("recall_at_5", fused["recall_at_5"], _ANSWERED)]
    for measure in MEASURES:
        findings.append(at_least(f"{measure}_beside_vectors", fused[measure], dense[measure], severity=Severity.WARNING))
        findings.append(at_least(f"{measure}_beside_words", fused[measure], words[measure], severity=Severity.WARNING))
    return Findings.of(findings)


def _fitted_here(folder: Path) -> Finding:
    """Whether the fusion weights were fitted on these passages; others may ask for other weights."""
    here, there = passages.base_digest(folder), fitted_base()
    remedy = "that of the fusion weights (fit them anew: python -m pixel_core retrieval --fit)"
    return Finding("weights_fitted_on_these_passages", here == there, f"digest {here[:12]}", f"{there[:12]}, {remedy}", Severity.WARNING)


def _recall(neighbours: Neighbours, stored: np.ndarray) -> float:
    """The share of the ten exactly nearest vectors that the index finds, over stored vectors as queries."""
    queries = stored[_spread(len(stored), _QUERIES)]
    k = min(_NEIGHBOURS, len(stored))
    found = [set(neighbours.search(query, k)[1].tolist()) for query in queries]
    exact = np.argpartition(-(queries @ stored.T), k - 1, axis=1)[:, :k]
    return float(np.mean([len(hits & set(best)) / k for hits, best in zip(found, exact.tolist(), strict=True)]))


def _spread(count: int, wanted: int) -> list[int]:
    """So many rows, spread evenly over all."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(wanted, count))})
