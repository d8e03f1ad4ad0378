"""Content: what lines and sentences are about, and whether what a line takes up was said by somebody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache, lru_cache

from pixel_core.writing.phrases import bank

_COMMON = 3  # words of up to three letters tell nothing of what a line is about


@lru_cache(maxsize=20_000)
def content_of(text: str) -> frozenset[str]:
    """The words of a text that tell what it is about, without their endings."""
    words = re.findall(r"[a-z]+", text.lower().replace("'", ""))
    return frozenset(re.sub(r"(?:ing|ed|es|s|e)$", "", word) for word in words if len(word) > _COMMON and word not in _everyday())


def was_brought_up(line: str, sentences: Iterable[str], said: Collection[str]) -> bool:
    """Whether every image of a line (a dishwasher, a farm) that some of the sentences hold was said in one of them."""
    could = list(sentences)
    holders = ([s for s in could if word in content_of(s)] for word in content_of(line))
    return all(not held or any(s in said for s in held) for held in holders)


@cache
def filler_words() -> frozenset[str]:
    """Words that say nothing by themselves, whatever is talked about."""
    return frozenset(bank("words")["fillers"].split())


@cache
def _everyday() -> frozenset[str]:
    return filler_words() | frozenset(bank("words")["everyday"].split())
