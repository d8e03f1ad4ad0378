"""Which class of the taxonomy a title means: by name, by alternative name, or by code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

from pixel_core import taxonomy
from pixel_core.taxonomy import TaxonomyClass

_CODE = re.compile(r"\b([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)\b")
_OLD_CODE = re.compile(r"\b\d{3}(?:\.\d{1,2}|\.x{1,2})?(?=\s|\)|$)")  # of DSM-IV and ICD-9: names nothing here
_NUMBERING = re.compile(r"^(?:chapter|section|part)?\s*\d+(?:\.\d+)*[.:)]?\s+", re.IGNORECASE)
_ADDED = re.compile(
    r"\s*[:\u2013\u2014-]?\s*\b(?:(?:dsm-?(?:5|v)(?:-tr)?\s+)?(?:diagnostic )?(?:criteria|features)|overview)$", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def class_of_title(title: str) -> TaxonomyClass | None:
    """The class that a title such as `Panic Disorder (F41.0)` or `2.1 Social anxiety disorder (social phobia)` names, or None.

    A name counts before a code, and a code only when nothing else but it, or its own class's name, stands in the title.
    """
    codes = _CODE.findall(title)
    bare = _NUMBERING.sub("", _OLD_CODE.sub("", _CODE.sub("", title)))
    names = [bare, _ADDED.sub("", bare), re.sub(r"\([^()]*\)", "", bare), _ADDED.sub("", re.sub(r"\([^()]*\)", "", bare))]
    for name in names:
        if found := _names().get(key_of(name)):
            return taxonomy.find("dsm5", found)
    if not codes or any(c.isalpha() for c in bare):
        return None
    known = [i for i in taxonomy.ids("dsm5") if codes[0].startswith(i)]
    return taxonomy.find("dsm5", max(known, key=len)) if known else None


def key_of(name: str) -> str:
    """A name without case, punctuation and British spelling, to compare names with."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"is(ed|ation)\b", r"iz\1", name.lower()))


@cache
def _names() -> dict[str, str]:
    """Every name by which exactly one class goes: the taxonomy's, and what stands before its comma."""
    pairs = [(key_of(name), c.id) for c in taxonomy.classes("dsm5") for name in dict.fromkeys(_forms(c.name))]
    often = Counter(key for key, _ in pairs)
    return {key: found for key, found in pairs if often[key] == 1}


def _forms(name: str) -> Iterator[str]:
    yield name
    yield name.partition(",")[0]
    yield re.sub(r"\s*\([^()]*\)", "", name)
