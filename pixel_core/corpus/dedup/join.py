"""Near-duplicates by an exact set join: every pair at the threshold is found, and none below it.

MinHash guesses similar pairs and misses some. Here two bounds that hold for every pair do the same work faster: a text
whose shingles mostly stand nowhere else has no partner, and two partners share one of their rarest shingles.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pixel_core.corpus.dedup.shingles import Hashes, Places, Shingles, shingle, take

logger = logging.getLogger(__name__)

WINDOW = 400  # texts sharing one rare shingle that are compared with one another; more are a template, each compared with its next ones
_BATCH = 1 << 22  # shingles compared at a time
_PARTS, _SPARE = 5, 3  # bits: parts that shingles are counted in at most, and room in the table of each
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)  # two numbers of 32 bits in one key, which sorts as they do
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
    numbers = _with_partners(found, threshold)
    logger.info("%d of %d texts may have a near-duplicate", len(numbers), len(found))
    found = found.of(numbers)
    sets = _Sets.of(found)
    del found
    twins, originals = sets.twins()
    first, second, jaccard = sets.alone(originals).similar(threshold)
    first, second = originals[first], originals[second]
    copies = np.ones(len(twins), np.float64)
    pairs = np.concatenate((numbers[np.stack((first, second))], numbers[np.stack((twins[:, 0], twins[:, 1]))]), axis=1)
    order = np.lexsort((pairs.max(0), pairs.min(0)))
    return Pairs(pairs.min(0)[order], pairs.max(0)[order], np.concatenate((jaccard, copies))[order])


def _with_partners(found: Shingles, threshold: float) -> Places:
    """The texts that can have a partner: at least `threshold` of their shingles stand elsewhere too.

    Counts go by a hash table without keys; a collision keeps a text that has no partner and never drops one that has.
    """
    numbers = np.flatnonzero(found.sizes)
    while True:
        part = found if len(numbers) == len(found) else found.of(numbers)
        alone = np.add.reduceat(_stand_alone(part.hashes), part.starts[:-1], dtype=np.int64) if len(part) else np.zeros(0, np.int64)
        keep = alone <= (1 - threshold) * part.sizes + 1e-9
        if keep.all():
            return numbers
        shrunk = keep.sum() < 0.9 * len(keep)  # another round pays only when this one removed something
        numbers = numbers[keep]
        if not shrunk:
            return numbers


def _stand_alone(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Whether each shingle certainly stands once."""
    alone = np.empty(len(hashes), bool)
    size = len(hashes).bit_length()
    parts = min(max(size - 20, 0), _PARTS)  # bits that divide the shingles, so that the table of a part is small
    table = max(size - parts + _SPARE, 1)
    part_of = np.empty(len(hashes), np.uint8)
    for at in range(0, len(hashes), _BATCH):
        part_of[at : at + _BATCH] = np.right_shift(hashes[at : at + _BATCH], np.uint64(63 - parts)) >> np.uint64(1)
    last = np.empty(1 << table, np.uint32)
    for part in range(1 << parts):
        places = np.flatnonzero(part_of == part)
        buckets = ((hashes[places] << np.uint64(parts)) >> np.uint64(64 - table)).astype(np.uint32)
        number = np.arange(len(buckets), dtype=np.uint32)
        last[buckets] = number
        several = np.zeros(1 << table, bool)
        several[buckets[last[buckets] != number]] = True
        alone[places] = ~several[buckets]
    return alone


