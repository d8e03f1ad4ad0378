"""Turn tables: one row an utterance and annotator, gathered into one session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import Conversation, Role
from pixel_core.corpus.adapters.dialogues import role_of
from pixel_core.corpus.adapters.labelling import Spoken, label, majority
from pixel_core.corpus.adapters.rows import RowError, column_of, conversation, look, name, prepare, text, turn
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.source_rows import Row, Unreadable

_ROLES: Mapping[str, Role] = {"therapist": "assistant", "client": "user"}
MEMBERS = " members"  # a column that no file has: its name begins with a blank


def gather_sessions(rows: Iterable[Row | Unreadable], entry: SourceEntry, gathering: Gathering) -> Iterator[Row | Unreadable]:
    """One row a session of a file, holding its rows, in the order in which sessions first stand there."""
    column = column_of(entry, "session", "session")
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
        elif not (key := str(value) if isinstance(value := look(row.value, column), (str, int)) else "").strip():
            yield Unreadable(row.file, row.number, "missing_field", f"the row has no {column}")
        else:
            gathering.add((row.file, key.strip()), row)  # the files of a set may number their sessions alike
    for members in gathering.records():
        yield Row(members[0].file, members[0].number, {MEMBERS: [member.value for member in members]})


def turn_table(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A session, its utterances in the order of their numbers; codes are the majority of the annotators, ties dropped.

    What is said of the session (the columns of `group`, `keep` and `supervision_where`) is what most of its rows say.
    """
    members = [prepare(member, entry) for member in row.get(MEMBERS, [row])]
    utterances: dict[int, list[Mapping[str, Any]]] = {}
    for one in members:
        utterances.setdefault(_whole(one, column_of(entry, "turn", "turn")), []).append(one)
    spoken = [_spoken(utterances[key], entry) for key in sorted(utterances)]
    first = utterances[min(utterances)][0]
    session = dict(first) | {column: _agreed(members, column) for column in (*entry.keep, *entry.supervision_where)}
    where = _times([utterances[key][0] for key in sorted(utterances)], column_of(entry, "time", "time"))
    address = look(first, column_of(entry, "uri", "uri"))
    if isinstance(address, str) and address.strip():
        where["uri"] = address.strip()
    return conversation(session, entry, label(spoken, members, entry), position, **where)


def _spoken(members: list[Mapping[str, Any]], entry: SourceEntry) -> Spoken:
    who, what = column_of(entry, "speaker", "speaker"), column_of(entry, "content", "text")
    speaker, said = text(members[0], who), text(members[0], what)
    if any(look(m, what) != look(members[0], what) or look(m, who) != look(members[0], who) for m in members):
        raise RowError("join_conflict", "annotators of one utterance disagree on its text or speaker")
    return Spoken(turn(entry, role_of(speaker, entry.roles or _ROLES), said), members)


def _agreed(members: list[Mapping[str, Any]], column: str) -> str | None:
    return majority(str(value) for one in members if isinstance(value := look(one, column), (str, int, float)) and value != "")


def _whole(row: Mapping[str, Any], column: str) -> int:
    try:
        return int(name(row, column))
    except ValueError as error:
        if isinstance(error, RowError):
            raise
        raise RowError("wrong_type", f"{column} is not a whole number") from error


def _times(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, Any]:
    """First and last second of a session whose utterances have times (hh:mm:ss)."""
    seconds = []
    for row in rows:
        fields = str(look(row, column) or "").split(":")
        if len(fields) == 3 and all(field.isascii() and field.isdecimal() and len(field) < 4 for field in fields):
            hours, minutes, rest = (int(field) for field in fields)
            seconds.append(float(hours * 3600 + minutes * 60 + rest))
    return {"start": min(seconds), "end": max(seconds)} if seconds else {}
