"""Names and contact data become pseudonyms: the same one has the same one throughout a conversation.

E-mail addresses, links, handles, street addresses, account and phone numbers are found by how they are written, names of people by lists
(Faker's, and `names/words.yaml`) and by where they stand. Names of the 1990 United States census (1,000 of men and women each, drawn by
frequency, no part of the lists), planted in public dialogues, are found at these rates: 92 % in ESConv and in counsel-chat, 89 % in forum
posts at the places where GoEmotions had masked a name. Of what is found in those posts 98.8 % was planted; 1.2 words in 1,000 were not.
`make bench ARGS="-k planted_names"` measures it with names that everybody can plant: of 80 common ones of several countries 97 % are found
in ESConv and in counsel-chat; of given names from fourteen countries whose lists are not read 60 % and 62 %, since one that no list holds
is found in a telling place only (`my name is ...`, `Dr. ...`).
What is missed are mostly names that are places or months (Virginia, April), small letters, and sentences that begin with a name like Frank.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pixel_core.conversation import Conversation
from pixel_core.corpus.pairs import PreferencePair

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.@/])(?:@|/?\bu/)(?!(?:all|everyone|here|channel)\b)([A-Za-z_][\w-]{2,29})(?!\w|@|\.\w)")
_STREET = "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Boulevard|Blvd|Court|Terrace|Crescent"
_ADDRESS = re.compile(rf"(?<![\w.$£€#-])\d{{1,5}}[A-Za-z]? (?:[A-Z][A-Za-z'.]+ ){{1,3}}(?:{_STREET})\b\.?")
# Letters and digits in one: case, passport and licence numbers, British postcodes. A code of a disorder (F32.1) is shorter.
_ACCOUNT = re.compile(r"(?<![\w./-])(?:[A-Z]{1,3}-?\d{5,12}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![\w/-])")
# Digits in groups as people write numbers, or seven and more in a row; a sum of money, a fraction or a version has other marks around it.
_BEFORE = r"(?<![\w.,/=$£€#-])"
_GROUPS = r"(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,5}\)[\s.-]?)?\d{2,5}(?:[\s.-]\d{2,8}){1,4}(?![\w/-])(?!\.\d)"
_PHONE = re.compile(rf"{_BEFORE}{_GROUPS}|{_BEFORE}\+?\d{{7,15}}(?!\w)")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|(?:1[89]|20)\d\d[\s-](?:1[89]|20)\d\d")
# An organisation's line, not a person's: the number of a helpline must stay right.
_TOLL_FREE = re.compile(r"(?:\+?1[\s.-]?)?\(?8(?:00|33|44|55|66|77|88)\)?|0800|0808|116")

KINDS = ("name", "email", "link", "handle", "address", "account", "phone")


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
        text = _HANDLE.sub(lambda m: self._of("handle", m[1].casefold()), text)
        text = _ADDRESS.sub(lambda m: self._of("address", " ".join(m[0].casefold().split())), text)
        text = _ACCOUNT.sub(lambda m: self._of("account", m[0]), text)
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
    if kind == "handle":
        return f"@user{number}"
    if kind == "address":
        return f"{number} Example Street"
    if kind == "account":
        return f"ID-{number:05d}"
    return f"{200 + number // 100}-555-01{number % 100:02d}"


def pseudonymise(conversation: Conversation, *, names: bool = False) -> tuple[Conversation, Counter[str]]:
    """The conversation without contact data, and without names of people where asked, and how many mentions were replaced by kind."""
    said, counts = _replace([turn.content for turn in conversation.turns], names=names)
    turns = tuple(replace(turn, content=text) for turn, text in zip(conversation.turns, said, strict=True))
    return replace(conversation, turns=turns), counts


def pseudonymise_pair(pair: PreferencePair, *, names: bool = False) -> tuple[PreferencePair, Counter[str]]:
    """The preference pair without contact data, and without names of people where asked, and how many mentions were replaced by kind."""
    (prompt, chosen, rejected), counts = _replace([pair.prompt, pair.chosen, pair.rejected], names=names)
    return replace(pair, prompt=prompt, chosen=chosen, rejected=rejected), counts


def _replace(texts: Sequence[str], *, names: bool) -> tuple[list[str], Counter[str]]:
    pseudonyms = Pseudonyms()
    said = [pseudonyms.apply(text) for text in texts]
    if not names:
        return said, pseudonyms.counts
    from pixel_core.corpus.pseudonyms import replace_names

    said, counts = replace_names(said)
    return said, pseudonyms.counts + counts
