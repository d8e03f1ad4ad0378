"""Which words of a conversation are names of people.

A word is a name when it stands in a telling place (`my name is ...`, `Dr. ...`, `my sister ...`, `Hi ...`), or when it begins with a
capital and stands in the lists; one that is also a common word only in the middle of a sentence. A word with a capital behind a given
name is a surname. Once found, a name counts wherever the conversation says it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixel_core.corpus.names.lists import Names, load_names

Kind = Literal["given", "surname"]

_LETTERS = r"[^\W\d_]"
WORD = re.compile(rf"(?<![\w@/#]){_LETTERS}+(?:['\u2019-]{_LETTERS}{{2,}})*(?![\w@])")
_KIN = (
    r"(?:mom|mum|mother|dad|father|sister|brother|son|daughter|wife|husband|partner|boyfriend|girlfriend|fianc[eé]e?|bf|gf|ex|aunt|uncle|cousin"
    r"|niece|nephew|grandma|grandpa|grandmother|grandfather|friend|bestie|roommate|neighbou?r|boss|manager|supervisor|coworker|colleague"
    r"|teacher|therapist|counsell?or|doctor|dog|cat)"
)
# What stands before a name. The first sort is followed by a name whoever bears it, the second by one that is listed.
_SURELY = re.compile(
    r"(?:(?i:\b(?:my|her|his|their|the) (?:first |last |full |real |middle )?names? (?:is|are|was|were)|\b(?:is|was|be) (?:named|called)"
    r"|\bnamed|\b(?:you can |just |please )?call me)|\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Rev|Fr|Sr)\.?"
    r"|\b(?:Doctor|Professor|Aunt(?:ie|y)?|Uncle|Sister|Brother|Nurse|Officer|Coach|Pastor|Father|Rabbi|Imam|Reverend))\s+$"
)
_LISTED = re.compile(
    r"(?:\b(?:i am|i'm|im|i\u2019m|this is|it's|it\u2019s|its|i go by|name's|hi|hello|hey|dear|thanks|thank you|bye|goodbye|sorry|welcome"
    rf"|(?:my|her|his|our|their|your|a) (?:\w+ )?{_KIN}),?)\s+$",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"\s+(?:said|says|told|asked|wants|wanted|keeps|left|went|came|called|texted|thinks|thought|doesn|didn|knows|knew|made)\b"
)
_BEGINS = re.compile(r"(?:^|[.!?:;\n\u2026]['\")\]\u201d\u2019]*\s*|^\W+|[\"\u201c(\[*]\s*)$")
_LOOKED_AT = 40  # characters before a word that decide where it stands
_SHOUTED = 0.6  # share of words with a capital from which capitals say nothing, as in a title


@dataclass(frozen=True, slots=True)
class Found:
    """A name that a conversation says: what it is, in small letters, and the turn that says it first."""

    name: str
    kind: Kind
    turn: int


def find_names(texts: Sequence[str], without: frozenset[str] = frozenset()) -> list[Found]:
    """The names in the turns of a conversation, in order of appearance; words of `without` (in small letters) are none."""
    names = load_names()
    found: dict[str, Found] = {}
    for number, text in enumerate(texts):
        after_given = len(text)  # where a surname would begin
        capitals = _capitals_tell(text)
        for match in WORD.finditer(text):
            word = match[0]
            if word.islower() and word.isalpha() and word not in names.given:
                continue  # most words: no name without a capital
            word = _bare(word)
            small = word.lower()
            behind = text[after_given : match.start()] == " " and _is_surname(word, names)
            if small in without:
                after_given = len(text)
            elif behind or _is_given(text, match.start(), word, names, capitals=capitals):
                after_given = len(text) if behind else match.start() + len(word)
                found.setdefault(small, Found(small, "surname" if behind else "given", number))
    return list(found.values())


def _bare(word: str) -> str:
    """The word without a possessive."""
    return re.sub(r"['\u2019][sS]$", "", word)


def _is_surname(word: str, names: Names) -> bool:
    """Whether a word behind a given name goes on with it."""
    return word[0].isupper() and len(word) > 2 and not word.isupper() and word.lower() not in names.no_surname


def _is_given(text: str, start: int, word: str, names: Names, *, capitals: bool) -> bool:
    small = word.lower()
    listed, upper = small in names.given, word[0].isupper()
    if len(word) < 2 or not (listed or upper) or small in names.no_surname:
        return False
    before = text[max(0, start - _LOOKED_AT) : start]
    common = small in names.words or small in names.never
    if _SURELY.search(before) and (upper or not common):
        return True
    if not listed or small in names.never:
        return False
    if _LISTED.search(before) and (upper or not common):
        return True
    if not upper or word.isupper() or not capitals:
        return False
    return not common or not _BEGINS.search(before) or bool(_DOES.match(text, start + len(word)))


def _capitals_tell(text: str) -> bool:
    """Whether most words of a text begin with small letters, so that a capital means something."""
    words = [word for word in WORD.findall(text) if len(word) > 1]
    return sum(word[0].isupper() for word in words) <= max(_SHOUTED * len(words), 2)
