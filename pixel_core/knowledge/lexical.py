"""Words in common: BM25 over the passages, as a share of the most that a passage could reach for the query."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pixel_core.artifacts import write_table

TERMS = "lexical_terms.parquet"
POSTINGS = "lexical_postings.parquet"
_SATURATION, _LENGTH = 1.2, 0.75  # BM25's k1 and b, at their customary values
_WORD = re.compile(r"[a-z0-9]+(?:['\u2019][a-z]+)?")
_DOUBLED = re.compile(r"([bdfgklmnprt])\1$")
_VOWEL = re.compile(r"[aeiouy]")
_FUNCTION_WORDS = """
a about above after again against all also although am among an and another any anybody anyone anything are around as at away be
because been before being below besides between both but by can cannot come could did do does doing done down during each either
else enough even ever every everybody everyone everything few for from get give go goes going got had has have having he her here
hers herself him himself his how however i if in instead into is it its itself just keep kind know least less let like made make
makes many may me might mine more most much must my myself neither never next no nobody none nor not nothing now of off often on
once one oneself only onto or other others our ours ourselves out over own per quite rather really same say says see seem seems
shall she should since so some somebody someone something still such take tell than that the their theirs them themselves then there
these they this those though three through till to together too toward towards under unless until up upon us use used very was way
we well went were what whatever when whenever where whether which while who whoever whole whom whose why will with within without
would yes yet you your yours yourself
"""
STOPWORDS = frozenset(_FUNCTION_WORDS.split())
Scores = npt.NDArray[np.float32]


def content_words(text: str) -> list[str]:
    """The stems of a text's words in their order, function words left out."""
    return [term for word in _WORD.findall(text.lower()) if (term := _term(word))]


@lru_cache(maxsize=1 << 17)
def _term(word: str) -> str:
    """The stem of a word without what follows its apostrophe; empty for a function word or a single letter."""
    bare = re.split("['\u2019]", word)[0]
    return "" if bare in STOPWORDS or len(word) < 2 else stem(bare)


def stem(word: str) -> str:
    """A word without its commonest English endings; `worries`, `worried` and `worrying` give one stem."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    for ending, kept in (("ied", "y"), ("ing", ""), ("ed", ""), ("ly", "")):
        left = word.removesuffix(ending)
        if left != word and len(left) > (3 if ending == "ly" else 2) and _VOWEL.search(left):  # `early` is no ear
            word = _DOUBLED.sub(r"\1", left + kept)
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def write_lexical(texts: Sequence[str], stage: Path) -> None:
    """Index the words of texts into `stage`: every term with its weight in the scale, and its postings with BM25 weights."""
    counted = [Counter(content_words(text)) for text in texts]
    lengths = np.array([sum(counts.values()) for counts in counted], dtype=np.float64)
    mean = float(lengths.mean()) or 1.0
    postings: dict[str, list[tuple[int, int]]] = {}
    for row, counts in enumerate(counted):
        for term, count in counts.items():
            postings.setdefault(term, []).append((row, count))
    terms = sorted(postings)
    rarities = [_rarity(len(postings[term]), len(texts)) for term in terms]
    rows = np.array([row for term in terms for row, _ in postings[term]], dtype=np.int32)
    times = np.array([count for term in terms for _, count in postings[term]], dtype=np.float64)
    damped = times + _SATURATION * (1 - _LENGTH + _LENGTH * lengths[rows] / mean)
    weights = np.repeat(rarities, [len(postings[term]) for term in terms]) * times * (_SATURATION + 1) / damped
    ends = np.cumsum([len(postings[term]) for term in terms])
    schema = pl.Schema({"term": pl.String, "rarity": pl.Float64, "end": pl.Int64})
    write_table(stage / TERMS, pl.DataFrame({"term": terms, "rarity": rarities, "end": ends}, schema=schema))
    write_table(stage / POSTINGS, pl.DataFrame({"row": rows, "weight": weights.astype(np.float32)}))


class Lexical:
    """An opened lexical index: scores every passage for a query."""

    def __init__(self, terms: pl.DataFrame, postings: pl.DataFrame, passages: int) -> None:
        ends = terms["end"].to_list()
        begins = [0, *ends[:-1]]
        self._places = dict(zip(terms["term"], zip(begins, ends, terms["rarity"], strict=True), strict=True))
        self._rows = postings["row"].to_numpy()
        self._weights = postings["weight"].to_numpy()
        self._passages = passages

    @classmethod
    def open(cls, folder: Path, passages: int) -> Lexical:
        """The lexical index in a `knowledge_index` folder, which the caller has verified."""
        return cls(pl.read_parquet(folder / TERMS), pl.read_parquet(folder / POSTINGS), passages)

    def scores(self, query: str) -> Scores:
        """BM25 of every passage, between 0 and 1: divided by what a passage full of every word of the query would reach.

        A word that stands nowhere counts in the divisor too, so a query in other words than the passages' scores low everywhere.
        """
        scores = np.zeros(self._passages, dtype=np.float32)
        most = 0.0
        for term in dict.fromkeys(content_words(query)):
            begin, end, rarity = self._places.get(term, (0, 0, _rarity(0, self._passages)))
            scores[self._rows[begin:end]] += self._weights[begin:end]
            most += rarity * (_SATURATION + 1)
        return scores / np.float32(most) if most else scores


def _rarity(passages_with: int, passages: int) -> float:
    return float(np.log1p((passages - passages_with + 0.5) / (passages_with + 0.5)))
