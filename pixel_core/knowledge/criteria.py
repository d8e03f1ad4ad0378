"""Criteria as a tree: which signs a criterion asks for, how many of them, and whether a person's signs meet it.

A criterion has items, of which at least `min_count` are needed, and groups: further demands on some of the items (`at least one
of the first two`), all of which hold unless `min_groups` says how many do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pixel_core.knowledge.durations import DAYS, WORDS, number_of
from pixel_core.knowledge.records import integer_of, letter, records_of, slug, span_of, text_of, texts_of
from pixel_core.knowledge.symptoms import canonical

Kind = Literal["symptoms", "context", "duration", "frequency", "onset", "age", "impairment", "exclusion", "associated"]
KINDS: tuple[Kind, ...] = ("symptoms", "context", "duration", "frequency", "onset", "age", "impairment", "exclusion", "associated")
_ANNOUNCED: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))  # type: ignore[misc]
    for kind, pattern in (
        ("impairment", r"distress|impair|interfere|in the way|disturb work|disturbs? |suffer|limits? |reduce|restricts"),
        ("age", r"years old|at least eighteen|developmental age"),
        ("onset", r"\bbegan\b|\bonset\b|before (the )?age|present before"),
        (
            "exclusion",
            r"\bnot (due|better|the effect|explained|confined|limited)|does not (explain|occur)|do not explain|never|ruled out"
            r"|\baccounts? for\b|\bnot merely a worsening|\bneither .{1,40} nor .{1,40} (causes?|has ever)",
        ),
        ("associated", r"\bnot required\b|\boften (also|goes?|follows?|found|affected)\b|\bfrequently found\b"),
        ("frequency", r"times a (week|month)|nights a week|on average|(once|twice) a (week|month)"),
        ("duration", r"\blast(s|ed)?\b|months|weeks or more|years or more"),
    )
)
_NUMBER = rf"(\d+|{'|'.join(w for w in WORDS if w not in ('a', 'an', 'half'))})"
_UNITS = "|".join([*DAYS, "time", "night"])
_THRESHOLD = re.compile(rf"\bat least {_NUMBER}\b(?! (?:{_UNITS}))|\b{_NUMBER} \(?or more\)?(?= of\b| \(?[a-z]+\)? ?of\b|$|\.)", re.I)


@dataclass(frozen=True, slots=True)
class Group:
    """A demand on some of the items: at least `at_least` of those whose ids stand in `of`."""

    id: str
    at_least: int
    of: frozenset[str]

    def met(self, present: Collection[str]) -> bool:
        """Whether enough of its items are present."""
        return sum(1 for item in self.of if item in present) >= self.at_least


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a disorder; `at_least` is 0 where it is judged by its text alone, or is not required."""

    id: str
    kind: str
    at_least: int
    items: tuple[str, ...]
    groups: tuple[Group, ...] = ()
    groups_needed: int = 0

    def met(self, present: Collection[str]) -> bool:
        """Whether the items present (ids) reach the threshold and as many of the groups as are needed."""
        enough = sum(1 for item in self.items if item in present) >= self.at_least
        return enough and sum(1 for group in self.groups if group.met(present)) >= self.groups_needed


def criteria_of(row: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """The criteria of a row of `disorders.parquet`."""
    return tuple(_criterion_of(raw) for raw in row["criteria"])


def unmet(row: Mapping[str, Any], present: Collection[str]) -> list[str]:
    """The ids of the criteria that ask for more of their items than are present; what is judged by text alone is left out."""
    return [criterion.id for criterion in criteria_of(row) if not criterion.met(present)]


def read_criteria(raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The criteria of a user's record as rows of `schema.CRITERION`; free symptoms become a criterion of their own.

    A kind or threshold that the record does not give is taken from the criterion's text, if that announces it.
    """
    for index, entry in enumerate(records_of(raw, "criteria", "diagnostic_criteria")):
        criterion_id = str(entry.get("id") or letter(index))
        text = text_of(entry, "text", "description", "criterion")
        nested = list(records_of(entry, "groups", "subcriteria", "clusters"))
        items = list(_items(entry, criterion_id, "items", "symptoms"))
        groups = [_group(part, f"{criterion_id}.{number}", items) for number, part in enumerate(nested, start=1)]
        if text or items:
            yield _row(criterion_id, text, entry, items, groups)
    symptoms = [s for s in records_of(raw, "symptoms") if " " in str(s.get("text", ""))]
    if symptoms:  # free text; the shipped shape repeats the ids of its items here instead
        yield _row("symptoms", None, {}, list(_items({"symptoms": [s["text"] for s in symptoms]}, "S", "symptoms")), [])


def stated_threshold(text: str) -> int | None:
    """The number in `at least five of these` or `five or more of the following`, or None."""
    found = _THRESHOLD.search(text)
    return int(number_of(found[1] or found[2])) if found else None


def announced_kind(text: str, items: int) -> Kind:
    """The kind of criterion that a text announces; one with items is `symptoms` unless it begins with its consequences."""
    if items and not _ANNOUNCED[0][1].search(text[:60]):
        return "symptoms"
    return next((kind for kind, pattern in _ANNOUNCED if pattern.search(text)), "symptoms")


def _criterion_of(raw: Mapping[str, Any]) -> Criterion:
    groups = tuple(Group(g["id"], g["min_count"] or 0, frozenset(g["of"])) for g in raw["groups"])
    needed = raw["min_groups"] if raw["min_groups"] is not None else len(groups)
    return Criterion(raw["id"], raw["kind"], raw["min_count"] or 0, tuple(i["id"] for i in raw["items"]), groups, needed)


def _row(
    criterion_id: str, text: Any, entry: Mapping[str, Any], items: list[dict[str, Any]], groups: list[dict[str, Any]]
) -> dict[str, Any]:
    given = str(entry.get("kind") or "")
    kind = given if given in KINDS else announced_kind(str(text or ""), len(items))
    count = integer_of(entry, "min_count", "at_least", "minimum", "required")
    return {
        "id": criterion_id,
        "kind": kind,
        "text": span_of(text),
        "min_count": count if count is not None else (stated_threshold(str(text or "")) if items else None),
        "min_groups": integer_of(entry, "min_groups"),
        "groups": groups,
        "voiced": [t.span for t in texts_of(entry, "voiced", "client_statements", "examples")],
        "items": items,
    }


def _group(part: Mapping[str, Any], group_id: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A group; items that a user nests in it join the criterion's own."""
    group_id = str(part.get("id") or group_id)
    text = text_of(part, "text", "description")
    own = list(_items(part, group_id, "items", "symptoms"))
    items += own
    named = part.get("of")
    of = [str(item) for item in named] if isinstance(named, list) else [item["id"] for item in own]
    count = integer_of(part, "min_count", "at_least", "minimum", "required")
    return {"id": group_id, "text": span_of(text), "min_count": count if count is not None else stated_threshold(str(text or "")), "of": of}


def _items(entry: Mapping[str, Any], criterion_id: str, *names: str) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(records_of(entry, *names), start=1):
        text = text_of(item, "text", "description", "name")
        if text:
            named = str(item.get("symptom") or "")
            yield {
                "id": str(item.get("id") or f"{criterion_id}{number}"),
                "symptom": canonical(named or text) or slug(named or text)[:60],
                "text": text.span,
                "voiced": [t.span for t in texts_of(item, "voiced", "client_statements", "examples")],
            }
