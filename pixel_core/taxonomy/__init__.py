"""The class lists of Pixel's heads and the vocabularies of its knowledge, as versioned CSV files that ship with the package."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

TaxonomyName = Literal[
    "dsm5",
    "dsm5_aliases",
    "dsm5_newer_codes",
    "pdm2",
    "pdm2_axes",
    "symptoms",
    "techniques",
    "crisis",
    "eq_domains",
    "emotions",
    "mer",
    "persona_contexts",
    "persona_triggers",
]
_KEY = {"dsm5": "code", "dsm5_aliases": "code", "dsm5_newer_codes": "code"}


@dataclass(frozen=True, slots=True)
class TaxonomyClass:
    """One class of a taxonomy: its id (an ICD-10-CM code in `dsm5`), its name, and the other columns."""

    id: str
    name: str
    fields: dict[str, str]


@cache
def classes(taxonomy: TaxonomyName) -> tuple[TaxonomyClass, ...]:
    """The classes of a taxonomy in file order, which is the order of the head's outputs."""
    text = (files(__package__) / f"{taxonomy}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    key = _KEY.get(taxonomy, "id")
    found = tuple(TaxonomyClass(row[key], row.get("name") or row[key], row) for row in rows)
    if len({c.id for c in found}) != len(found):
        raise ValueError(f"taxonomy {taxonomy} repeats an id: every class needs one of its own")
    return found


@cache
def ids(taxonomy: TaxonomyName) -> tuple[str, ...]:
    """The class ids of a taxonomy in the order of the head's outputs."""
    return tuple(c.id for c in classes(taxonomy))


def find(taxonomy: TaxonomyName, class_id: str) -> TaxonomyClass:
    """The class with this id; raises KeyError naming the taxonomy when there is none."""
    for candidate in classes(taxonomy):
        if candidate.id == class_id:
            return candidate
    raise KeyError(f"{class_id!r} is not a class of the taxonomy {taxonomy!r}")
