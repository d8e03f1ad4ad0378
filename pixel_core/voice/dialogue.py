"""Dialogues in recorded speech: stretches of sentences that end with a reply worth learning, after a turn that it answers.

Where the recording itself holds the turn before the reply (a client speaks before a therapist, a question before its
answer), that turn is taken as it was said. Otherwise a question is derived from what the stretch is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pixel_core.conversation import Evidence, Part, Turn
from pixel_core.voice.lexicon import count_terms, words_in
from pixel_core.voice.playlists import Setting
from pixel_core.voice.questions import context_question, leans_back
from pixel_core.voice.sentences import Sentence
from pixel_core.voice.speakers import Speaker, Utterance, speakers_of, utterances_of
from pixel_core.voice.words import words_of

CLIENT_CUE = "You are the client in a counselling session."  # tells the persona where the reply to learn is the client's
_LONGEST = 8  # sentences
_MOST_WORDS = 160
_SHORTEST_REPLY = 3  # words
_NGRAM = 5
_COUNTERPART: dict[Speaker, Speaker] = {"therapist": "client", "client": "therapist", "speaker": "asker"}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A stretch of speech as a dialogue: the sentences, who says them, and the derived question before them, if any."""

    sentences: tuple[Sentence, ...]
    utterances: tuple[Utterance, ...]
    question: str | None
    form: str  # `spoken`, or the form of the derived question
    cuts: int  # how many of its two ends lie within an utterance

    @property
    def words(self) -> list[str]:
        """All words, the derived question's included."""
        return [*words_of(self.question or ""), *(word for sentence in self.sentences for word in sentence.words)]

    @property
    def reply(self) -> Utterance:
        """The last utterance."""
        return self.utterances[-1]

    @property
    def spoken_reply(self) -> list[Sentence]:
        """All sentences of whoever gives the last reply; each utterance is a run of its own, since the other speaks between."""
        said = [utterance.sentences for utterance in self.utterances if utterance.speaker == self.reply.speaker]
        return [replace(sentence, run=run) for run, sentences in enumerate(said) for sentence in sentences]


def dialogues_in(sentences: Sequence[Sentence], setting: Setting, seed: str) -> Iterator[Dialogue | tuple[Sentence, Sentence, str]]:
    """Every stretch of up to 8 sentences: as a dialogue, or as its first and last sentence with the reason why it is none."""
    for _, group in groupby(sentences, key=lambda sentence: sentence.run):
        run = list(group)
        speakers = speakers_of(run, setting)
        for start in range(len(run)):
            for end in range(start + 1, min(start + _LONGEST, len(run)) + 1):
                cuts = (start > 0 and speakers[start - 1] == speakers[start]) + (end < len(run) and speakers[end] == speakers[end - 1])
                found = _dialogue(tuple(run[start:end]), speakers[start:end], cuts, f"{seed}:{run[start].start}:{run[end - 1].end}")
                yield (run[start], run[end - 1], found) if isinstance(found, str) else found


def _dialogue(sentences: tuple[Sentence, ...], speakers: Sequence[Speaker], cuts: int, seed: str) -> Dialogue | str:
    utterances = tuple(utterances_of(sentences, speakers))
    if utterances[-1].speaker == "asker":
        return "ends_with_question"
    if len(words_of(utterances[-1].text)) < _SHORTEST_REPLY:
        return "short_reply"
    if sum(len(sentence.words) for sentence in sentences) > _MOST_WORDS:
        return "long"
    if leans_back(sentences[0]):
        return "leans_back"
    if len(utterances) % 2 == 0:
        return Dialogue(sentences, utterances, None, "spoken", cuts)
    question = context_question(utterances[0].sentences, seed)
    return Dialogue(sentences, utterances, question.text, question.form, cuts) if question else "no_context"


def choose(dialogues: Sequence[Dialogue], max_overlap: float) -> tuple[list[Dialogue], list[Dialogue]]:
    """The dialogues to keep and those that say too much of what a kept one says.

    Spoken turns go before derived ones, whole utterances before cut ones, short dialogues before long ones. Two
    kept dialogues share less than `max_overlap` of their word 5-grams (Jaccard).
    """
    kept: list[tuple[Dialogue, frozenset[tuple[str, ...]]]] = []
    dropped = []
    for dialogue in sorted(dialogues, key=_rank):
        ngrams = ngrams_of(dialogue.words)
        if any(_meet(dialogue, other) and overlap(ngrams, others) >= max_overlap for other, others in kept):
            dropped.append(dialogue)
        else:
            kept.append((dialogue, ngrams))
    return [dialogue for dialogue, _ in kept], dropped


def _rank(dialogue: Dialogue) -> tuple[float, ...]:
    ends = dialogue.sentences[0].start, dialogue.sentences[-1].end
    return (dialogue.question is not None, dialogue.cuts, len(dialogue.utterances), *ends)


def _meet(one: Dialogue, other: Dialogue) -> bool:
    return one.sentences[0].start < other.sentences[-1].end and other.sentences[0].start < one.sentences[-1].end


def ngrams_of(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """The word 5-grams of a text; a shorter text is one n-gram."""
    return frozenset(tuple(words[i : i + _NGRAM]) for i in range(max(1, len(words) - _NGRAM + 1)))


def overlap(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """The Jaccard similarity of two sets of n-grams."""
    return len(one & other) / len(one | other)


def turns_of(dialogue: Dialogue, episode_uri: str) -> tuple[Turn, ...]:
    """The turns of a dialogue; those of whoever gives the last reply are the assistant's, and are learnt."""
    parts = _parts(dialogue)
    turns = [Turn("system", "other", CLIENT_CUE)] if parts[dialogue.reply.speaker] == "client" else []
    if dialogue.question:
        turns.append(Turn("user", parts[_COUNTERPART[dialogue.utterances[0].speaker]], dialogue.question))
    for utterance in dialogue.utterances:
        learn = utterance.speaker == dialogue.reply.speaker
        first, last = utterance.sentences[0], utterance.sentences[-1]
        evidence = Evidence(f"{episode_uri}#t={first.start:.2f},{last.end:.2f}")
        turns.append(Turn("assistant" if learn else "user", parts[utterance.speaker], utterance.text, learn=learn, evidence=(evidence,)))
    return tuple(turns)


def _parts(dialogue: Dialogue) -> Mapping[Speaker, Part]:
    """What part each speaker has: a talk's speaker is the therapist where the speech sounds so, else the assistant."""
    therapeutic = _sounds_therapeutic(dialogue.spoken_reply)
    speaker, asker = ("therapist", "client") if therapeutic else ("assistant", "other")
    return {"therapist": "therapist", "client": "client", "speaker": speaker, "asker": asker}  # type: ignore[dict-item]


def _sounds_therapeutic(sentences: Sequence[Sentence]) -> bool:
    """Whether speech turns to one listener with words of understanding, or does so in most of its sentences."""
    addressing = [bool(set(sentence.words) & words_in("second_person")) for sentence in sentences]
    understanding = sum(count_terms(sentence.words, "empathy") for sentence in sentences)
    return any(addressing) and (understanding > 0 or 2 * sum(addressing) > len(addressing))
