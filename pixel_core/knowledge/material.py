"""From the knowledge tables to what the writers write from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl

from pixel_core.conversation import Evidence
from pixel_core.knowledge.dsm5 import TABLE as DISORDERS
from pixel_core.knowledge.framework import TABLE as FRAMEWORK
from pixel_core.knowledge.records import slug
from pixel_core.knowledge.sources import KnowledgeError
from pixel_core.writing import Differential, Feature, Material, Notion, Picture, Statement, role_of
from pixel_core.writing.material import DOCUMENT, NotionKind, Role

_ROLES: Mapping[str, Role] = {
    "symptoms": "symptom",
    "impairment": "impact",
    **dict.fromkeys(("duration", "frequency", "onset", "age"), "course"),  # type: ignore[dict-item]
    "exclusion": "screen",
}
"""What a client who voices a criterion of this kind tells; for the other kinds its text decides."""
Row = Mapping[str, Any]


def load_material(dsm5: Path, framework: Path, classes: Collection[str] | None = None) -> Material:
    """The material of the two artifact folders, in the order of their tables; of the disorders those with a code in `classes` (None: all).

    Raises KnowledgeError when there are disorders and none of them is wanted.
    """
    held = list(pl.read_parquet(dsm5 / DISORDERS).iter_rows(named=True))
    disorders = [row for row in held if classes is None or row["code"] in classes]
    if held and not disorders:
        names = ", ".join(classes or ())
        raise KnowledgeError(f"the knowledge holds no disorder of knowledge.classes ({names}): name others, or null for all")
    entries = list(pl.read_parquet(framework / FRAMEWORK).iter_rows(named=True))
    pictures = [_disorder(row) for row in disorders] + [_entry(row) for row in entries if row["kind"] == "pdm2"]
    return Material(tuple(pictures), tuple(_notion(row) for row in entries if row["kind"] in get_args(NotionKind)))


def _disorder(row: Row) -> Picture:
    file = row["file"]
    duration = row["duration"] or {}
    return Picture(
        head="clinical",
        id=row["code"],
        name=row["name"],
        summary=_statement(row["summary"], file),
        features=tuple(_features(row)),
        focus=_statements(row["therapist_focus"], file),
        care=_statements(row["care"], file),
        exclusions=_statements(row["exclusions"], file),
        impairment=_statement(row["impairment"], file),
        duration=_statement(duration.get("text"), file),
        min_days=duration.get("min_days"),
        needed=tuple((c["id"], c["min_count"]) for c in row["criteria"] if c["min_count"] and c["items"]),
        differentials=tuple(
            Differential(d["name"], statement) for d in row["differentials"] if (statement := _statement(d["distinguish"], file))
        ),
        group=row["chapter"],
    )


def _features(row: Row) -> Iterator[Feature]:
    for criterion in row["criteria"]:
        for item in criterion["items"]:
            yield Feature(
                item["id"], item["symptom"], _statement(item["text"], row["file"]), _statements(item["voiced"], row["file"]), "symptom"
            )
        if criterion["voiced"]:
            text = _statement(criterion["text"], row["file"])
            voiced = _statements(criterion["voiced"], row["file"])
            yield Feature(criterion["id"], "", text, voiced, _ROLES.get(criterion["kind"]) or (role_of(text.text) if text else "symptom"))


def _entry(row: Row) -> Picture:
    """A PDM-2 class; each of its voiced sentences is a feature of its own."""
    voiced = [(span["pole"] or "", s) for span in row["voiced"] if (s := _statement(span, row["file"]))]
    text = _statement(row["text"], row["file"])
    depth = next((d["text"] for d in row["details"] if d["name"] in ("tension", "capacity")), None)
    return Picture(
        head="pdm2",
        id=row["id"],
        name=row["name"],
        summary=text,
        features=tuple(Feature(f"voiced{n}", "", text, (v,), pole=pole) for n, (pole, v) in enumerate(voiced, start=1)),
        focus=_statements(row["therapist_focus"], row["file"]),
        depth=_statement(depth, row["file"]),
        defences=tuple(slug(name) for name in row["typical_defences"]),
        group=row["group"],
    )


def _notion(row: Row) -> Notion:
    text = _statement(row["text"], row["file"])
    if text is None:
        raise ValueError(f"framework entry {row['id']} has no text: build psychology_framework again")
    return Notion(
        kind=row["kind"],
        id=row["id"],
        name=row["name"],
        text=text,
        signs=_statements([d["text"] for d in row["details"] if d["name"] == "sign"], row["file"]),
        examples=_statements([d["text"] for d in row["details"] if d["name"] == "example"], row["file"]),
        voiced=_statements(row["voiced"], row["file"]),
        focus=_statements(row["therapist_focus"], row["file"]),
        group=row["group"],
    )


def _statements(spans: list[Row], file: str) -> tuple[Statement, ...]:
    return tuple(s for span in spans or [] if (s := _statement(span, file)))


def _statement(span: Row | None, file: str) -> Statement | None:
    if not span or span["text"] is None:
        return None
    return Statement(re.sub(r"\s+", " ", span["text"]).strip(), Evidence(f"{DOCUMENT}{file}", span["start"], span["end"]))
