"""Near-duplicates: texts that share most of their word 5-grams."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

WORDS = 5
THRESHOLD = 0.7


def shingles(text: str, words: int = WORDS) -> frozenset[tuple[str, ...]]:
    """The word n-grams of a text; a text shorter than n words is one of its own."""
    found = re.findall(r"[\w']+", text.lower())
    return frozenset(tuple(found[i : i + words]) for i in range(max(1, len(found) - words + 1)))


def jaccard(first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]) -> float:
    """Shared n-grams over all n-grams of two texts."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared) if first or second else 1.0


def near_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> set[int]:
    """The positions of texts that an earlier text resembles at least so much. Exact: no pair is missed.

    Two sets can only be that similar if they share one of the rarest (1 - threshold) of either one's members, so only those
    are looked up.
    """
    sets = [shingles(text) for text in texts]
    counts = Counter(shingle for found in sets for shingle in found)
    seen: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    doubles: set[int] = set()
    for position, found in enumerate(sets):
        rarest = sorted(found, key=lambda s: (counts[s], s))[: len(found) - math.ceil(threshold * len(found)) + 1]
        candidates = {earlier for shingle in rarest for earlier in seen[shingle]}
        if any(jaccard(found, sets[earlier]) >= threshold for earlier in candidates):
            doubles.add(position)
        for shingle in rarest:
            seen[shingle].append(position)
    return doubles
