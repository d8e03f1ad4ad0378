"""What every adapter needs of a row: its fields, and the record's parts from its catalogue entry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pixel_core.conversation import Category, Conversation, Label, Provenance, Role, Turn
from pixel_core.corpus.catalog import SourceEntry

EXTRACTOR = "pixel_core.corpus/1"
_WORD = re.compile(r"\w+")


class RowError(ValueError):
    """A row does not fit its shape; `reason` is the reject code, the message tells what without quoting the row."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def text(row: Mapping[str, Any], field: str) -> str:
    """A field that must hold text which is not blank; raises RowError."""
    if field not in row or row[field] is None:
        raise RowError("missing_field", f"the row has no {field}")
    value = row[field]
    if not isinstance(value, str):
        raise RowError("wrong_type", f"{field} is {type(value).__name__}, not text")
    if not value.strip():
        raise RowError("empty_field", f"{field} is blank")
    return value.strip()


def name(row: Mapping[str, Any], field: str) -> str:
    """A field that identifies something: text or a whole number, as text; raises RowError."""
    value = row.get(field)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(row, field)


def items(row: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """A field that must hold a list of objects, not empty; raises RowError."""
    value = row.get(field)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RowError("wrong_type" if field in row else "missing_field", f"{field} must be a list of objects")
    if not value:
        raise RowError("empty_field", f"{field} is an empty list")
    return value


def number(row: Mapping[str, Any], field: str, low: float, high: float) -> float:
    """A field that must hold a number from `low` to `high`, as number or text; raises RowError."""
    if row.get(field) is None:
        raise RowError("missing_field", f"the row has no {field}")
    try:
        value = float(row[field])
    except (TypeError, ValueError) as error:
        raise RowError("wrong_type", f"{field} is not a number") from error
    if not low <= value <= high:
        raise RowError("out_of_range", f"{field} is not between {low:g} and {high:g}")
    return value


def code(row: Mapping[str, Any], field: str, known: Mapping[str, Any]) -> str:
    """A field that must hold one of the known codes; raises RowError `unknown_code`."""
    value = text(row, field)
    if value not in known:
        raise RowError("unknown_code", f"{field} is none of the {len(known)} codes that the mapping knows")
    return value


def turn(entry: SourceEntry, role: Role, content: str, *, learn: bool = False, labels: tuple[Label, ...] = ()) -> Turn:
    """A turn whose part follows the entry's part policy; a system turn's part is `other`."""
    part = "other" if role == "system" else entry.parts.user if role == "user" else entry.parts.assistant
    return Turn(role, part, content, learn, labels)


def provenance(entry: SourceEntry, locator: str, **more: Any) -> Provenance:
    """Where a row of this entry comes from; `more` replaces fields, as `uri`, `start` and `end`."""
    base = {"source": entry.name, "uri": entry.uri, "locator": locator, "licence": entry.licence, "consent": entry.consent}
    return Provenance(**(base | {"extractor": EXTRACTOR} | more))


def conversation(
    entry: SourceEntry,
    turns: Iterable[Turn],
    group: str,
    where: Provenance,
    *,
    extra: Mapping[str, Any] | None = None,
    category: Category | None = None,
    difficulty: int | None = None,
) -> Conversation:
    """A conversation of this source, its group named `<source>:<group>`; category and difficulty as the entry says, or as given."""
    own = cast(Category, entry.category)  # an entry of category `preference` has no adapter that comes here
    return Conversation(tuple(turns), category or own, f"{entry.name}:{group}", difficulty or entry.difficulty, (where,), extra or {})


def text_key(content: str) -> str:
    """A short key that two texts share when they differ in case, spacing and punctuation only."""
    words = " ".join(_WORD.findall(content.casefold())) or content
    return hashlib.sha256(words.encode()).hexdigest()[:16]
