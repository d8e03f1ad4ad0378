"""Contact data become pseudonyms: the same address, number or link has the same one throughout a conversation.

E-mail addresses, phone numbers and web links are found here. Names of people are not yet: they need a
recogniser whose recall is measured.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from pixel_core.conversation import Conversation
from pixel_core.corpus.pairs import PreferencePair

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]", re.IGNORECASE)
# Digits in groups as people write numbers, or seven and more in a row; a sum of money, a fraction or a version has other marks around it.
_BEFORE = r"(?<![\w.,/=$£€#-])"
_GROUPS = r"(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,5}\)[\s.-]?)?\d{2,5}(?:[\s.-]\d{2,8}){1,4}(?![\w/-])(?!\.\d)"
_PHONE = re.compile(rf"{_BEFORE}{_GROUPS}|{_BEFORE}\+?\d{{7,15}}(?!\w)")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|(?:1[89]|20)\d\d[\s-](?:1[89]|20)\d\d")
# An organisation's line, not a person's: the number of a helpline must stay right.
_TOLL_FREE = re.compile(r"(?:\+?1[\s.-]?)?\(?8(?:00|33|44|55|66|77|88)\)?|0800|0808|116")


class Pseudonyms:
    """The pseudonyms of one conversation, handed out in order of first appearance.

    Applying them twice changes nothing: pseudonyms are numbered as they appear, so each becomes itself.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self.counts: Counter[str] = Counter()

    def apply(self, text: str) -> str:
        """The text with its contact data replaced."""
        text = _EMAIL.sub(lambda m: self._of("email", m[0].casefold()), text)
        text = _LINK.sub(lambda m: self._of("link", m[0].casefold().rstrip("/")), text)
        return _PHONE.sub(self._phone, text)

    def _phone(self, match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        if not 7 <= len(digits) <= 15 or _DATE.fullmatch(match[0]) or _TOLL_FREE.match(match[0]):
            return match[0]
        return self._of("phone", digits)

    def _of(self, kind: str, key: str) -> str:
        self.counts[kind] += 1
        if (kind, key) not in self._known:
            number = 1 + sum(known == kind for known, _ in self._known)
            self._known[(kind, key)] = _pseudonym(kind, number)
        return self._known[(kind, key)]


def _pseudonym(kind: str, number: int) -> str:
    """Reserved for examples: example.org, and the numbers 555-0100 to 555-0199 under successive area codes."""
    if kind == "email":
        return f"contact{number}@example.org"
    if kind == "link":
        return f"https://example.org/{number}"
    return f"{200 + number // 100}-555-01{number % 100:02d}"


def pseudonymise(conversation: Conversation) -> tuple[Conversation, Counter[str]]:
    """The conversation without contact data, and how many mentions were replaced by kind."""
    pseudonyms = Pseudonyms()
    turns = tuple(replace(turn, content=pseudonyms.apply(turn.content)) for turn in conversation.turns)
    return replace(conversation, turns=turns), pseudonyms.counts


def pseudonymise_pair(pair: PreferencePair) -> tuple[PreferencePair, Counter[str]]:
    """The preference pair without contact data, and how many mentions were replaced by kind."""
    pseudonyms = Pseudonyms()
    prompt, chosen, rejected = (pseudonyms.apply(text) for text in (pair.prompt, pair.chosen, pair.rejected))
    return replace(pair, prompt=prompt, chosen=chosen, rejected=rejected), pseudonyms.counts
