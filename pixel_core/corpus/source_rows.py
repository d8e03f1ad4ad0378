"""Source rows: a row as it stands in its file, or why it is none; and the limits that every file is held to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOST = frozenset({"unreadable_file", "broken_off", "decompression_bomb"})  # reasons after which nobody knows how many rows are gone
MAX_ROW = 4 << 20  # bytes of one row; a conversation that is kept has some 20 kB
MAX_DEPTH = 64  # of objects and lists within one another
KEPT_CONTENT = 1 << 16  # characters of an unreadable row that go along with its reason
BOMB_BYTES = 64 << 20  # what is smaller than this when decompressed harms nobody
BOMB_RATIO = 200  # text compresses 3 to 30 times


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in its file, rows counted from 1."""

    file: str
    number: int
    value: Mapping[str, Any]

    @property
    def position(self) -> str:
        """Where the row stands, as in `support.jsonl row 12`."""
        return f"{self.file} row {self.number}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no row: where it stood, a reason code, what was wrong, and its text as far as known."""

    file: str
    number: int
    reason: str
    detail: str
    content: str = ""

    @property
    def position(self) -> str:
        """Where the line stands, as in `support.jsonl row 12`."""
        return f"{self.file} row {self.number}"


def row_of(file: str, number: int, value: Any, *, checked: bool = False) -> Row | Unreadable:
    """A value as a row, or why it is none; `checked` says that it holds only encodable text and is flat enough."""
    if not isinstance(value, dict):
        detail = f"the row is {type(value).__name__}, not an object"
        return Unreadable(file, number, "not_an_object", detail, json.dumps(value)[:KEPT_CONTENT])
    if checked:
        return Row(file, number, value)
    if _deep(value):
        return Unreadable(file, number, "too_deep", f"objects and lists lie more than {MAX_DEPTH} deep")
    text = json.dumps(value, ensure_ascii=False, default=repr)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        detail = "the row holds bytes or escapes that are not UTF-8"
        return Unreadable(file, number, "bad_encoding", detail, json.dumps(value, default=repr)[:KEPT_CONTENT])
    if size > MAX_ROW:
        return Unreadable(file, number, "too_large", f"the row has {size} bytes; the limit is {MAX_ROW}", text[:KEPT_CONTENT])
    return Row(file, number, value)


def _deep(value: Any) -> bool:
    """Whether objects and lists lie deeper than the limit, found without recursion."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        inner = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
        level = [v for v in inner if isinstance(v, (dict, list))]
    return False
