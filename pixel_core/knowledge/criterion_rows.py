"""The criteria of a user's record as rows of the table: in whatever shape people nest them, no text of them is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pixel_core.knowledge.criteria import KINDS, announced_kind, stated_threshold
from pixel_core.knowledge.records import integer_of, letter, records_of, slug, span_of, text_of, texts_of
from pixel_core.knowledge.symptoms import canonical

_CRITERIA = ("criteria", "diagnostic_criteria")
_GROUPS = ("groups", "subcriteria", "clusters")
_ITEMS = ("items", "symptoms")
_NUMBERS = ("min_count", "at_least", "minimum", "required")
_VOICED = ("voiced", "client_statements", "examples")
_ALL = re.compile(r"\b(?:all|both|each) of (?:the following|these)\b", re.I)
_ANY = re.compile(r"\band/or\b|\beither\b|\bat least one\b|\bone \(?or (?:both|more)\b|\d\)? or \(?\d", re.I)
Row = dict[str, Any]
Record = Mapping[str, Any]


def read_criteria(raw: Record) -> Iterator[Row]:
    """The criteria of a user's record as rows of `schema.CRITERION`; free symptoms become a criterion of their own.

    A kind or threshold that the record does not give is taken from the criterion's text, if that announces it. Ids that a record
    uses twice are told apart.
    """
    rows = [row for index, entry in enumerate(records_of(raw, *_CRITERIA, within="items")) for row in _criterion(entry, letter(index))]
    held = {item["symptom"] for row in rows for item in row["items"]}
    free = [s for s in records_of(raw, "symptoms", key="name") if str(_text(s) or "") not in held]  # the shipped shape repeats the ids
    if items := list(_items({"symptoms": free}, "S", "symptoms")):
        rows.append(_row("symptoms", None, {}, items, []))
    _tell_apart(rows)
    yield from rows


def _criterion(entry: Record, criterion_id: str) -> Iterator[Row]:
    """The row of a criterion, and one for the signs that only illustrate each of its items."""
    criterion_id = str(entry.get("id") or criterion_id)
    text = text_of(entry, "text", "description", "criterion")
    groups, parts = list(records_of(entry, *_GROUPS, within="items")), list(records_of(entry, *_ITEMS))
    parts += [part for part in groups if not _is_group(part)]
    demanding = [part for part in parts if _demands(part)]
    parts = [part for part in parts if not _demands(part)]
    groups = [part for part in groups if _is_group(part)] + demanding
    items = list(_items({"items": parts}, criterion_id, "items"))
    rows = [_group(part, f"{criterion_id}.{number}", items) for number, part in enumerate(groups, start=1)]
    if text or items:
        row = _row(criterion_id, text, entry, items, rows)
        if row["min_groups"] is None and len(demanding) > 1 and _ANY.search(str(text or "")):
            row["min_groups"] = 1
        yield row
    for number, part in enumerate(parts, start=1):
        ident = str(part.get("id") or f"{criterion_id}{number}")
        inner = list(_items({"items": list(_signs(part))}, f"{ident}.", "items"))
        if _text(part) and inner:
            yield _row(ident, None, {"kind": "associated", "min_count": 0}, inner, [])


def _row(criterion_id: str, text: Any, entry: Record, items: list[Row], groups: list[Row]) -> Row:
    given, said = str(entry.get("kind") or ""), str(text or "")
    return {
        "id": criterion_id,
        "kind": given if given in KINDS else announced_kind(said, len(items)),
        "text": span_of(text),
        "min_count": _needed(entry, said, len(items)),
        "min_groups": integer_of(entry, "min_groups"),
        "groups": groups,
        "voiced": [t.span for t in texts_of(entry, *_VOICED)],
        "items": items,
    }


def _needed(entry: Record, said: str, items: int) -> int | None:
    """How many items are needed: as the record says, else as its text does; None where neither tells."""
    if (count := integer_of(entry, *_NUMBERS)) is not None or not items:
        return count
    return items if _ALL.search(said) else stated_threshold(said)


def _group(part: Record, group_id: str, items: list[Row]) -> Row:
    """A group; items that a user nests in it join the criterion's own."""
    group_id = str(part.get("id") or group_id)
    text = text_of(part, "text", "description", "name")
    own = list(_items({"items": list(_signs(part))}, group_id, "items"))
    taken = {item["id"] for item in items}
    items += (item | {"id": f"{group_id}.{item['id']}"} if item["id"] in taken else item for item in own)
    own = items[-len(own) :] if own else []
    named = part.get("of")
    of = [str(item) for item in named] if isinstance(named, list) else [item["id"] for item in own]
    deep = any(records_of(part, *_GROUPS))  # groups in groups: whose numbers say nothing of single items
    return {"id": group_id, "text": span_of(text), "min_count": None if deep else _needed(part, str(text or ""), len(of)), "of": of}


def _is_group(part: Record) -> bool:
    """Whether a part asks for some of several signs; else it is a sign itself."""
    return isinstance(part.get("of"), list) or any(_signs(part))


def _demands(part: Record) -> bool:
    """Whether an item is a group: it has signs of its own and says how many of them are needed."""
    said = str(_text(part) or "")
    return any(_signs(part)) and (integer_of(part, *_NUMBERS) is not None or stated_threshold(said) is not None)


def _signs(part: Record) -> Iterator[Record]:
    """The signs that a part lists, however deep it groups them."""
    yield from records_of(part, *_ITEMS)
    for inner in records_of(part, *_GROUPS, within="items"):
        yield from _signs(inner) if _is_group(inner) else [inner]


def _tell_apart(rows: list[Row]) -> None:
    """Give a criterion, and an item, an id of its own when one before it bears the same."""
    criteria: set[str] = set()
    items: set[str] = set()
    for row in rows:
        row["id"] = _unused(row["id"], criteria, "")
        renamed: dict[str, str] = {}
        for item in row["items"]:
            before, item["id"] = item["id"], _unused(item["id"], items, f"{row['id']}.")
            renamed.setdefault(before, item["id"])
        for group in row["groups"]:
            group["of"] = [renamed.get(item, item) for item in group["of"]]


def _unused(ident: str, used: set[str], before: str) -> str:
    """An id that is not used yet: this one, or with a number (and what goes `before` it) in front."""
    numbered = (f"{n}{before}{ident}" for n in range(2, len(used) + 3))
    found = next(i for i in (ident, before + ident, *numbered) if i not in used)
    used.add(found)
    return found


def _text(part: Record) -> Any:
    return text_of(part, "text", "description", "name")


def _items(entry: Record, criterion_id: str, *names: str) -> Iterator[Row]:
    for number, item in enumerate(records_of(entry, *names), start=1):
        text = _text(item)
        if text:
            named = str(item.get("symptom") or item.get("name") or "")
            yield {
                "id": str(item.get("id") or f"{criterion_id}{number}"),
                "symptom": canonical(named or text) or canonical(text) or slug(named or text)[:60],
                "text": text.span,
                "voiced": [t.span for t in texts_of(item, *_VOICED)],
            }
        else:
            yield from _items({"items": list(_signs(item))}, f"{criterion_id}{number}.", "items")
