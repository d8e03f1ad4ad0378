"""Is a change of persona made smoothly? Yes-or-no rules over the reply at the change, each of which can be looked up.

A smooth reply says that something is left or begun, takes up what was just asked, keeps a thread to what was talked about
before, and does not begin as though nothing had been said yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[a-z]+")
_STEM = 5  # letters by which two words count as the same
_COMMON = frozenset(
    word
    for word in _WORD.findall(
        "about after again against already also always another anything around because been before being between both cannot come "
        "could does doing done down during each either else enough even ever every everybody everyone everything first from getting "
        "give given goes going good have having here into itself just keep know last least less like little long look made make many "
        "maybe mean mine more most much must myself near need never next nobody nothing once only other others over part perhaps quite "
        "rather really right same seem shall should since some somebody something soon still such sure take tell than that their them "
        "then there these they thing things think this those though through time today told under until upon very want wants well went "
        "were what when where whether which while whole whose will with within without would wouldn your yours yourself yeah please "
        "help "
    )
)
_LEAVES = re.compile(
    r"\b(?:let'?s|let us|we can|we could|we'?ll|shall we|i'?ll|i will|i'?m|we needn'?t)\s+(?:now\s+|then\s+|gladly\s+)?"
    r"(?:leave|leaving|stop|stopping|pause|pausing|park|put|putting|set|setting|lay|laying|close|turn|turning|step|stepping|switch|"
    r"switching|change|changing|move|go (?:from|over|back)|come back|drop|mix)\b"
    r"|\bcan (?:wait|rest)\b|\bmay (?:wait|rest)\b"
    r"|\b(?:it|they|that)(?:'ll| will) (?:keep|wait)\b|\baside\b|\bfor (?:now|the moment|a while)\b"
    r"|\bback to\b|\bnow for\b|\bthen to\b|\bbefore (?:we|i) (?:go|turn|do|get)\b|\bas your \w+\b|\b(?:hour|session) (?:ends|is over)\b"
    r"|\binstead of\b|\bfrom here on\b|\bfirst of all,? you\b|\bmatters more\b|\bso that'?s done\b",
    re.IGNORECASE,
)
_RESETS = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|day|evening)|welcome|greetings)\b"
    r"|\bhow (?:can|may) i (?:help|assist)\b|\bas an? (?:ai|artificial)\b"
    r"|\bi(?:'m| am) (?:just )?an? (?:ai|language model|virtual)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Transition:
    """What a reply at the change does."""

    leaves: bool
    """It says that something is left, stopped or begun."""
    takes_up: bool
    """It shares a word that carries meaning with the turn that called for the change."""
    keeps_thread: bool
    """It shares one with the talk before that."""
    continues: bool
    """It does not greet or introduce itself as though the talk began here."""

    @property
    def values(self) -> tuple[float, ...]:
        """The rules as numbers, in order."""
        return tuple(map(float, (self.leaves, self.takes_up, self.keeps_thread, self.continues)))


def transition_of(reply: str, before: Sequence[str]) -> Transition:
    """What a reply does after these contents, of which the last called for the change; an empty reply does nothing."""
    said = stems_of(reply)
    earlier = {stem for content in before[:-1] for stem in stems_of(content)}
    plain = reply.replace("\u2019", "'")
    return Transition(
        leaves=bool(_LEAVES.search(plain)),
        takes_up=bool(said & stems_of(before[-1])),
        keeps_thread=bool(said & earlier),
        continues=bool(said) and not _RESETS.search(plain),
    )


def stems_of(text: str) -> set[str]:
    """The words that carry meaning, cut to their first letters."""
    return {word[:_STEM] for word in _WORD.findall(text.lower()) if len(word) > 3 and word not in _COMMON}
