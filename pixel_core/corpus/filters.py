"""Cleaning: repairs that change a conversation, then filters that keep it or give a reason code."""

from __future__ import annotations

import html
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import ftfy

from pixel_core.conversation import REST, Conversation, Label, Turn
from pixel_core.corpus.language import is_in
from pixel_core.corpus.pairs import PreferencePair

_FTFY = ftfy.TextFixerConfig(uncurl_quotes=False, unescape_html=False)
_TAG = re.compile(
    r"</?(?:a|abbr|article|aside|b|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]|head|header|hr|html|i"
    r"|iframe|img|input|ins|label|li|link|main|mark|meta|nav|ol|p|pre|q|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td"
    r"|tfoot|th|thead|title|tr|u|ul|video)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\s*/?>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")
_REFUSAL = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|virtual assistant|chat ?bot)\b"
    r"|\bi(?:['\u2019]| a)m (?:just |only |merely |simply )?an? (?:\w+ )?(?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:['\u2019]m| am) (?:very |really |truly |so )?sorry,? but i (?:cannot|can['\u2019]t|am unable to|am not able to)"
    r" (?:assist|help you with|fulfil|comply|provide|engage|participate|create|continue with)\b"
    r"|\bi (?:cannot|can['\u2019]t|am unable to) (?:fulfil|comply with|assist with) (?:this|that|your) request\b"
    r"|\b(?:as of )?my (?:last (?:knowledge )?update|knowledge cut-?off|training data)\b|\b(?:trained|developed|created) by openai\b",
    re.IGNORECASE,
)
_SPEAKER = r"(?:therapist|counsell?or|psychologist|client|patient|user|human|assistant|ai|bot|system)"
_SPEAKS_FIRST = re.compile(rf"\s*(?:\[|<\|?|\*\*|### ?)?{_SPEAKER}(?:\]|\|?>|\*\*)?\s*:(?:\*\*)?\s+", re.IGNORECASE)
_SPEAKS_AGAIN = re.compile(rf"\n\s*(?:\[|<\|?|\*\*|### ?)?{_SPEAKER}(?:\]|\|?>|\*\*)?\s*:|<\|im_(?:start|end)\|>", re.IGNORECASE)
_SAID_AGAIN = 3  # times that one text may not be said in a dialogue
_SAID_WORDS = 5  # words from which saying it again is no small talk
_REPETITION_WORDS = 40  # a text shorter than this repeats itself naturally
_REPETITION_SHARE = 0.4  # of word trigrams that are repeats; human dialogue of the reference data stays below 0.25
_COMPRESSION = 8.0  # zlib ratio that only a loop reaches


class Limits(Protocol):
    """The lengths that the corpus section of a recipe sets."""

    @property
    def min_characters(self) -> int:
        """Shortest text of a dialogue that is kept."""

    @property
    def max_characters(self) -> int:
        """Longest text of a conversation that is kept."""

    @property
    def languages(self) -> Sequence[str]:
        """ISO codes of the languages that are kept; none: all are."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A conversation that a filter does not keep: the reason code and what was wrong."""

    reason: str
    detail: str


def clean(conversation: Conversation, limits: Limits) -> Conversation | Dropped:
    """The repaired conversation, or why it is dropped."""
    for repair in REPAIRS:
        conversation = repair(conversation)
    for keep in FILTERS:
        if dropped := keep(conversation, limits):
            return dropped
    return conversation


def clean_pair(pair: PreferencePair, limits: Limits) -> PreferencePair | Dropped:
    """The repaired preference pair, or why it is dropped: an empty, overlong or boilerplate text, or no difference left."""
    texts = [repair_text(text) for text in (pair.prompt, pair.chosen, pair.rejected)]
    prompt, chosen, rejected = texts
    if not all(texts):
        return Dropped("empty", "prompt, chosen or rejected has no text")
    if chosen == rejected:
        return Dropped("no_difference", "chosen and rejected are the same text")
    if max(len(text) for text in texts) > limits.max_characters:
        return Dropped("too_long", f"a text is longer than {limits.max_characters} characters")
    if limits.languages and not is_in(f"{prompt}\n{chosen}", limits.languages):
        return Dropped("other_language", f"it is not in {', '.join(limits.languages)}")
    faults = {
        "refusal": ("the chosen reply holds boilerplate of a language model", bool(_REFUSAL.search(chosen))),
        "repetition": ("the chosen reply repeats itself", repeats(chosen)),
    }
    dropped = (Dropped(reason, detail) for reason, (detail, bad) in faults.items() if bad)
    return next(dropped, replace(pair, prompt=prompt, chosen=chosen, rejected=rejected))


def repair_text(text: str) -> str:
    """The text with its encoding mended (ftfy), HTML stripped and white space in order."""
    text = ftfy.fix_text(text, _FTFY)
    if "<" in text or "&" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub("", html.unescape(text))))
    return _LINES.sub("\n\n", _SPACES.sub(" ", text)).strip()


def repair_turns(conversation: Conversation) -> Conversation:
    """The conversation with the text of every turn repaired, without the name of who speaks before it; empty turns are dropped."""
    dialogue = conversation.category != "supervision"
    texts = (repair_text(turn.content) for turn in conversation.turns)
    said = (_SPEAKS_FIRST.sub("", text, count=1) if dialogue and _SPEAKS_FIRST.match(text) else text for text in texts)
    turns = (replace(turn, content=text) for turn, text in zip(conversation.turns, said, strict=True))
    return replace(conversation, turns=tuple(turn for turn in turns if turn.content))


