"""Whether the psychology framework is whole: every class described, every entry with the parts that its kind needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import verify
from pixel_core.findings import Findings, Severity, at_least, none_of
from pixel_core.knowledge import framework

STYLES, DEFENCES, LEVELS, TRAITS, FACETS, GUIDELINES = 4, 30, 4, 5, 6, 12
_PARTS = {
    "organisation": ("identity", "object_relations", "defences_used", "reality_testing"),
    "symptom_pattern": ("affective_states", "cognitive_patterns", "somatic_states", "relationship_patterns"),
    "defence": ("example",),
}
Row = Mapping[str, Any]


def check_framework_completeness(folder: Path) -> Findings:
    """Whether entries hold the parts of their kind, and (a warning) whether every class, style, defence, trait and guideline is there."""
    verify(folder)
    rows = list(pl.read_parquet(folder / framework.TABLE).iter_rows(named=True))
    counts = Counter(row["kind"] for row in rows)
    held = {row["id"] for row in rows if row["kind"] in ("pdm2", "organisation", "symptom_pattern")}
    missing = Counter(f"missing {name}" for names in ("pdm2", "pdm2_axes") for name in taxonomy.ids(names) if name not in held)
    levels = len({row["group"] for row in rows if row["kind"] == "defence"})
    wanted = {"attachment": STYLES, "defence": DEFENCES, "trait": TRAITS, "interview": GUIDELINES}
    return Findings.of(
        [
            none_of("parts", Counter(fault for row in rows for fault in _faults(row))),
            none_of("classes", missing, severity=Severity.WARNING),
            *(at_least(f"{kind}_entries", counts[kind], number, severity=Severity.WARNING) for kind, number in wanted.items()),
            at_least("levels_of_defence", levels, LEVELS, severity=Severity.WARNING),
        ]
    )


def _faults(row: Row) -> Iterator[str]:
    parts = Counter(detail["name"] for detail in row["details"])
    yield from (f"without_{part} {row['id']}" for part in _PARTS.get(row["kind"], ()) if not parts[part])
    if row["kind"] == "defence" and not row["group"]:
        yield f"without_level {row['id']}"
    if row["kind"] == "trait" and parts["sign"] != FACETS:
        yield f"facets_are_not_six {row['id']}"
    if row["kind"] == "interview" and not row["voiced"]:
        yield f"without_wording {row['id']}"
