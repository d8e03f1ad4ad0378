"""Dialogues whose row holds the whole exchange: lists of messages, and text with a tag before each message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pixel_core.conversation import Conversation, Role
from pixel_core.corpus.adapters.labelling import Spoken, label
from pixel_core.corpus.adapters.rows import RowError, column_of, conversation, items, look, text, turn
from pixel_core.corpus.catalog import SourceEntry

_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}
_TAGS: Mapping[str, Role] = {
    "<human>:": "user",
    "<user>:": "user",
    "<bot>:": "assistant",
    "<assistant>:": "assistant",
    "<system>:": "system",
}


def messages(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A list of messages: `messages` of `role` and `content`, and `system` beside it if there is one."""
    return _listed(row, entry, position, {"messages": "messages", "role": "role", "content": "content"})


def sharegpt(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A ShareGPT dialogue: `conversations` of `from` (system, human, gpt) and `value`, and `system` beside it if there is one."""
    return _listed(row, entry, position, {"messages": "conversations", "role": "from", "content": "value"})


def _listed(row: Mapping[str, Any], entry: SourceEntry, position: str, usual: Mapping[str, str]) -> Conversation:
    roles = entry.roles or _ROLES
    spoken = _system(row, entry)
    for message in items(row, column_of(entry, "messages", usual["messages"])):
        speaker = text(message, column_of(entry, "role", usual["role"]))
        spoken.append(
            Spoken(turn(entry, role_of(speaker, roles), text(message, column_of(entry, "content", usual["content"]))), (message,))
        )
    return _dialogue(row, entry, position, spoken)


def tagged_text(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A dialogue in one `text`, each message behind its speaker's tag, as `<human>:` and `<bot>:`; `roles` names other tags."""
    roles = entry.roles or _TAGS
    first, *found = _tags(tuple(roles)).split(text(row, column_of(entry, "text", "text")))
    if not found:
        raise RowError("no_tags", f"the text holds none of the tags {', '.join(sorted(roles))}")
    if first.strip():
        raise RowError("untagged_text", "text stands before the first tag, so nobody is known to have said it")
    spoken = _system(row, entry)
    known = {tag.casefold(): role for tag, role in roles.items()}
    for tag, said in zip(found[::2], found[1::2], strict=True):
        if not said.strip():
            raise RowError("empty_field", "a tag has no text behind it")
        spoken.append(Spoken(turn(entry, known[tag.casefold()], said.strip())))
    return _dialogue(row, entry, position, spoken)


@cache
def _tags(tags: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(tags, key=lambda tag: (-len(tag), tag))
    return re.compile(f"({'|'.join(re.escape(tag) for tag in longest_first)})", re.IGNORECASE)


def role_of(speaker: str, roles: Mapping[str, Role]) -> Role:
    """The role of a speaker's name; raises RowError for one that is not known."""
    role = roles.get(speaker, roles.get("*"))
    if role is None:
        raise RowError("unknown_code", f"a speaker is none of {', '.join(sorted(roles))}")
    return role


def _system(row: Mapping[str, Any], entry: SourceEntry) -> list[Spoken]:
    said = look(row, column_of(entry, "system", "system"))
    return [Spoken(turn(entry, "system", said.strip()))] if isinstance(said, str) and said.strip() else []


def _dialogue(row: Mapping[str, Any], entry: SourceEntry, position: str, spoken: Iterable[Spoken]) -> Conversation:
    heard = list(spoken)
    if entry.learner != "nobody" and not any(one.turn.role == "assistant" for one in heard):
        raise RowError("no_reply", "the side that would be learnt says nothing")
    return conversation(row, entry, label(heard, (row,), entry), position)