def repair_roles(conversation: Conversation) -> Conversation:
    """The conversation with consecutive turns of one speaker joined; the posts of a supervision row stay apart.

    A message sent twice in a row stands once. A technique that either part shows is shown by the whole; the first
    intervention stands; of other labels that differ, the higher value.
    """
    if conversation.category == "supervision":
        return conversation
    joined: list[Turn] = []
    for turn in conversation.turns:
        last = joined[-1] if joined else None
        if last and (last.role, last.part) == (turn.role, turn.part):
            labels = _join_labels(last.labels, turn.labels)
            twice = f"\n{last.content}".endswith(f"\n{turn.content}")
            content = last.content if twice else f"{last.content}\n{turn.content}"
            joined[-1] = Turn(turn.role, turn.part, content, last.learn or turn.learn, labels, last.evidence + turn.evidence)
        else:
            joined.append(turn)
    return replace(conversation, turns=tuple(joined))


def _join_labels(first: Iterable[Label], second: Iterable[Label]) -> tuple[Label, ...]:
    """The labels of two joined turns.

    An output that only one of them labels keeps its label when it is positive; a zero of one turn says
    nothing of the other, so it is dropped.
    """
    one, two = ({label.output: label for label in labels} for labels in (first, second))
    kept: list[Label] = []
    for output in dict.fromkeys((*one, *two)):
        a, b = one.get(output), two.get(output)
        if a and b:
            kept.append(a if a.value >= b.value else b)
        else:
            kept += [label for label in (a, b) if label and label.value > 0 and not output.endswith(f".{REST}")]
    interventions = [label for label in kept if label.head == "intervention" and label.value == 1]
    return tuple(label for label in kept if label not in interventions[1:])


def not_empty(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a conversation without a turn, and a dialogue in which nothing is learnt."""
    if not conversation.turns:
        return Dropped("empty", "no turn has text")
    if conversation.category != "supervision" and not any(turn.learn for turn in conversation.turns):
        return Dropped("nothing_to_learn", "no turn that the model would learn has text")
    return None


def answered(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a dialogue in which only one side speaks."""
    speakers = {turn.role for turn in conversation.turns} - {"system"}
    if conversation.category != "supervision" and len(speakers) < 2:
        return Dropped("one_sided", "only one side speaks")
    return None


def not_short(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a dialogue shorter than the recipe's limit; a labelled post may be short."""
    length = len(conversation.text)
    if conversation.category != "supervision" and length < limits.min_characters:
        return Dropped("too_short", f"{length} characters; the limit is {limits.min_characters}")
    return None


def not_long(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a conversation longer than the recipe's limit."""
    length = len(conversation.text)
    if length > limits.max_characters:
        return Dropped("too_long", f"{length} characters; the limit is {limits.max_characters}")
    return None


def no_refusal(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a dialogue whose learnt turns hold boilerplate: "as an AI", "I'm sorry, but I cannot assist"."""
    if any(turn.learn and _REFUSAL.search(turn.content) for turn in conversation.turns):
        return Dropped("refusal", "a turn that would be learnt holds boilerplate of a language model")
    return None


def one_speaker_a_turn(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a dialogue in which a learnt turn goes on with what another speaker says."""
    if any(turn.learn and _SPEAKS_AGAIN.search(turn.content) for turn in conversation.turns):
        return Dropped("role_leak", "a turn that would be learnt holds the mark of another speaker")
    return None


def in_language(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a conversation in another language than the recipe's."""
    if limits.languages and not is_in(conversation.text, limits.languages):
        return Dropped("other_language", f"it is not in {', '.join(limits.languages)}")
    return None


def no_repetition(conversation: Conversation, limits: Limits) -> Dropped | None:
    """Drops a dialogue with a learnt turn that goes round in circles, or that is said again and again."""
    said = Counter(turn.content for turn in conversation.turns if turn.learn and len(turn.content.split()) >= _SAID_WORDS)
    if any(count >= _SAID_AGAIN for count in said.values()):
        return Dropped("repetition", f"a turn that would be learnt is said {max(said.values())} times")
    if any(turn.learn and repeats(turn.content) for turn in conversation.turns):
        return Dropped("repetition", "a turn that would be learnt repeats itself")
    return None


def repeats(text: str) -> bool:
    """Whether a text of some length repeats its word trigrams, or one long run of characters."""
    data = text.encode()
    if len(data) > 200 and len(data) / len(zlib.compress(data)) > _COMPRESSION:
        return True
    words = text.casefold().split()
    if len(words) < _REPETITION_WORDS:
        return False
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(trigrams)) / len(trigrams) > _REPETITION_SHARE


REPAIRS: tuple[Callable[[Conversation], Conversation], ...] = (repair_turns, repair_roles)
FILTERS: tuple[Callable[[Conversation, Limits], Dropped | None], ...] = (
    not_empty,
    answered,
    not_short,
    not_long,
    one_speaker_a_turn,
    no_refusal,
    no_repetition,
    in_language,
)
