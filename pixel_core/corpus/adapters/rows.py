"""What every adapter needs of a row: its fields, and the record's parts from its catalogue entry."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from pixel_core.conversation import Category, Conversation, Provenance, Role, Turn
from pixel_core.corpus.catalog import SourceEntry

EXTRACTOR = "pixel_core.corpus/2"
# Said before every conversation that only the client of this mode learns from, so that no other mode learns to talk like it.
CLIENT_MODE = "Therapy training mode. You play the client so that a therapist can practise; stay in the part, neither easier nor harder."
_WORD = re.compile(r"\w+")
_ABSENT = object()


class RowError(ValueError):
    """A row does not fit its shape; `reason` is the reject code, the message tells what without quoting the row."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def look(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or of `a.b` within the object a; None where there is none."""
    if column in row:
        return row[column]
    value: Any = row
    for step in column.split("."):
        value = value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return None if value is _ABSENT else value


def text(row: Mapping[str, Any], column: str) -> str:
    """A column that must hold text which is not blank; raises RowError."""
    value = look(row, column)
    if value is None:
        raise RowError("missing_field", f"the row has no {column}")
    if not isinstance(value, str):
        raise RowError("wrong_type", f"{column} is {type(value).__name__}, not text")
    if not value.strip():
        raise RowError("empty_field", f"{column} is blank")
    return value.strip()


def name(row: Mapping[str, Any], column: str) -> str:
    """A column that identifies something: text or a whole number, as text; raises RowError."""
    value = look(row, column)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(row, column)


def items(row: Mapping[str, Any], column: str) -> list[Mapping[str, Any]]:
    """A column that must hold a list of objects, not empty; raises RowError."""
    value = look(row, column)
    if value is None:
        raise RowError("missing_field", f"the row has no {column}")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RowError("wrong_type", f"{column} must be a list of objects")
    if not value:
        raise RowError("empty_field", f"{column} is an empty list")
    return value


def number(row: Mapping[str, Any], column: str) -> float:
    """A column that must hold a number, as number or text; raises RowError."""
    value = look(row, column)
    if value is None:
        raise RowError("missing_field", f"the row has no {column}")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RowError("wrong_type", f"{column} is not a number") from error


def prepare(row: Mapping[str, Any], entry: SourceEntry) -> Mapping[str, Any]:
    """The row with the columns that the entry's `parse` and `lists` make of others; raises RowError."""
    if not entry.parse and not entry.lists:
        return row
    made = dict(row)
    for column, pattern in entry.parse.items():
        if column in row:  # files of one set differ in their columns
            found = _compiled(pattern).fullmatch(text(row, column))
            if found is None:
                raise RowError("unparsed", f"{column} does not have the form that `parse` states")
            made |= {key: value for key, value in found.groupdict().items() if value is not None}
    for column in entry.lists:
        made[column] = _literal(text(row, column), column)
    return made


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _literal(source: str, column: str) -> list[str]:
    """The texts of a Python list literal that are not blank; public sets hold some that are cut off."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise RowError("malformed_literal", f"{column} is not a Python list literal; it may be cut off") from error
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RowError("malformed_literal", f"{column} is not a list of texts")
    return value


def column_of(entry: SourceEntry, role: str, usual: str) -> str:
    """The one column that holds what the shape calls `role`."""
    column = entry.fields.get(role, usual)
    return column if isinstance(column, str) else column[-1]


def content(row: Mapping[str, Any], entry: SourceEntry, role: str, usual: str) -> str:
    """The text that the shape calls `role`: of one column, or of several joined, of which the last must not be blank.

    A text that the next one begins with or holds stands once.
    """
    columns = entry.fields.get(role, usual)
    if isinstance(columns, str):
        return text(row, columns)
    parts = [text(row, columns[-1])]
    for column in reversed(columns[:-1]):
        value = look(row, column)
        if isinstance(value, str) and value.strip() and value.strip() not in parts[0]:
            parts.insert(0, value.strip())
    return "\n".join(parts)


def turn(entry: SourceEntry, role: Role, spoken: str) -> Turn:
    """A turn of the part that the entry gives its role (a system turn: `other`); the assistant's is learnt, save in supervision."""
    part = "other" if role == "system" else entry.parts.user if role == "user" else entry.parts.assistant
    return Turn(role, part, spoken, learn=role == "assistant" and entry.learner != "nobody")


def provenance(entry: SourceEntry, locator: str, **more: Any) -> Provenance:
    """Where a row of this entry comes from; `more` replaces fields, as `uri`, `start` and `end`."""
    base = {"source": entry.name, "uri": entry.uri, "locator": locator, "licence": entry.licence, "consent": entry.consent}
    return Provenance(**(base | {"extractor": EXTRACTOR} | more))


def conversation(
    row: Mapping[str, Any],
    entry: SourceEntry,
    turns: Iterable[Turn],
    position: str,
    *,
    alike: str | None = None,
    difficulty: int | None = None,
    **more: Any,
) -> Conversation:
    """A conversation of this source.

    Its group is `<source>:` and the entry's `group` columns, or a key of `alike` (default: all that is said). `more` goes to the
    provenance. What only the client learns from begins by announcing that mode.
    """
    spoken = _announced(tuple(turns)) if entry.learner == "client" else tuple(turns)
    named = "/".join(name(row, column) for column in entry.group)
    group = named or text_key(alike if alike is not None else "\n".join(t.content for t in spoken))
    gives_labels_only = any(look(row, column) == value for column, value in entry.supervision_where.items())
    category = cast(Category, entry.category)  # an entry of category `preference` has no adapter that comes here
    if gives_labels_only:
        spoken = tuple(Turn(t.role, t.part, t.content, False, t.labels, t.evidence) for t in spoken)
        category = "supervision"
    kept = {column: _plain(value) for column in entry.keep if (value := look(row, column)) not in (None, "", [], {})}
    locator = ", ".join([*(f"{column} {name(row, column)}" for column in entry.group), position])
    where = provenance(entry, locator, **more)
    return Conversation(spoken, category, f"{entry.name}:{group}", difficulty or entry.difficulty, (where,), kept)


def _announced(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    own = turns[0].content if turns and turns[0].role == "system" else ""
    rest = turns[1:] if own else turns
    return (Turn("system", "other", f"{CLIENT_MODE}\n{own}".strip()), *rest)


def _plain(value: Any) -> Any:
    """A value as JSON holds it: times and bytes of a Parquet file become text."""
    return json.loads(json.dumps(value, default=str))


def text_key(spoken: str) -> str:
    """A short key that two texts share when they differ in case, spacing and punctuation only."""
    words = " ".join(_WORD.findall(spoken.casefold())) or spoken
    return hashlib.sha256(words.encode()).hexdigest()[:16]
