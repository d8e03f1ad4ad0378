"""Names and contact data become pseudonyms: the same one has the same one throughout a conversation.

Contact data are found by how they are written (see `contacts`), names of people by lists (Faker's, and `names/words.yaml`) and by where
they stand. Names of the 1990 United States census (1,000 of men and women each, drawn by
frequency, no part of the lists), planted in public dialogues, are found at these rates: 92 % in ESConv and in counsel-chat, 89 % in forum
posts at the places where GoEmotions had masked a name. Of what is found in those posts 98.8 % was planted; 1.2 words in 1,000 were not.
`make bench ARGS="-k planted_names"` measures it with names that everybody can plant: of 80 common ones of several countries 97 % are found
in ESConv and in counsel-chat; of given names from fourteen countries whose lists are not read 60 % and 62 %, since one that no list holds
is found in a telling place only (`my name is ...`, `Dr. ...`).
What is missed are mostly names that are places or months (Virginia, April), small letters, and sentences that begin with a name like Frank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pixel_core.conversation import Conversation
from pixel_core.corpus.contacts import KINDS as CONTACTS
from pixel_core.corpus.contacts import pseudonym, replace_contacts
from pixel_core.corpus.pairs import PreferencePair

KINDS = ("name", *CONTACTS)


class Pseudonyms:
    """The pseudonyms of one conversation, handed out in order of first appearance.

    Applying them twice changes nothing: pseudonyms are numbered as they appear, so each becomes itself.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self.counts: Counter[str] = Counter()

    def apply(self, text: str) -> str:
        """The text with its contact data replaced."""
        return replace_contacts(text, self._of)

    def _of(self, kind: str, key: str, _said: str) -> str:
        self.counts[kind] += 1
        if (kind, key) not in self._known:
            number = 1 + sum(known == kind for known, _ in self._known)
            self._known[(kind, key)] = pseudonym(kind, number)
        return self._known[(kind, key)]


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
