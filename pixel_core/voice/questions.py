"""The question that a passage of speech answers, derived from what it is about and how it speaks.

Speech to an audience has no partner, so a conversation needs a turn before it. The question names the passage's own
topic (a noun phrase, or a feeling the speaker names) and its form follows the passage: story, state, advice, view. A
passage without a topic that a listener could take up gets none: no question fits everything.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pixel_core.voice.lexicon import function_words, words_in
from pixel_core.voice.sentences import Sentence

_FORMS = {
    "story_of_own": ("What happened with {topic}?", "How did it go with {topic}?", "What was going on with {topic}?"),
    "story": ("What happened with {topic}?", "What {was} {topic} like?", "What do you remember about {topic}?"),
    "state": ("How are things with {topic}?", "What is going on with {topic}?", "What is it like with {topic} at the moment?"),
    "advice": ("What can I do about {topic}?", "How should I deal with {topic}?", "What would help with {topic}?"),
    "view": ("What do you think about {topic}?", "How do you see {topic}?", "What would you say about {topic}?"),
    "feeling": ("How do you feel?", "How are you feeling?", "How is it for you?"),
    "feeling_when": ("When do you feel {topic}?",),
    "feeling_why": ("What makes you feel {topic}?", "Why do you feel {topic}?"),
    "feeling_about": ("What are you {topic} about?",),
    "past_feeling": ("How did you feel?", "How was that for you?", "What was that like for you?"),
    "past_feeling_why": ("What made you feel {topic}?", "Why did you feel {topic}?"),
}
_OWN = frozenset({"my", "our"})
_FEELING = re.compile(rf"\bi(?:'m| am| was| feel| felt)(?: \w+){{0,3}}? ({'|'.join(sorted(words_in('feeling')))})\b(?: (\w+))?")
_NEGATED = re.compile(r"\b(not|never|no longer)\b|n't\b")
_PAST = re.compile(
    r"\b(was|were|did|had|used|went|came|said|told|felt|saw|got|took|made|became|began|wrote|knew|thought|found|left|lost|met|kept|gave|brought|taught|bought|heard|ran|sat|slept|spoke|stood|\w{3,}ed)\b"
)
_IMPERATIVE = re.compile(r"(please |now |just )?(write|take|start|try|close|let|go|keep|make|talk|call|breathe|notice|ask|give|tell)\b")
_DANGLING = re.compile(r"(he|she|it|they|this|that|these|those|him|her|them|both|so|then|also|but|and|or|yes|no)\b")
_COPULAS = frozenset({"am", "is", "are", "was", "were", "be", "been", "i'm", "it's", "that's"})
_BEFORE_A_SUBJECT = frozenset({"about", "think", "that", "because", "if", "when"})
_TELLING = re.compile(r"((i|we) \w+( \w+)?|in|at|on)$")
_LONGEST_NOUN = 2  # words


@dataclass(frozen=True, slots=True)
class Question:
    """A derived question, and the form that it has."""

    text: str
    form: str


@dataclass(frozen=True, slots=True)
class _Topic:
    """A noun phrase as a listener would say it.

    `own`: the speaker's sister, house, ...; `prominent`: the sentence is about it; `told`: what the speaker did or
    met, which fits stories.
    """

    text: str
    own: bool
    prominent: bool
    told: bool


def context_question(passage: Sequence[Sentence], seed: str) -> Question | None:
    """A question that this passage answers, from the point of view of whoever listens; None when nothing fits.

    `seed` chooses among the forms that fit: the same seed gives the same question.
    """
    if not passage or passage[0].is_question or leans_back(passage[0]):
        return None
    found = _by_feeling(passage[0]) or _by_topic(passage)
    if found is None:
        return None
    form, topic = found
    chosen = random.Random(seed).choice(_FORMS[form])  # noqa: S311 - a choice of words, no secret
    was = "were" if topic.endswith("s") and not topic.endswith("ss") else "was"
    return Question(chosen.format(topic=topic, was=was), form)


def leans_back(sentence: Sentence) -> bool:
    """Whether a sentence begins with a word that points at something said before: she, that, so, yes, ..."""
    return bool(_DANGLING.match(sentence.text.lower()))


def _by_feeling(sentence: Sentence) -> tuple[str, str] | None:
    """The form for a sentence that names its speaker's feeling, and the feeling."""
    found = _FEELING.search(" ".join(sentence.words))
    if not found or _NEGATED.search(found.group(0)):
        return None
    feeling, following = found.groups()
    explains = following in ("that", "because", "to", "of")
    if re.match(r"i (was|felt)", found.group(0)):
        return ("past_feeling_why" if explains else "past_feeling"), feeling
    if following in ("when", "about"):
        return f"feeling_{following}", feeling
    return ("feeling_why" if explains else "feeling"), feeling


def _by_topic(passage: Sequence[Sentence]) -> tuple[str, str] | None:
    """The form and the topic of the first sentence, or of the second when the first has none."""
    for sentence in passage[:2]:
        words = sentence.words
        topics = [topic for position in range(len(words)) if (topic := _topic(words, position))]
        form = _form(sentence)
        fitting = [t for t in topics if t.prominent or (t.own and form in ("story", "state")) or (t.told and form == "story")]
        if fitting:
            topic = min(fitting, key=lambda t: not t.own)  # the first one's own, else the first
            return ("story_of_own" if form == "story" and topic.own else form), topic.text
    return None


def _form(sentence: Sentence) -> str:
    text, words = sentence.text.lower(), set(sentence.words)
    if words & words_in("first_person"):
        return "story" if _PAST.search(text) else "state"
    return "advice" if words & words_in("second_person") or _IMPERATIVE.match(text) else "view"


def _topic(words: list[str], position: int) -> _Topic | None:
    """The noun phrase that begins at `position`, or None: `my sister` becomes `your sister`, `a panic attack` gets `the`."""
    word, before = words[position], words[position - 1] if position else ""
    own = word in _OWN
    if own and word == "our" and position:
        return None  # "we scroll through our phones": everybody's
    if not own and (word not in ("the", "a", "an") or _COPULAS & set(words[max(0, position - 2) : position])):
        return None  # "I was only a child": what somebody is, not what it is about
    rest = words[position + 1 :]
    length = next((n for n, following in enumerate(rest) if _ends_noun(following, n)), len(rest))
    after = rest[length] if length < len(rest) else ""
    begins = position == 0 and after not in words_in("auxiliary")  # "my heart beats fast", "my boss wants everything"
    noun = rest[: 1 if begins or after in words_in("pronoun", "determiner") else length]
    if not noun or len(noun) > _LONGEST_NOUN or noun[-1] in words_in("vague_noun") or not noun[-1].isalpha():
        return None
    said_by_it = after in words_in("reporting_verb")  # "the doctors say": about what they say
    return _Topic(
        text=f"{'your' if own else 'the'} {' '.join(noun)}",
        own=own,
        prominent=word == "the" and not said_by_it and (position == 0 or before in _BEFORE_A_SUBJECT),
        told=bool(_TELLING.match(" ".join(words[:position]))),
    )


def _ends_noun(word: str, length: int) -> bool:
    """Whether a word cannot belong to the noun of which `length` words stand before it."""
    ends = word in function_words() or word in words_in("reporting_verb", "not_a_noun")
    return ends or (length > 0 and re.fullmatch(r"\w+(ed|ing)", word) is not None)
