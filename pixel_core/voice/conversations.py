"""Writing the voice conversations of a playlist: dialogues chosen from its speech, with markers and provenance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json
from pixel_core.conversation import Conversation, ConversationError, Provenance, validate, write_conversations
from pixel_core.recipe import VoiceRecipe
from pixel_core.rejects import Reject, count_reasons, write_rejects
from pixel_core.voice.dialogue import Dialogue, choose, dialogues_in, turns_of
from pixel_core.voice.fetch import EPISODES, WANTED
from pixel_core.voice.lexicon import lexicon_digest
from pixel_core.voice.markers import measure_speech
from pixel_core.voice.playlists import Playlist, VoiceError
from pixel_core.voice.profile import PROFILE
from pixel_core.voice.sentences import Sentence, read_sentences
from pixel_core.voice.transcription import SEGMENTS

KIND, VERSION = "voice_conversations", "1"
CONVERSATIONS = "conversations.parquet"
SLOWEST, FASTEST = 40.0, 400.0  # words a minute of speaking that people reach
_FARTHEST = 4.0  # standard deviations from the playlist's own pace


def write_voice_conversations(
    transcripts: Path, profile: Path, out: Path, *, entry: Playlist, recipe: VoiceRecipe, seed: int, force: bool = False
) -> Built:
    """Write conversations of category `voice` from a playlist's transcripts, one group an episode.

    Every stretch of speech that was looked at is a conversation or a reject with its reason. Raises VoiceError
    when the profile was built without this playlist.
    """
    inputs = {
        "playlist_transcripts": input_digest(transcripts),
        "personality_profile": input_digest(profile),
        "playlist": entry.digest,
        "lexicon": lexicon_digest(),
        "recipe": digest_of({"max_overlap": recipe.max_overlap, "seed": seed}),
    }
    described = json.loads((profile / PROFILE).read_text(encoding="utf-8"))
    if entry.key not in described["playlists"]:
        known = ", ".join(described["playlists"])
        raise VoiceError(
            f"the personality profile knows {known} and not {entry.key}: add it to voice.playlists and build the profile again"
        )

    def write(staging: Path) -> Summary:
        titles = {row["episode"]: row for row in pl.read_parquet(transcripts / EPISODES).to_dicts()}
        writer = _Writer(entry, described, recipe.max_overlap, seed)
        for episode, sentences in read_sentences(transcripts / SEGMENTS).items():
            writer.add(titles[episode], sentences)
        write_conversations(staging / CONVERSATIONS, [writer.kept[key] for key in sorted(writer.kept)])
        write_rejects(staging, writer.rejects)
        write_json(staging / WANTED, {"max_overlap": recipe.max_overlap})
        return Summary(len(writer.kept), count_reasons(writer.rejects), _figures(list(writer.kept.values()), writer.read))

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


class _Writer:
    """Collects the conversations and rejects of a playlist, episode by episode."""

    def __init__(self, entry: Playlist, profile: Mapping[str, Any], max_overlap: float, seed: int) -> None:
        self.entry, self.max_overlap, self.seed = entry, max_overlap, seed
        self.hours: float = profile["hours"]
        self.pace: Mapping[str, float | None] = profile["playlists"][entry.key]["sentence_pace"]
        self.kept: dict[str, Conversation] = {}
        self.rejects: list[Reject] = []
        self.read = 0

    def add(self, episode: Mapping[str, Any], sentences: Sequence[Sentence]) -> None:
        """Look at all stretches of an episode."""
        good: list[Dialogue] = []
        for found in dialogues_in(sentences, self.entry.setting, f"{self.seed}:voice:{self.entry.key}:{episode['episode']}"):
            self.read += 1
            if not isinstance(found, Dialogue):
                self._reject(episode, *found)
            elif reason := self._unnatural(found):
                self._reject(episode, found.sentences[0], found.sentences[-1], reason)
            else:
                good.append(found)
        kept, overlapping = choose(good, self.max_overlap)
        for dialogue in overlapping:
            self._reject(episode, dialogue.sentences[0], dialogue.sentences[-1], "overlap")
        for dialogue in kept:
            self._keep(episode, dialogue)

    def _keep(self, episode: Mapping[str, Any], dialogue: Dialogue) -> None:
        conversation = self._conversation(episode, dialogue)
        ends = dialogue.sentences[0], dialogue.sentences[-1]
        try:
            validate(conversation)
        except ConversationError as error:
            self._reject(episode, *ends, error.reason)
            return
        if conversation.id in self.kept:
            self._reject(episode, *ends, "duplicate")
        else:
            self.kept[conversation.id] = conversation

    def _unnatural(self, dialogue: Dialogue) -> str | None:
        pace = measure_speech(dialogue.spoken_reply)["articulation_rate"]
        if pace is None or not SLOWEST <= pace <= FASTEST:
            return "unnatural_pace"
        mean, spread = self.pace["mean"], self.pace["spread"]
        return "unlike_profile" if mean and spread and abs(pace - mean) > _FARTHEST * spread else None

    def _conversation(self, episode: Mapping[str, Any], dialogue: Dialogue) -> Conversation:
        key, entry = episode["episode"], self.entry
        first, last = dialogue.sentences[0], dialogue.sentences[-1]
        provenance = Provenance(
            entry.key, entry.uri, key, entry.licence, entry.consent, f"{KIND}/{VERSION}", round(first.start, 2), round(last.end, 2)
        )
        markers = {name: value for name, value in measure_speech(dialogue.spoken_reply).items() if value is not None}
        return Conversation(
            turns=turns_of(dialogue, episode["uri"]),
            category="voice",
            group=f"{entry.key}/{key}",
            difficulty=min(5, (len(dialogue.utterances) + 1) // 2),
            provenance=(provenance,),
            extra={
                "speaker": entry.speaker,
                "setting": entry.setting,
                "title": episode["title"],
                "user_turn": dialogue.form,
                "markers": markers,
                "profile_hours": self.hours,
            },
        )

    def _reject(self, episode: Mapping[str, Any], first: Sentence, last: Sentence, reason: str) -> None:
        position = f"{episode['episode']} {first.start:.2f}-{last.end:.2f}"
        self.rejects.append(Reject(self.entry.key, position, reason, "a stretch of speech, in seconds"))


def _figures(conversations: Sequence[Conversation], read: int) -> dict[str, int | float]:
    spoken = sum(c.extra["user_turn"] == "spoken" for c in conversations)
    groups = Counter(c.group for c in conversations)
    return {
        "read": read,
        "episodes": len(groups),
        "fewest_in_an_episode": min(groups.values(), default=0),
        "spoken_user_turns": spoken,
        "derived_user_turns": len(conversations) - spoken,
        "learnt_words": sum(len(t.content.split()) for c in conversations for t in c.turns if t.learn),
        "most_common_user_turn_share": round(most_common_user_turn(conversations), 4),
    }


def most_common_user_turn(conversations: Sequence[Conversation]) -> float:
    """The share of the conversations that open with the user turn that most of them open with; 0 without any."""
    openings = Counter(turn for c in conversations for turn in _opening(c))
    return max(openings.values(), default=0) / max(1, len(conversations))


def _opening(conversation: Conversation) -> Iterator[str]:
    yield from [turn.content for turn in conversation.turns if turn.role == "user"][:1]
