"""Originality: no more than twelve consecutive words of a licensed source stand in what is written."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_WORDS = 12
_WORDS = MOST_WORDS + 1
_BASE = 0x9E3779B97F4A7C15  # odd, so that no word's place is lost modulo 2^64
_SUFFIXES = (".txt", ".md")
Hashes = NDArray[np.uint64]


class Licensed:
    """The texts that must not be copied, as hashes of all their runs of thirteen words.

    Case, punctuation, line breaks and the form of quotation marks do not count, so a copy is found under any of them. Two
    different runs share a hash about once in 10^19 pairs.
    """

    def __init__(self, runs: Hashes) -> None:
        self._runs = np.unique(runs)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Licensed:
        """The licensed texts given as they are."""
        found = [runs_of(text) for text in texts]
        return cls(np.concatenate(found) if found else np.empty(0, np.uint64))

    @classmethod
    def read(cls, folder: Path) -> Licensed:
        """The licensed texts of a folder: its .txt and .md files. Raises ValueError when it holds none."""
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
        if not files:
            raise ValueError(f"{folder} holds no .txt or .md file: licensed sources are compared as plain text")
        return cls.of(p.read_text(encoding="utf-8") for p in files)

    @property
    def runs(self) -> Hashes:
        """The hashes, sorted: what an artifact keeps instead of the texts."""
        return self._runs

    def __len__(self) -> int:
        return int(self._runs.size)

    def copied(self, text: str) -> int:
        """How many words the longest copied run of a text has; 0 when no run is longer than is allowed."""
        if not self._runs.size:
            return 0
        runs = runs_of(text)
        places = np.minimum(np.searchsorted(self._runs, runs), self._runs.size - 1)
        found = np.concatenate(([False], self._runs[places] == runs, [False])).astype(np.int8)
        edges = np.flatnonzero(np.diff(found))
        longest = int((edges[1::2] - edges[::2]).max(initial=0))
        return longest + MOST_WORDS if longest else 0


def runs_of(text: str) -> Hashes:
    """A hash for every run of thirteen words of a text, in their order."""
    words = np.fromiter((_hashed(word) for word in _words(text)), np.uint64)
    count = max(0, words.size - MOST_WORDS)
    runs = np.zeros(count, np.uint64)
    for place in range(_WORDS):
        runs = runs * np.uint64(_BASE) + words[place : place + count]
    return runs


def _words(text: str) -> list[str]:
    plain = re.sub(r"['\u2018\u2019\u00ad\u200b]|[-\u2010\u2011]\s*\n\s*", "", unicodedata.normalize("NFKC", text))
    return re.findall(r"[^\W_]+", plain.casefold())


@lru_cache(maxsize=200_000)
def _hashed(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
