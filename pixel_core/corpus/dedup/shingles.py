"""Shingles: every run of a few words of every text, as 64-bit hashes in one flat array, counted without a Python loop.

Words are runs of letters and digits. A-Z are compared without case; a letter beyond ASCII is a letter as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)

_CHUNK = 1 << 20  # bytes of text hashed at a time: their working arrays stay in the processor's cache
_BASE = 0x9E3779B97F4A7C15  # odd, so that its powers can be inverted modulo 2^64
_STEP = 0xD6E8FEB86659FD93
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # the finaliser of splitmix64


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of texts: those of text i are `hashes[starts[i]:starts[i + 1]]`, in their order, repeats included.

    A text of fewer words than a shingle has one shingle of all its words; one without words has none.
    """

    hashes: Hashes
    starts: Places

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Places:
        """How many shingles each text has."""
        return np.diff(self.starts)

    def of(self, texts: Places) -> Shingles:
        """The shingles of these texts alone, in the order given."""
        return Shingles(*take(self.hashes, self.starts, texts))


def take(values: npt.NDArray[Number], starts: Places, rows: Places) -> tuple[npt.NDArray[Number], Places]:
    """Of rows laid end to end (row i is `values[starts[i]:starts[i + 1]]`) the given ones, laid end to end."""
    sizes = starts[rows + 1] - starts[rows]
    begin = np.concatenate(([0], np.cumsum(sizes)))
    within = np.arange(begin[-1]) - np.repeat(begin[:-1], sizes)
    return values[np.repeat(starts[rows], sizes) + within], begin


def shingle(texts: Sequence[str], words: int) -> Shingles:
    """The shingles of `words` consecutive words of every text."""
    hashes, sizes = [], []
    powers = _Powers.up_to(0)
    for data, ends in _chunks(texts):
        if len(data) >= len(powers.of):
            powers = _Powers.up_to(2 * len(data))
        spoken, starts = _words(data, ends, powers)
        chunk, count = _runs(spoken, starts, words)
        hashes.append(chunk)
        sizes.append(count)
    empty = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    return Shingles(np.concatenate(hashes or empty[0]), np.concatenate(([0], np.cumsum(np.concatenate(sizes or empty[1])))))


def _chunks(texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.uint8], Places]]:
    """The bytes of a stretch of texts, and the end of each text in them."""
    first = 0
    while first < len(texts):
        last, size = first, 0
        while last < len(texts) and (size < _CHUNK or last == first):
            size += len(texts[last])
            last += 1
        array = pa.array(texts[first:last], pa.large_string())
        _, offsets, data = array.buffers()
        ends = np.frombuffer(offsets, np.int64, last - first + 1)[1:]
        yield np.frombuffer(data, np.uint8, int(ends[-1])) if ends[-1] else np.zeros(0, np.uint8), ends
        first = last


@dataclass(frozen=True, slots=True)
class _Powers:
    """The powers of the base and of its inverse, modulo 2^64: what turns sums over a text into hashes of its words."""

    of: Hashes
    inverse: Hashes

    @classmethod
    def up_to(cls, size: int) -> _Powers:
        columns = []
        for base in (_BASE, pow(_BASE, -1, 1 << 64)):
            column = np.full(size + 1, base, np.uint64)
            column[0] = 1
            columns.append(np.cumprod(column))
        return cls(*columns)


def _words(data: npt.NDArray[np.uint8], ends: Places, powers: _Powers) -> tuple[Hashes, Places]:
    """The hash of every word, and where the words of each text begin (one more: their number)."""
    inside = _LETTER[data]
    marks = np.flatnonzero((data[:-2] == 0xE2) & (data[1:-1] == 0x80))  # typographic quotes, dashes, dots: U+2000 to U+203F
    for shift in range(3):
        inside[marks + shift] = False
    before = np.concatenate(([False], inside[:-1]))
    begins_text = np.zeros(len(data) + 1, bool)
    begins_text[np.concatenate(([0], ends))] = True
    first = np.flatnonzero(inside & (~before | begins_text[:-1]))
    after = np.concatenate((inside[1:], [False])) if len(data) else inside
    last = np.flatnonzero(inside & (~after | begins_text[1:])) + 1
    total = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((_LOWER[data].astype(np.uint64) + np.uint64(1)) * powers.of[: len(data)], out=total[1:])
    hashes = _mix((total[last] - total[first]) * powers.inverse[first])
    return hashes, np.concatenate(([0], np.searchsorted(first, ends)))


def _runs(words: Hashes, starts: Places, width: int) -> tuple[Hashes, Places]:
    """The hash of every run of `width` words within a text, and how many each text has."""
    count = np.diff(starts)
    sizes = np.where(count >= width, count - width + 1, np.minimum(count, 1))
    ends = np.repeat(starts[1:], sizes)
    place = np.arange(len(ends)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts[:-1], sizes)
    found = np.zeros(len(place), np.uint64)
    padded = np.concatenate((words, np.zeros(width, np.uint64)))
    for step in range(width):
        # In a text shorter than the run, nothing follows its last word.
        word = np.where(place + step < ends, padded[place + step], np.uint64(0)) if width > 1 else padded[place]
        found += word * np.uint64(pow(_STEP, step + 1, 1 << 64))
    return _mix(found), sizes


def _mix(value: Hashes) -> Hashes:
    """Spread a hash over all its bits."""
    value = (value ^ (value >> np.uint64(30))) * _M1
    value = (value ^ (value >> np.uint64(27))) * _M2
    return value ^ (value >> np.uint64(31))


def _table(of: range | list[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[list(of)] = True
    return table


_LETTER = _table([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x80, 0x100)])
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[0x41:0x5B] += 0x20
