"""Which language a text is in: common English words tell most of it, lingua (Apache-2.0, models packaged) the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

_LEAST = 40  # letters from which a language can be told
_LOOKED_AT = 1500  # characters that are looked at
_ENGLISH_SHARE = 0.2  # of the words that are common English ones: dialogues of ESConv have .39 and more, other languages up to about .1
_COMMON = (
    "the and to of a in is it you that he was for on are with as i his they be at this have from or had by not but what were we when your"
    " can said there an which do how their if will up about out then she so would like him her has me my no been who its did get just"
)
_ENGLISH = frozenset(_COMMON.split())
# What public dialogue sets are in; the fewer there are, the faster and surer each is told from the others.
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "tr", "id", "ru", "uk", "ar", "hi", "zh", "ja", "ko")
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of a text; None when it is too short to tell."""
    text = text[:_LOOKED_AT]
    words = _WORD.findall(text.lower())
    if sum(map(len, words)) < _LEAST and text.isascii():
        return None
    if words and sum(word in _ENGLISH for word in words) >= _ENGLISH_SHARE * len(words):
        return "en"
    found = _detector().detect_language_of(text)
    return None if found is None else str(found.iso_code_639_1.name).lower()


def is_in(text: str, languages: Sequence[str]) -> bool:
    """Whether a text is in one of these languages, or too short to tell."""
    return (found := language_of(text)) is None or found in languages


@cache
def _detector() -> Any:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in LANGUAGES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
