"""The disorder records of a JSON file, in the shapes in which people keep lists of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAMES = ("name", "title", "disorder", "disorder_name", "condition", "diagnosis", "label")
_CODES = ("code", "icd10cm", "icd_10_cm", "icd10", "icd_10", "icd10_code", "icd_code", "dsm_code", "dsm5_code", "id")
_BODY = frozenset({"criteria", "symptoms", "diagnostic_criteria"})
_LISTS = frozenset({"disorders", "conditions", "diagnoses"})  # a list with this name holds disorders, whatever its entries look like
_CODE = re.compile(r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?$|\d{3}(?:\.\d{1,2})?$")
_DEEPEST = 4


def listed(value: Any) -> list[Any]:
    """The records of a JSON value; [] when it is JSON of another kind.

    Finds lists and objects (keyed by code or name) of records under any key, some levels deep, and a single record. Each record
    has its name as `name` and its code as `code`, whatever they were called.
    """
    return list(_records(value, "", 0))


def _records(value: Any, key: str, depth: int) -> Iterator[Any]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        if key in _LISTS or any(_is_record(entry) for entry in value):
            yield from (_named(entry, "") for entry in value)
        else:
            for entry in value:
                yield from _records(entry, "", depth + 1)
    elif isinstance(value, Mapping):
        if _is_record(value) and _given({str(name).lower(): part for name, part in value.items()}, _NAMES + _CODES):
            yield _named(value, "")
        elif key in _LISTS or any(_is_record(entry) for entry in value.values()):
            yield from (_named(entry, name) for name, entry in value.items() if key in _LISTS or isinstance(entry, Mapping))
        else:
            for name, entry in value.items():
                yield from _records(entry, name.lower(), depth + 1)


def _is_record(value: Any) -> bool:
    return isinstance(value, Mapping) and any(
        str(key).lower() in _BODY and isinstance(part, list | Mapping | str) for key, part in value.items()
    )


def _given(record: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((record[name] for name in names if isinstance(record.get(name), str) and record[name].strip()), None)


def _named(entry: Any, key: str) -> Any:
    """The record with `name` and `code`: its own, or the key that it stands under."""
    if not isinstance(entry, Mapping):
        return entry
    record = {name.lower() if isinstance(name, str) else name: part for name, part in entry.items()}
    found = {"name": _given(record, _NAMES), "code": _given(record, _CODES)}
    if key:
        field = "code" if _CODE.match(key) else "name"
        found[field] = found[field] or key
    return record | {field: text for field, text in found.items() if text}
