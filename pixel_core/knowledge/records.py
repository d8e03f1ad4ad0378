"""Reading fields of a user's record: the names and shapes in which people write the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pixel_core.knowledge.located import Located

_MOST = 1 << 31


def text_of(raw: Mapping[str, Any], *names: str) -> Located | None:
    """The first of these fields that holds text; a record with a `text` counts as its text."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, Mapping):
            value = text_of(value, "text", "description")
        if isinstance(value, Located) and value.strip():
            return value
    return None


def texts_of(raw: Mapping[str, Any], *names: str) -> list[Located]:
    """The texts of the first of these fields that holds any: a list, or one text."""
    for name in names:
        value = raw.get(name)
        values = value if isinstance(value, list) else [value]
        found = [v for v in values if isinstance(v, Located) and v.strip()]
        if found:
            return found
    return []


def records_of(
    raw: Mapping[str, Any], *names: str, key: str = "id", value: str = "text", within: str | None = None
) -> Iterator[Mapping[str, Any]]:
    """The entries of the first of these fields that is there, each as a mapping.

    A plain text becomes {value: text}; of a mapping of names to entries, each name becomes the entry's `key`. A list among the
    entries, under a name or not, becomes {within: list}, or without `within` its entries count as the field's own.
    """
    field: Any = next((raw[name] for name in names if raw.get(name)), [])
    if isinstance(field, Mapping):
        pairs = [(name, entry) for name, entry in field.items()]
    else:
        pairs = [(None, entry) for entry in (field if isinstance(field, list) else [field])]
    for name, entry in pairs:
        named = {key: name} if name else {}
        if isinstance(entry, Located) and entry.strip():
            yield {value: entry} | named
        elif isinstance(entry, Mapping):
            yield named | dict(entry)
        elif isinstance(entry, list) and within:
            yield named | {within: entry}
        elif isinstance(entry, list):
            yield from records_of({"field": entry}, "field", key=key, value=value)


def integer_of(raw: Mapping[str, Any], *names: str) -> int | None:
    """The first of these fields that is a whole number, possibly written as a text; one that no table holds is none."""
    numbers = (_integer(raw.get(name)) for name in names)
    return next((number for number in numbers if number is not None and abs(number) < _MOST), None)


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def span_of(value: Located | None) -> dict[str, Any] | None:
    """The text as a row of `schema.SPAN`, or None."""
    return value.span if value is not None else None


def slug(text: str) -> str:
    """A name as an id: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def letter(index: int) -> str:
    """A, B, ... Z, then A27, A28, ...: ids of criteria that have none of their own."""
    return chr(ord("A") + index) if index < 26 else f"A{index + 1}"
