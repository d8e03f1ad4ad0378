"""Symptoms: the one vocabulary (`pixel_core/taxonomy/symptoms.csv`), and the map between symptoms and disorders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import verify
from pixel_core.knowledge.records import slug

TABLE = "symptoms.parquet"
_ARTICLES = ("a_", "an_", "the_", "my_")


def canonical(text: str) -> str | None:
    """The id of the symptom that an id, a name or a synonym names; None for one outside the vocabulary."""
    wanted = slug(text)
    bare = next((wanted.removeprefix(article) for article in _ARTICLES if wanted.startswith(article)), wanted)
    return _named().get(wanted) or _named().get(bare)


def broader(symptom: str) -> tuple[str, ...]:
    """The symptom and the wider ones that it is a case of, nearest first."""
    chain = [symptom]
    while (wider := _broader().get(chain[-1])) and wider not in chain:
        chain.append(wider)
    return tuple(chain)


def orphans(symptoms: Iterable[str]) -> list[str]:
    """The symptoms that the vocabulary does not hold, sorted."""
    return sorted(set(symptoms) - set(taxonomy.ids("symptoms")))


def symptom_rows(disorders: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row of `schema.SYMPTOM_SCHEMA` for every item of every disorder, in their order."""
    known = {c.id: c for c in taxonomy.classes("symptoms")}
    for row in disorders:
        for criterion in row["criteria"]:
            for item in criterion["items"]:
                entry = known.get(item["symptom"])
                yield {
                    "symptom": item["symptom"],
                    "name": entry.name if entry else None,
                    "domain": entry.fields["domain"] if entry else None,
                    "broader": (entry.fields["broader"] or None) if entry else None,
                    "code": row["code"],
                    "criterion": criterion["id"],
                    "kind": criterion["kind"],
                    "item": item["id"],
                }


@dataclass(frozen=True, slots=True)
class SymptomMap:
    """Which symptoms a disorder has, and which disorders a symptom belongs to."""

    by_disorder: Mapping[str, tuple[str, ...]]
    by_symptom: Mapping[str, tuple[str, ...]]

    @classmethod
    def open(cls, folder: Path) -> SymptomMap:
        """The map of a `dsm5_criteria` artifact; raises ArtifactError when the folder is not whole."""
        verify(folder)
        return cls.of(pl.read_parquet(folder / TABLE, columns=["symptom", "code"]).iter_rows())

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> SymptomMap:
        """The map of (symptom, code) pairs; a symptom counts for the wider ones too."""
        symptoms: defaultdict[str, dict[str, None]] = defaultdict(dict)
        disorders: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for symptom, code in pairs:
            symptoms[code][symptom] = None
            for name in broader(symptom):
                disorders[name][code] = None
        return cls({code: tuple(found) for code, found in symptoms.items()}, {s: tuple(found) for s, found in disorders.items()})

    def symptoms_of(self, code: str) -> tuple[str, ...]:
        """The symptoms of a disorder in the order of its criteria; raises KeyError for a code that the knowledge does not hold."""
        return self.by_disorder[code]

    def disorders_of(self, symptom: str) -> tuple[str, ...]:
        """The disorders with this symptom (an id, a name or a synonym) or a case of it, in the order of the taxonomy.

        Empty when none has it; raises KeyError for a word that the vocabulary does not hold.
        """
        found = canonical(symptom) or (symptom if symptom in self.by_symptom else None)
        if found is None:
            raise KeyError(f"{symptom!r} is not a symptom of pixel_core/taxonomy/symptoms.csv")
        return self.by_symptom.get(found, ())


@cache
def _named() -> dict[str, str]:
    """Every id, name and synonym, as slug, with the id that it stands for; ids win over names, and names over synonyms."""
    found: dict[str, str] = {}
    entries = taxonomy.classes("symptoms")
    for names in ((c.id for c in entries), (c.name for c in entries)):
        for entry, name in zip(entries, names, strict=True):
            found.setdefault(slug(name), entry.id)
    for entry in entries:
        for synonym in filter(None, entry.fields["synonyms"].split(";")):
            found.setdefault(slug(synonym), entry.id)
    return found


@cache
def _broader() -> dict[str, str]:
    return {c.id: c.fields["broader"] for c in taxonomy.classes("symptoms") if c.fields["broader"]}
