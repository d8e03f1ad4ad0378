"""What must hold for voice conversations, looked up in the written file."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.conversation import Conversation, ConversationError, read_conversations, validate
from pixel_core.findings import Findings, at_least, at_most, equals, none_of
from pixel_core.voice.conversations import CONVERSATIONS, FASTEST, SLOWEST, most_common_user_turn
from pixel_core.voice.dialogue import ngrams_of, overlap
from pixel_core.voice.fetch import WANTED
from pixel_core.voice.words import words_of

_MOST_COMMON = 0.1  # share of the conversations that may open with one and the same user turn
_LOOPBACK = re.compile(r"//(127\.|localhost|\[::1\])")


def check_voice_conversations(folder: Path) -> Findings:
    """Every conversation teaches speech that can be found again, after turns that are its own.

    The share of the most common first user turn shows a stage that asks "Tell me about that." each time.
    """
    verify(folder)
    conversations = read_conversations(folder / CONVERSATIONS)
    stored = pl.read_parquet(folder / CONVERSATIONS)["id"].to_list()
    wrong: Counter[str] = Counter()
    for conversation in conversations:
        wrong.update(_faults(conversation))
    limit = json.loads((folder / WANTED).read_text(encoding="utf-8"))["max_overlap"]
    return Findings.of(
        [
            at_least("conversations", len(conversations), 1),
            equals("ids are unique", len(set(stored)), len(stored)),
            equals("ids that their turns do not give", sum(a != c.id for a, c in zip(stored, conversations, strict=True)), 0),
            none_of("conversations hold", wrong),
            equals("pairs that share too much speech", _overlapping(conversations, limit), 0),
            at_most(
                "most common first user turn, share",
                most_common_user_turn(conversations),
                max(_MOST_COMMON, 2 / max(1, len(conversations))),
            ),
        ]
    )


def _faults(conversation: Conversation) -> list[str]:
    """The reasons why a voice conversation is not one."""
    place = conversation.provenance[0]
    learnt = [index for index, turn in enumerate(conversation.turns) if turn.learn]
    users = [index for index, turn in enumerate(conversation.turns) if turn.role == "user"]
    pace = conversation.extra.get("markers", {}).get("articulation_rate") or 0
    faults = {
        "other_category": conversation.category != "voice",
        "split_episode": conversation.group != f"{place.source}/{place.locator}",
        "no_time": place.start is None or place.end is None or not 0 <= place.start < place.end,
        "loopback_address": any(_LOOPBACK.search(uri) for uri in [place.uri, *(e.uri for t in conversation.turns for e in t.evidence)]),
        "no_user_turn_before": not users or not learnt or users[0] > learnt[0],
        "last_turn_not_learnt": not conversation.turns[-1].learn,
        "user_turn_learnt": any(conversation.turns[index].learn for index in users),
        "learnt_without_evidence": any(not conversation.turns[index].evidence for index in learnt),
        "unnatural_pace": not SLOWEST <= pace <= FASTEST,
    }
    try:
        validate(conversation)
    except ConversationError as error:
        faults[error.reason] = True
    return [reason for reason, holds in faults.items() if holds]


def _overlapping(conversations: list[Conversation], limit: float) -> int:
    """How many pairs of one recording, from seconds that meet, share `limit` or more of their word 5-grams."""
    groups: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        groups.setdefault(conversation.group, []).append(conversation)
    return sum(_share(a, b) >= limit for group in groups.values() for a, b in combinations(group, 2) if _meet(a, b))


def _meet(one: Conversation, other: Conversation) -> bool:
    a, b = one.provenance[0], other.provenance[0]
    return (a.start or 0) < (b.end or 0) and (b.start or 0) < (a.end or 0)


def _share(one: Conversation, other: Conversation) -> float:
    a, b = (ngrams_of([word for turn in c.turns if turn.role != "system" for word in words_of(turn.content)]) for c in (one, other))
    return overlap(a, b)
