"""What the project's own knowledge base says of each disorder, in the form in which a reply can be compared with it."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import verify
from pixel_core.evaluation.persona.transitions import stems_of
from pixel_core.knowledge.durations import days_in

TABLE = "disorders.parquet"
_ENOUGH, _WHOLE = 0.5, 0.99  # shares of a phrase's weight that one sign covers
_COUNT = re.compile(r"\b(two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b")
_SPELLED = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_SPELLED, start=2)}
_MOST = 12  # signs that any disorder counts
Unit = frozenset[str]


@dataclass(frozen=True, slots=True)
class Disorder:
    """One disorder: its signs as sets of word stems, and the numbers that may be said of it."""

    code: str
    name: str
    signs: tuple[str, ...]
    """What its criteria ask for, by the names of the vocabulary; in order, each once."""
    units: tuple[Unit, ...]
    """The stems of each sign and each criterion."""
    thresholds: frozenset[int]
    """How many signs a criterion or a group of them asks for."""
    days: tuple[float, ...]
    """The lengths of time that its criteria name."""
    severities: Mapping[str, frozenset[int]]
    """How many signs go with a severity, where the disorder grades by that."""


class Manual:
    """The disorders of an artifact `dsm5_criteria`, and how much each word says about which of them is meant."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.disorders = {row["code"]: _disorder(row) for row in rows}
        seen = Counter(stem for one in self.disorders.values() for stem in frozenset().union(*one.units))
        self._weights = {stem: math.log((len(self.disorders) + 1) / count) for stem, count in seen.items()}
        self._unseen = math.log(len(self.disorders) + 1)
        self._units = [code for code, one in self.disorders.items() for _ in one.units]
        self._where: dict[str, list[int]] = defaultdict(list)
        for place, unit in enumerate(unit for one in self.disorders.values() for unit in one.units):
            for stem in unit:
                self._where[stem].append(place)

    def names_sign(self, phrase: str, codes: Iterable[str]) -> bool:
        """Whether a phrase names a sign or a criterion of one of these disorders: one of theirs covers half of its weight.

        Where a sign of another disorder covers it wholly, one of theirs must do so too.
        """
        stems, own = stems_of(phrase), set(codes)
        if not stems:
            return False
        covered: dict[int, float] = defaultdict(float)
        for stem in sorted(stems):
            for place in self._where.get(stem, ()):
                covered[place] += self._weights[stem]
        total = sum(self._weights.get(stem, self._unseen) for stem in sorted(stems))
        mine = max((weight for place, weight in covered.items() if self._units[place] in own), default=0.0)
        others = max((weight for place, weight in covered.items() if self._units[place] not in own), default=0.0)
        return mine / total >= (_WHOLE if others / total >= _WHOLE else _ENOUGH)


def read_manual(folder: Path) -> Manual:
    """The manual of an artifact `dsm5_criteria`; raises ArtifactError when the folder is none."""
    verify(folder)
    return Manual(pl.read_parquet(folder / TABLE).iter_rows(named=True))


def _disorder(row: Mapping[str, Any]) -> Disorder:
    named = {c.id: c for c in taxonomy.classes("symptoms")}
    asked = [criterion for criterion in row["criteria"] if criterion["kind"] not in ("exclusion", "associated")]
    items = [item for criterion in asked for item in criterion["items"]]
    symptoms = list(dict.fromkeys(item["symptom"] for item in items))
    frequent = [item for c in row["criteria"] if c["kind"] == "associated" for item in c["items"]]
    words = [f"{_text(item['text'])} {_words(named, item['symptom'])}" for item in (*items, *frequent)]
    words += [_text(criterion["text"]) for criterion in row["criteria"] if criterion["kind"] != "exclusion"]
    counts = [c["min_count"] for c in asked] + [group["min_count"] for c in asked for group in c["groups"] or ()]
    graded = {s["name"].split(",")[0].split()[0].lower(): s["name"] for s in row["specifiers"] if "sign" in s["name"]}
    duration = row["duration"] or {}
    said = [_text(duration.get("text"))] + [_text(c["text"]) for c in row["criteria"]]
    lasting = [duration.get("min_days"), duration.get("max_days")]
    return Disorder(
        code=row["code"],
        name=row["name"],
        signs=tuple(named[s].name if s in named else s.replace("_", " ") for s in symptoms) or tuple(_short(c) for c in asked),
        units=tuple(frozenset(stems_of(text)) for text in words if stems_of(text)),
        thresholds=frozenset(count for count in counts if count) | frozenset(n for text in said for n in numbers_in(text)),
        days=tuple(sorted({*(float(days) for days in lasting if days), *(days for text in said for days in days_in(text))})),
        severities={name: frozenset(_graded(text)) for name, text in graded.items()},
    )


def numbers_in(text: str) -> Iterator[int]:
    """The numbers from two that a text names, in words or digits."""
    return (_NUMBERS.get(found, 0) or int(found) for found in _COUNT.findall(text.lower()))


def _graded(text: str) -> Iterator[int]:
    """The numbers of signs of a severity: those it names, and all above where it says so."""
    found = list(numbers_in(text))
    return iter(range(min(found), _MOST) if "or more" in text and found else found)


def _words(named: Mapping[str, Any], symptom: str) -> str:
    entry = named.get(symptom)
    return f"{entry.name} {entry.fields['synonyms']} {symptom}".replace("_", " ").replace("|", " ") if entry else symptom.replace("_", " ")


def _text(span: Mapping[str, Any] | None) -> str:
    return str(span["text"]) if span and span["text"] else ""


def _short(criterion: Mapping[str, Any]) -> str:
    """The beginning of a criterion that has no items, as a phrase."""
    return re.split(r"[.,;:]", _text(criterion["text"]))[0]


def phrases_of(text: str) -> Sequence[str]:
    """The phrases of a list, parted by semicolons, line ends or bullets."""
    return [part for piece in re.split(r"[;\n\u2022]|(?<=\w)\. ", text) if (part := piece.strip(" .-*\t"))]
