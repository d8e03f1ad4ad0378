"""How well retrieval answers the gold questions: recall@5 and nDCG@10 of fusion beside plain vectors and plain words."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from pixel_core.artifacts import tree_digest, verify, write_json
from pixel_core.knowledge.fusion import DENSE, FITTED, LEXICAL, Weights, fitted_base, fitted_weights, fusion
from pixel_core.knowledge.gold import Asked, Half, asked_of, read_gold
from pixel_core.knowledge.passages import base_digest
from pixel_core.knowledge.retrieval import Retriever
from pixel_core.knowledge.sources import KnowledgeError

Measure = Literal["recall_at_5", "ndcg_at_10"]
MEASURES: tuple[Measure, ...] = ("recall_at_5", "ndcg_at_10")
_RECALL_DEPTH, _GAIN_DEPTH = 5, 10
_RESAMPLES = 2000
_LEXICAL = tuple(round(0.02 * step, 2) for step in range(51))  # weights of the words that are tried
_CHANCES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)  # and shares of words that are taken for chance
_TIE = 1e-9
Values = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signals:
    """The two scores of every passage for every asked question, [questions, passages], and the rows that answer."""

    asked: Sequence[Asked]
    dense: Scores
    lexical: Scores

    @classmethod
    def of(cls, retriever: Retriever, asked: Sequence[Asked]) -> Signals:
        """Ask the questions once; every weighting can then be measured without asking again."""
        return cls(asked, *retriever.signals([one.question.question for one in asked]))

    def values(self, weights: Weights, measure: Measure) -> Values:
        """The measure of every question under these weights."""
        fused = weights.fuse(self.dense, self.lexical)
        order = np.argsort(-fused, axis=1, kind="stable")[:, :_GAIN_DEPTH]
        score = recall_at_5 if measure == "recall_at_5" else ndcg_at_10
        return np.array([score(rows.tolist(), one.rows) for rows, one in zip(order, self.asked, strict=True)])

    def only(self, keep: Iterable[bool]) -> Signals:
        """The questions that are to be kept."""
        mask = np.fromiter(keep, dtype=bool)
        return Signals([one for one, kept in zip(self.asked, mask, strict=True) if kept], self.dense[mask], self.lexical[mask])


def recall_at_5(found: Sequence[int], right: frozenset[int]) -> float:
    """The share of the answering passages among the first five; of the five when there are more."""
    return len(set(found[:_RECALL_DEPTH]) & right) / min(_RECALL_DEPTH, len(right))


def ndcg_at_10(found: Sequence[int], right: frozenset[int]) -> float:
    """Discounted gain of the answering passages among the first ten, relative to the best order."""
    gain = sum(1 / math.log2(place + 2) for place, row in enumerate(found[:_GAIN_DEPTH]) if row in right)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(_GAIN_DEPTH, len(right))))


def fit(signals: Signals) -> tuple[Weights, float]:
    """The most even weights among the best, and the best's mean nDCG@10; none that loses to words alone on the lexical questions.

    The mean hardly moves over a wide range, and its highest point moves with every reworded passage. So to fall short by no
    more than one standard error of the difference is not to fall short (Breiman's rule), of the best and of words alone.
    """
    tried = [Weights.of(lexical, chance) for chance in _CHANCES for lexical in _LEXICAL]
    values = [signals.values(weights, "ndcg_at_10") for weights in tried]
    spoken = np.array([one.question.style == "lexical" for one in signals.asked])
    words = signals.values(LEXICAL, "ndcg_at_10")
    allowed = [i for i, found in enumerate(values) if _is_no_worse(found[spoken], words[spoken])]
    best = max(allowed, key=lambda i: float(values[i].mean()))  # words alone are among those tried, so one is always allowed
    equal = [i for i in allowed if _is_no_worse(values[i], values[best])]
    even = min(equal, key=lambda i: (abs(tried[i].lexical - tried[i].dense), tried[i].chance))
    return tried[even], float(values[best].mean())


def _is_no_worse(values: Values, than: Values) -> bool:
    """Whether the values fall short of others, question by question, by no more than a standard error of the mean difference."""
    lost = than - values
    return not lost.size or float(lost.mean()) <= float(lost.std()) / math.sqrt(lost.size) + _TIE


def compare(signals: Signals, weights: Weights) -> dict[str, Mapping[str, float]]:
    """Figures by style (`all`, `lexical`, `paraphrase`) and measure: fused, dense, bm25, and the leads with their intervals."""
    figures: dict[str, Mapping[str, float]] = {}
    for style in ("all", "lexical", "paraphrase"):
        part = signals.only(style in ("all", one.question.style) for one in signals.asked)
        if not part.asked:
            continue
        for measure in MEASURES:
            fused = part.values(weights, measure)
            row: dict[str, float] = {"questions": len(part.asked), "fused": float(fused.mean())}
            for name, other in (("dense", DENSE), ("bm25", LEXICAL)):
                values = part.values(other, measure)
                low, high = interval(fused - values, seed=f"{style}:{measure}:{name}")
                row |= {name: float(values.mean()), f"lead_over_{name}_low": low, f"lead_over_{name}_high": high}
            figures[f"{style}.{measure}"] = row
    return figures


def measure(artifacts: Path, gold: Path, *, fit_anew: bool = False) -> str:
    """The figures of the half `figures` as a text for people; `fit_anew` first fits the weights and stores them in `fusion.json`.

    Raises KnowledgeError when the artifacts hold no passage that answers a question, ArtifactError when they are missing.
    """
    verify(artifacts / "knowledge_passages")
    asked, lost = asked_of(read_gold(gold), artifacts / "knowledge_passages")
    if not asked:
        raise KnowledgeError(f"{artifacts} holds no passage that answers a question of {gold}: build the knowledge that ships")
    signals, base = Signals.of(Retriever.open(artifacts / "knowledge_index"), asked), base_digest(artifacts / "knowledge_index")
    if fit_anew:
        write_json(Path(str(files("pixel_core.knowledge") / FITTED)), fitted_on(signals, gold, base))
        fusion.cache_clear()
    weights = fitted_weights()
    figures = compare(signals.only(one.question.half == "figures" for one in signals.asked), weights)
    head = f"{len(asked)} questions, {len(lost)} without their passage; {weights}"
    if base != fitted_base():
        head += "\nThe weights were fitted on other passages than these: --fit fits them anew"
    rows = [f"{'':24}{'n':>4}{'fused':>8}{'vectors':>9}{'words':>8}  lead over vectors   lead over words"]
    for name, row in figures.items():
        leads = "  ".join(f"[{row[f'lead_over_{other}_low']:+.3f}, {row[f'lead_over_{other}_high']:+.3f}]" for other in ("dense", "bm25"))
        rows.append(f"{name:24}{row['questions']:4.0f}{row['fused']:8.3f}{row['dense']:9.3f}{row['bm25']:8.3f}  {leads}")
    return "\n".join([head, *rows])


def fitted_on(signals: Signals, gold: Path, base: str) -> dict[str, Any]:
    """The contents of `fusion.json`: the weights fitted on the half `fit`, on what and how, and the figures of the other half.

    `base` is the digest of the passages, by which a check sees that they have changed since.
    """
    halves = {half: signals.only(one.question.half == half for one in signals.asked) for half in get_args(Half)}
    weights, best = fit(halves["fit"])
    return {
        "weights": asdict(weights),
        "fitted": {
            "by": "python -m pixel_core retrieval --fit",
            "rule": "the highest mean nDCG@10 on the half `fit`, at no loss on its lexical questions against words alone",
            "tried": {"lexical": list(_LEXICAL), "chance": list(_CHANCES)},
            "ndcg_at_10": round(best, 4),
            "questions": len(halves["fit"].asked),
            "questions_digest": tree_digest(gold),
            "base_digest": base,
        },
        "figures": {
            name: {figure: round(value, 4) for figure, value in row.items()} for name, row in compare(halves["figures"], weights).items()
        },
    }


def interval(differences: Values, *, seed: str) -> tuple[float, float]:
    """The central 95 % of the mean of paired differences over resampled questions; the same seed gives the same interval."""
    generator = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    drawn = generator.integers(0, len(differences), size=(_RESAMPLES, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
