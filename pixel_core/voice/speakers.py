"""Who says a sentence, where one track holds it all.

In a talk, the speaker also asks the questions that the talk then answers. In a session the rules of `who_says` read
pronouns and openings only: questions to "you", reflections, suggestions and instructions are the therapist's;
what is told of oneself is the client's; what tells neither goes on with whoever spoke before. Real sessions want
diarisation instead; a rule is wrong where a therapist discloses or a client asks back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pixel_core.voice.lexicon import words_in
from pixel_core.voice.playlists import Setting
from pixel_core.voice.sentences import Sentence

Speaker = Literal["therapist", "client", "speaker", "asker"]

_SELF = frozenset({"i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll"})
_WE = words_in("first_person") - _SELF
_OTHERS = frozenset({"he", "she", "they", "him", "her", "them", "his", "their", "nobody", "everyone"})
_THERAPIST = re.compile(
    r"(thank you for (telling|sharing|saying|coming)|it (sounds|seems|must)|i(?: am|'m) sorry|i (hear|understand|wonder|can see)\b"
    r"|(let us|let's|please|we can|we could|perhaps we|maybe we)\b|we have .* left"
    r"|(now |just )?(close|take|start|write|try|breathe|notice|imagine|picture|let|tell|go on|stay)\b)"
)
_CLIENT = re.compile(r"(yes|no|yeah|yes,|no,)\b.*\b(i|me|my)\b|(i want to )?thank you for your|can we\b|could we\b")
_UNDERSTANDING = re.compile(r"that (makes|must|sounds|seems)\b")
_ANSWER = re.compile(r"(yes|no|yeah|of course|sure)\b")
_OTHER_SIDE: dict[Speaker, Speaker] = {"client": "therapist", "therapist": "client"}
_JUDGEMENT = re.compile(r"(that|this|both|so|these|those)\b")
_GENERAL = re.compile(r"\b(is|are|can|will|needs?)\b")
_PAST = re.compile(r"\b(was|were|did|had|went|\w{3,}ed)\b")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Sentences of one run that one speaker says in a row."""

    speaker: Speaker
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """What is said."""
        return " ".join(sentence.text for sentence in self.sentences)


def speakers_of(run: Sequence[Sentence], setting: Setting) -> list[Speaker]:
    """Who says each sentence of a run: in a session therapist or client, in a talk the speaker or, for questions, whoever asks."""
    if setting == "talk":
        return ["asker" if sentence.is_question else "speaker" for sentence in run]
    speakers: list[Speaker] = []
    for before, sentence in zip([None, *run], run, strict=False):
        last = speakers[-1] if speakers else "client"
        answers = before is not None and before.is_question and _ANSWER.match(sentence.text.lower())
        speakers.append(_OTHER_SIDE[last] if answers else who_says(sentence, last))
    return speakers


def utterances_of(sentences: Sequence[Sentence], speakers: Sequence[Speaker]) -> list[Utterance]:
    """Sentences as utterances: what one speaker says in a row."""
    pairs = groupby(zip(speakers, sentences, strict=True), key=lambda pair: pair[0])
    return [Utterance(speaker, tuple(sentence for _, sentence in said)) for speaker, said in pairs]


def who_says(sentence: Sentence, before: Speaker) -> Speaker:
    """The speaker of a session's sentence after one by `before`."""
    text, words = sentence.text.lower(), set(sentence.words)
    speaks_of_self, addresses = bool(words & _SELF), bool(words & words_in("second_person"))
    judges = _JUDGEMENT.match(text) or (_GENERAL.search(text) and not _PAST.search(text))
    rules: tuple[tuple[object, Speaker], ...] = (
        (_CLIENT.match(text), "client"),
        (_THERAPIST.match(text) or _UNDERSTANDING.match(text), "therapist"),
        (sentence.is_question, "therapist" if addresses or not speaks_of_self else "client"),
        (speaks_of_self, "client"),
        (addresses, "therapist"),
        (words & _WE, "client"),
        (words & _OTHERS, before),
        (judges, "therapist"),
    )
    return next((speaker for holds, speaker in rules if holds), before)
