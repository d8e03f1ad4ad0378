"""Which texts may be alike: those that share some of their rarest shingles, for texts that are alike cannot but do.

Of a text with n shingles a partner at threshold t shares at least o = ⌈t·n⌉. Put all shingles in one order, the rare first: then two
partners share at least k of their first n - o + k, whatever k up to o. With k above 1 a chance phrase in common makes no candidate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pixel_core.corpus.dedup.shingles import Hashes, Places, Shingles, take

WINDOW = 400  # texts sharing one rare shingle that are paired with one another; more follow a template, each is paired with its next ones
_SHARED = 4  # k: shingles of the prefixes that partners share, or all that they must share where that is fewer
_CHUNK = 1 << 22  # shingles ordered at a time
_TEXTS = 1 << 20  # ... and texts: as many as the sort keys can tell apart
_PAIRS = 1 << 25  # pairs counted at a time
_PARTS, _SPARE = 5, 2  # bits: parts that shingles are counted in at most, and room in the table of each
_OWNER, _KEY = np.uint64(44), np.uint64((1 << 44) - 1)  # a sort key: text within a chunk, then 8 bits of frequency and 36 of the hash
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)  # two numbers of 32 bits in one key, which sorts as they do


def frequencies(hashes: Hashes) -> npt.NDArray[np.uint8]:
    """How often each shingle stands in all texts, at most 255; a collision in the table makes one look commoner, never rarer."""
    found = np.empty(len(hashes), np.uint8)
    size = len(hashes).bit_length()
    parts = min(max(size - 20, 0), _PARTS)
    table = max(size - parts + _SPARE, 1)
    part_of = np.empty(len(hashes), np.uint8)
    for at in range(0, len(hashes), _CHUNK):
        part_of[at : at + _CHUNK] = np.right_shift(hashes[at : at + _CHUNK], np.uint64(63 - parts)) >> np.uint64(1)
    for part in range(1 << parts):
        places = np.flatnonzero(part_of == part)
        buckets = ((hashes[places] << np.uint64(parts)) >> np.uint64(64 - table)).astype(np.int64)
        count = np.bincount(buckets, minlength=1)
        found[places] = np.minimum(count[buckets], 255)
    return found


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The rarest shingles of texts: pairs of a shingle (its sort key) and a text, sorted by shingle, then size of the text.

    `sizes` are the texts' different shingles, `need` how many rare ones a partner shares, `twin` the first text with the same ones.
    """

    keys: Hashes
    owners: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint32]
    need: npt.NDArray[np.uint8]
    twin: Places

    @classmethod
    def of(cls, found: Shingles, common: npt.NDArray[np.uint8], threshold: float) -> Prefixes:
        """The prefixes of all texts; those that cannot have a partner have none."""
        sizes, need = np.zeros(len(found), np.uint32), np.zeros(len(found), np.uint8)
        twin, marks = np.arange(len(found)), np.zeros((len(found), 2), np.uint64)
        keys, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)]
        for texts, chunk in _chunks(found, common, threshold):
            owner = (chunk >> _OWNER).astype(np.int64)
            starts = np.searchsorted(owner, np.arange(len(texts) + 1))
            size = np.diff(starts)
            least = np.ceil(threshold * size - 1e-9).astype(np.int64)
            shared = np.minimum(least, _SHARED)
            sizes[texts], need[texts] = size, shared
            mixed = ((chunk & _KEY) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
            marks[texts] = np.stack((np.add.reduceat(mixed, starts[:-1]), np.add.reduceat(mixed * mixed, starts[:-1])), axis=1)
            within = np.arange(len(chunk)) - starts[owner]
            kept = (within < (size - least + shared)[owner]) & (((chunk & _KEY) >> np.uint64(36)) > 1)
            keys.append(chunk[kept] & _KEY)
            owners.append(texts[owner[kept]].astype(np.uint32))
        present = np.flatnonzero(sizes)
        if len(present):
            _, first, kind = np.unique(marks[present], axis=0, return_index=True, return_inverse=True)
            twin[present] = present[first[kind.ravel()]]
        key, text = np.concatenate(keys), np.concatenate(owners)
        leads = twin[text] == text
        key, text = key[leads], text[leads]
        order = np.lexsort((text, sizes[text], key))
        return cls(key[order], text[order], sizes, need, twin)

    def candidates(self, threshold: float) -> Iterator[tuple[Places, Places]]:
        """Pairs of texts that share enough of their rarest shingles and differ in size by no more than the threshold allows."""
        total = sum(len(pairs) for pairs in self._pairs(threshold))
        blocks = max(1, -(-total // _PAIRS))
        width = np.uint64(-(-len(self.sizes) // blocks))
        for block in range(blocks):
            parts = [pairs[(pairs >> HALF) // width == block] for pairs in self._pairs(threshold)]
            pairs = np.sort(np.concatenate(parts or [np.zeros(0, np.uint64)]))
            first = np.flatnonzero(fresh(pairs))
            times, pairs = np.diff(np.append(first, len(pairs))), pairs[first]
            one, other = (pairs >> HALF).astype(np.int64), (pairs & LOW).astype(np.int64)
            enough = times >= np.minimum(self.need[one], self.need[other])
            yield one[enough], other[enough]

    def _pairs(self, threshold: float) -> Iterator[Hashes]:
        """Every pair of texts that share a shingle of their prefixes, once a shingle: first with the next text, then the one after."""
        active = np.arange(len(self.keys))
        sizes = self.sizes[self.owners]
        for step in range(1, WINDOW + 1):
            active = active[active + step < len(self.keys)]
            near = (self.keys[active] == self.keys[active + step]) & (sizes[active] >= threshold * sizes[active + step] - 1e-9)
            active = active[near]
            if not len(active):
                return
            one, other = self.owners[active].astype(np.uint64), self.owners[active + step].astype(np.uint64)
            yield (np.minimum(one, other) << HALF) | np.maximum(one, other)


def fresh(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Of equal numbers that follow one another, the first."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _chunks(found: Shingles, common: npt.NDArray[np.uint8], threshold: float) -> Iterator[tuple[Places, Hashes]]:
    """Some texts at a time that may have a partner, and the sort keys of their shingles, each once a text, in order."""
    sizes = found.sizes
    full = np.searchsorted(found.starts, np.arange(0, found.starts[-1] + _CHUNK, _CHUNK))
    cuts = np.unique(np.concatenate((full, np.arange(0, len(found), _TEXTS), [0, len(found)]))).clip(max=len(found))
    for low, high in pairwise(cuts.tolist()):
        texts = low + np.flatnonzero(sizes[low:high])
        if not len(texts):
            continue
        often, starts = take(common, found.starts, texts)
        alone = np.add.reduceat(often == 1, starts[:-1], dtype=np.int64)
        texts = texts[alone <= (1 - threshold) * sizes[texts] + 1e-9]
        if len(texts):
            part, (often, _) = found.of(texts), take(common, found.starts, texts)
            owner = np.repeat(np.arange(len(texts), dtype=np.uint64), part.sizes)
            keys = (owner << _OWNER) | (often.astype(np.uint64) << np.uint64(36)) | (part.hashes >> np.uint64(28))
            keys.sort()
            yield texts, keys[fresh(keys)]
