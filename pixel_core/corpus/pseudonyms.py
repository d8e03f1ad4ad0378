"""Pseudonyms: what stands for a name, an address or a number, the same for the same one throughout a conversation."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pixel_core.corpus.names import find_names
from pixel_core.corpus.names.finder import WORD
from pixel_core.corpus.names.lists import load_names

# Rare names, so that hardly anybody's own name passes for a pseudonym and stays.
_FEMININE = (
    "Alvina Brisa Corisande Delmira Elowen Fenella Ginevra Hesper Isaura Jovita Kerensa Liorah Melisande Nerys Odalys Perpetua Quenby"
    " Rosalba Sunniva Tamsin Ulrika Verity Wilona Ysolde Zelpha Averil Benilde Clemency Dorothea Eluned"
)
_MASCULINE = (
    "Aldous Berwyn Caspian Dorian Emrys Florian Gethin Hadrian Isidore Jocelin Kester Leander Merrick Niall Osric Peregrin Quillan Roderic"
    " Severin Torin Ulric Valerian Wystan Xavian Yorath Zephyr Ambrose Bertrand Crispin Denzil"
)
_SURNAMES = (
    "Abernal Brackwell Cornforth Dunmarsh Ellacott Farrowby Greythorne Hollinwell Inglecombe Jessamy Kelhurst Lanthorne Marrable Netherby"
    " Orrinsmith Penhallow Quarmby Rushbrooke Stavely Thornbury Underhay Varley Wetherell Yelland Ashgrove Birchmere Calloway Dellbrook"
)
POOLS = {
    "feminine": tuple(_FEMININE.split()),
    "masculine": tuple(_MASCULINE.split()),
    "either": tuple(f"{_FEMININE} {_MASCULINE}".split()),
    "surname": tuple(_SURNAMES.split()),
}
PSEUDONYMS = frozenset(name.lower() for pool in POOLS.values() for name in pool)


def replace_names(texts: Sequence[str]) -> tuple[list[str], Counter[str]]:
    """The turns of a conversation with the names of people replaced, and how many mentions were.

    A pseudonym is chosen by the name and the turn that says it first, so the same post has the same ones wherever it stands. A woman's
    name gets a woman's. Done twice it changes nothing more: a pseudonym is left as it is.
    """
    found = find_names(texts, PSEUDONYMS)
    if not found:
        return list(texts), Counter()
    names, chosen, taken = load_names(), dict[str, str](), set[str]()
    for one in found:
        pool = POOLS["surname" if one.kind == "surname" else names.given.get(one.name, "either")]
        start = int.from_bytes(hashlib.sha256(f"{one.name}\n{texts[one.turn]}".encode()).digest()[:8])
        free = (pool[(start + step) % len(pool)] for step in range(len(pool)))
        chosen[one.name] = next((name for name in free if name not in taken), f"{pool[start % len(pool)]}{len(taken)}")
        taken.add(chosen[one.name])
    common = names.words | names.never
    counts: Counter[str] = Counter()

    def put(match: re.Match[str]) -> str:
        word = re.sub(r"['\u2019][sS]$", "", match[0])
        small = word.lower()
        doubtful = word[0].islower() and (small in common or small not in names.given)
        if small not in chosen or (doubtful and not _behind(match, chosen)):
            return match[0]
        counts["name"] += 1
        return _like(word, chosen[small]) + match[0][len(word) :]

    return [WORD.sub(put, text) for text in texts], counts


def _behind(match: re.Match[str], chosen: Mapping[str, str]) -> bool:
    """Whether the word before is a name too, as in a full name in small letters."""
    before = match.string[: match.start()].rsplit(maxsplit=1)
    return bool(before) and match.string[match.start() - 1] == " " and before[-1].lower() in chosen


def _like(word: str, pseudonym: str) -> str:
    """The pseudonym in the letters of the word: small, capital or as names are written."""
    if word.islower():
        return pseudonym.lower()
    return pseudonym.upper() if word.isupper() and len(word) > 1 else pseudonym