@dataclass(frozen=True, slots=True)
class _Sets:
    """Sets of shingles: those of set i are `ranks[starts[i]:starts[i + 1]]`, the rarest first; `count` says in how many each stands."""

    ranks: npt.NDArray[np.uint32]
    starts: Places
    count: npt.NDArray[np.int64]

    @classmethod
    def of(cls, found: Shingles) -> _Sets:
        keys, kinds = _numbered(found)
        # Each shingle once a text ...
        keys.sort()
        keys = keys[_fresh(keys)]
        count = np.bincount((keys & _LOW).astype(np.int64), minlength=kinds)
        # ... and numbered from the rarest to the commonest.
        order = np.argsort(np.minimum(count, 0xFFFF).astype(np.uint16), kind="stable")
        rank = np.empty(len(order), np.uint32)
        rank[order] = np.arange(len(order), dtype=np.uint32)
        keys = (keys & ~_LOW) | rank[(keys & _LOW).astype(np.int64)]
        keys.sort()
        starts = np.searchsorted(keys, np.arange(len(found) + 1, dtype=np.uint64) << _HALF)
        return cls(keys.astype(np.uint32), starts, count[order])

    @property
    def sizes(self) -> Places:
        return np.diff(self.starts)

    def twins(self) -> tuple[npt.NDArray[np.int64], Places]:
        """Pairs (first, copy) of sets that are equal, and the sets that are the first of their kind."""
        if not len(self.sizes):
            return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
        spread = (self.ranks.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        spread ^= spread >> np.uint64(29)
        keys = np.stack((np.add.reduceat(spread * spread, self.starts[:-1]), np.add.reduceat(spread, self.starts[:-1])), axis=1)
        _, leader, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        first = leader[inverse.ravel()]
        copies = np.flatnonzero(first != np.arange(len(first)))
        return np.stack((first[copies], copies), axis=1), np.unique(leader)

    def alone(self, sets: Places) -> _Sets:
        """These sets alone; shingles keep their numbers and counts."""
        return _Sets(*take(self.ranks, self.starts, sets), self.count)

    def similar(self, threshold: float) -> Found:
        """All pairs of sets at or above the threshold, with their similarity."""
        found = [self._compare(*pair, threshold) for pair in self._candidates(threshold)]
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        first, second, jaccard = (np.concatenate(column) for column in zip(*found, strict=True)) if found else empty
        _, once = np.unique(np.stack((first, second)), axis=1, return_index=True)
        return first[once], second[once], jaccard[once]

    def _candidates(self, threshold: float) -> Iterator[tuple[Places, Places]]:
        """Pairs that share one of their rarest shingles and differ in size by no more than the threshold allows."""
        sizes = self.sizes
        rare = sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1
        within = np.arange(self.starts[-1]) - np.repeat(self.starts[:-1], sizes)
        chosen = within < np.repeat(rare, sizes)
        owner, rank = np.repeat(np.arange(len(sizes)), sizes)[chosen], self.ranks[chosen]
        shared = self.count[rank] > 1
        owner, rank = owner[shared], rank[shared]
        order = np.lexsort((owner, sizes[owner], rank))
        owner, rank = owner[order], rank[order]
        active = np.arange(len(owner))
        for step in range(1, WINDOW + 1):
            active = active[active + step < len(owner)]
            near = (rank[active] == rank[active + step]) & (sizes[owner[active]] >= threshold * sizes[owner[active + step]] - 1e-9)
            active = active[near]
            if not len(active):
                return
            pair = np.sort(np.stack((owner[active], owner[active + step])).astype(np.uint64), axis=0)
            keys = np.sort((pair[0] << _HALF) | pair[1])
            keys = keys[_fresh(keys)]
            yield from self._batches((keys >> _HALF).astype(np.int64), (keys & _LOW).astype(np.int64))
        logger.info("more than %d texts share a rare shingle: they follow a template, and each is compared with its next ones", WINDOW)

    def _batches(self, first: Places, second: Places) -> Iterator[tuple[Places, Places]]:
        """The pairs in parts that hold a bounded number of shingles."""
        ends = np.cumsum(self.sizes[first] + self.sizes[second])
        cuts = np.searchsorted(ends, np.arange(_BATCH, ends[-1], _BATCH))
        yield from zip(np.split(first, cuts), np.split(second, cuts), strict=True)

    def _compare(self, first: Places, second: Places, threshold: float) -> Found:
        """Those of these pairs that reach the threshold: what two sets share stands twice among the ranks of both."""
        keys = []
        for sets in (first, second):
            ranks, starts = take(self.ranks, self.starts, sets)
            pair = np.repeat(np.arange(len(sets), dtype=np.uint64), np.diff(starts))
            keys.append((pair << _HALF) | ranks)
        merged = np.sort(np.concatenate(keys))
        twice = merged[1:][merged[1:] == merged[:-1]]
        shared = np.bincount((twice >> _HALF).astype(np.int64), minlength=len(first))
        jaccard = shared / (self.sizes[first] + self.sizes[second] - shared)
        reached = jaccard >= threshold - 1e-12
        return first[reached], second[reached], jaccard[reached]


def _fresh(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Of equal numbers that follow one another, the first."""
    fresh = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return fresh


def _numbered(found: Shingles) -> tuple[Hashes, int]:
    """The text of each shingle and the number of its kind in one key, and how many kinds there are."""
    order = np.argsort(found.hashes)
    number = np.cumsum(_fresh(found.hashes[order])).astype(np.uint32)
    keys = np.empty(len(order), np.uint64)
    keys[order] = number - np.uint32(1)
    keys |= np.repeat(np.arange(len(found), dtype=np.uint64) << _HALF, found.sizes)
    return keys, int(number[-1]) if len(number) else 0
