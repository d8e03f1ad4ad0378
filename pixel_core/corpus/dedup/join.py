"""Near-duplicates by an exact set join: every pair at the threshold is found, and none below it.

MinHash guesses similar pairs and misses some. Here bounds that hold for every pair choose the candidates (a text whose shingles mostly
stand nowhere else has no partner; see also `prefixes`), and their sets decide.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pixel_core.corpus.dedup.prefixes import HALF, LOW, Prefixes, frequencies, fresh
from pixel_core.corpus.dedup.shingles import Hashes, Places, Shingles, shingle, take

logger = logging.getLogger(__name__)

_BATCH = 1 << 22  # shingles compared at a time
Found = tuple[Places, Places, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of texts by number, the smaller first, with their Jaccard similarity, in order."""

    first: Places
    second: Places
    jaccard: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)


def near_duplicates(texts: Sequence[str], *, threshold: float = 0.8, words: int = 5) -> list[tuple[int, ...]]:
    """Clusters of texts that are the same or nearly so, each in order of number, the cluster with the smallest number first.

    Two texts are near-duplicates when the sets of their runs of `words` words have a Jaccard similarity of at least `threshold`;
    a cluster holds what a chain of such pairs links. Texts without words are in no cluster.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = near_duplicate_pairs(texts, threshold=threshold, words=words)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs.first, pairs.second)), shape=(len(texts), len(texts)))
    _, label = connected_components(graph, directed=False)
    members = np.unique(np.concatenate((pairs.first, pairs.second)))
    clusters: dict[int, list[int]] = {}
    for text in members.tolist():
        clusters.setdefault(int(label[text]), []).append(text)
    return [tuple(cluster) for cluster in clusters.values()]


def near_duplicate_pairs(texts: Sequence[str], *, threshold: float = 0.8, words: int = 5) -> Pairs:
    """The pairs at or above the threshold; of texts with the very same shingles each is paired with the first of them alone."""
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is no Jaccard similarity: choose one above 0, at most 1")
    if words < 1:
        raise ValueError(f"a shingle of {words} words holds nothing: choose words of at least 1")
    found = shingle(texts, words)
    prefixes = Prefixes.of(found, frequencies(found.hashes), threshold)
    copies = np.flatnonzero(prefixes.twin != np.arange(len(found)))
    pairs: list[Found] = [(prefixes.twin[copies], copies, np.ones(len(copies)))]
    for one, other in prefixes.candidates(threshold):
        logger.info("%d pairs of %d texts may be alike", len(one), len(found))
        pairs += [_compare(found, *batch, threshold) for batch in _batches(found, one, other)]
    first, second, jaccard = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], jaccard[order])


def _batches(found: Shingles, first: Places, second: Places) -> Iterator[tuple[Places, Places]]:
    """The pairs in parts that hold a bounded number of shingles."""
    ends = np.cumsum(found.sizes[first] + found.sizes[second])
    if len(ends):
        cuts = np.searchsorted(ends, np.arange(_BATCH, ends[-1], _BATCH))
        yield from zip(np.split(first, cuts), np.split(second, cuts), strict=True)


def _compare(found: Shingles, first: Places, second: Places, threshold: float) -> Found:
    """Those of these pairs that reach the threshold: what two sets share stands twice among the shingles of both."""
    texts, place = np.unique(np.concatenate((first, second)), return_inverse=True)
    shingles, starts = _sets(found.of(texts))
    keys = []
    for sets in (place[: len(first)], place[len(first) :]):
        members, begin = take(shingles, starts, sets)
        keys.append((np.repeat(np.arange(len(sets), dtype=np.uint64), np.diff(begin)) << HALF) | members)
    merged = np.sort(np.concatenate(keys))
    twice = merged[1:][merged[1:] == merged[:-1]]
    shared = np.bincount((twice >> HALF).astype(np.int64), minlength=len(first))
    sizes = np.diff(starts)[place]
    jaccard = shared / np.maximum(sizes[: len(first)] + sizes[len(first) :] - shared, 1)
    reached = jaccard >= threshold - 1e-12
    return first[reached], second[reached], jaccard[reached]


def _sets(found: Shingles) -> tuple[Hashes, Places]:
    """The different shingles of each text, as numbers of 32 bits in order, and where each text begins."""
    order = np.argsort(found.hashes)
    keys = np.empty(len(order), np.uint64)
    keys[order] = np.cumsum(fresh(found.hashes[order])) - 1
    keys |= np.repeat(np.arange(len(found), dtype=np.uint64) << HALF, found.sizes)
    keys.sort()
    keys = keys[fresh(keys)]
    return keys & LOW, np.searchsorted(keys, np.arange(len(found) + 1, dtype=np.uint64) << HALF)
