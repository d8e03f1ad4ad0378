"""Labelled posts, and labelled pairs of a post and a response, also where the labels of one pair stand in several files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import Conversation
from pixel_core.corpus.adapters.labelling import Spoken, label
from pixel_core.corpus.adapters.rows import RowError, column_of, content, conversation, look, text_key, turn
from pixel_core.corpus.catalog import Join, SourceEntry
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.source_rows import Row, Unreadable


def labelled_post(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A post, or a list of posts of one writer, with the labels of the whole on the last.

    With `post: assistant` in the entry's roles it is a reply to something that the set does not hold.
    """
    role = entry.roles.get("post", "user")
    column = column_of(entry, "post", "text")
    value = look(row, column)
    if isinstance(value, list):
        posts = [post.strip() for post in value if isinstance(post, str) and post.strip()]
        if len(posts) < sum(not isinstance(post, str) or bool(post.strip()) for post in value):
            raise RowError("wrong_type", f"{column} holds something else than texts")
        if not posts:
            raise RowError("empty_field", f"{column} holds no text")
    else:
        posts = [content(row, entry, "post", "text")]
    spoken = [Spoken(turn(entry, role, post), (row,)) for post in posts]
    return conversation(row, entry, label(spoken, (row,), entry), position)


def labelled_pair(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A `post` and a `response` with its labels; without a `group`, pairs with the same post are one group."""
    if row.get(CONFLICT):
        raise RowError("join_conflict", "rows that are joined disagree on a text or on a value")
    post, response = content(row, entry, "post", "post"), content(row, entry, "response", "response")
    spoken = [Spoken(turn(entry, "user", post), (row,)), Spoken(turn(entry, "assistant", response), (row,))]
    return conversation(row, entry, label(spoken, (row,), entry), position, alike=post)


CONFLICT = " conflict"  # a column that no file has: its name begins with a blank


def gather_joined(rows: Iterable[Row | Unreadable], entry: SourceEntry, gathering: Gathering) -> Iterator[Row | Unreadable]:
    """One row of all that agree in the columns of the entry's `join`; without a join, the rows as they are."""
    if entry.join is None:
        yield from rows
        return
    join = entry.join
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        key = tuple(str(look(row.value, one) or "").strip() for one in join.by)
        if _column(row, join) is None:
            yield Unreadable(row.file, row.number, "unknown_file", f"the file's name begins with none of {', '.join(join.files)}")
        elif not all(key):
            yield Unreadable(row.file, row.number, "missing_field", f"the row has no {' or no '.join(join.by)}")
        else:
            gathering.add(key, row)
    for members in gathering.records():
        yield _joined(members, join)


def _column(row: Row, join: Join) -> str | None:
    """The column that the row's file is about; none where the file is not of the join."""
    return next((name for stem, name in join.files.items() if row.file.startswith(stem)), None)


def _joined(members: list[Row], join: Join) -> Row:
    first, united = members[0], dict(members[0].value)
    for row in members:
        value = row.value.get(join.column)
        same = all(_same(row.value.get(one), first.value.get(one)) for one in join.same)
        if not same or united.setdefault(_column(row, join) or "", value) != value:
            united[CONFLICT] = True
    return Row(first.file, first.number, united)


def _same(one: Any, other: Any) -> bool:
    """Whether two files hold the same text; the public ones differ in spacing."""
    return isinstance(one, str) and isinstance(other, str) and text_key(one) == text_key(other)
