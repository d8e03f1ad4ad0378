"""Whether the disorders agree with themselves, with one another and with the taxonomies; every reason names the row by its code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import verify
from pixel_core.findings import Findings, Severity, at_least, none_of
from pixel_core.knowledge import dsm5, symptoms
from pixel_core.knowledge.criteria import KINDS, criteria_of, stated_threshold, unmet
from pixel_core.knowledge.durations import days_in, same_time
from pixel_core.writing.similarity import jaccard, shingles

Row = Mapping[str, Any]
Text = tuple[str, str, str]  # code, field, text
SHORTER = (("F23", "F20.81"), ("F20.81", "F20.9"), ("F43.0", "F43.10"), ("F31.81", "F31"), ("F32", "F34.1"), ("F31", "F34.0"))
"""Pairs of disorders of which the first ends, or is established, no later than the second begins to count."""
_ALIKE = 0.6  # Jaccard similarity of word 5-grams from which two texts are near-duplicates
_WORDS = 8  # texts with fewer words are compared as a whole only


def check_codes(folder: Path) -> Findings:
    """Whether codes, names and chapters are the taxonomy's, and specifiers' codes belong to their class."""
    return _of(folder, "codes", _code_faults)


def check_thresholds(folder: Path) -> Findings:
    """Whether thresholds can be met, are those that the texts state, and all items together fulfil every criterion."""
    return _of(folder, "thresholds", _threshold_faults)


def check_durations(folder: Path) -> Findings:
    """Whether bounds are those that the texts name, do not cross, and stand in order between disorders that differ by time."""
    rows = _rows(folder)
    order = Counter(_order_faults({row["code"]: row["duration"] or {} for row in rows}))
    own = Counter(fault for row in rows for fault in _duration_faults(row))
    return Findings.of([at_least("disorders", len(rows), 1), none_of("durations", own), none_of("order", order)])


def check_symptoms(folder: Path) -> Findings:
    """Whether every item's symptom stands in the vocabulary, and the symptom map holds exactly the items of the disorders."""
    rows = _rows(folder)
    orphans = Counter(
        f"orphan_symptom {row['code']} {item['id']}"
        for row in rows
        for criterion in row["criteria"]
        for item in criterion["items"]
        if item["symptom"] not in taxonomy.ids("symptoms")
    )
    written = Counter(pl.read_parquet(folder / symptoms.TABLE).select("code", "item", "symptom").iter_rows())
    expected = Counter((r["code"], r["item"], r["symptom"]) for r in symptoms.symptom_rows(rows))
    differ = Counter(f"map_differs {code}" for code, _, _ in ((written - expected) + (expected - written)).elements())
    return Findings.of([at_least("disorders", len(rows), 1), none_of("vocabulary", orphans), none_of("map", differ)])


def check_duplicates(folder: Path) -> Findings:
    """Whether no two disorders say the same, word for word or nearly, beyond the signs that they share."""
    rows = _rows(folder)
    texts = [text for row in rows for text in _own_texts(row)]
    return Findings.of(
        [
            at_least("texts", len(texts), 1, severity=Severity.WARNING),
            none_of("same_text", Counter(_same(texts))),
            none_of("alike", Counter(_alike(texts)), severity=Severity.WARNING),
        ]
    )


def check_differentials(folder: Path) -> Findings:
    """Whether differentials name classes of the taxonomy, and (a warning) whether both sides of a pair in one chapter name one another."""
    rows = _rows(folder)
    named = {row["code"]: [d["code"] for d in row["differentials"]] for row in rows}
    faults: Counter[str] = Counter()
    for code, others in named.items():
        faults.update(f"unknown_code {code}" for other in others if other not in taxonomy.ids("dsm5"))
        faults.update(f"names_itself {code}" for other in others if other == code)
        faults.update(f"named_twice {code} {other}" for other, count in Counter(others).items() if count > 1)
    chapters = {row["code"]: row["chapter"] for row in rows}
    one_way = Counter(
        f"one_way {code} {other}"
        for code, others in named.items()
        for other in others
        if chapters.get(other) == chapters[code] and code not in named[other]
    )
    return Findings.of(
        [
            at_least("disorders", len(rows), 1),
            none_of("differentials", faults),
            none_of("both_ways", one_way, severity=Severity.WARNING),
        ]
    )


def _rows(folder: Path) -> list[Row]:
    verify(folder)
    return list(pl.read_parquet(folder / dsm5.TABLE).iter_rows(named=True))


def _of(folder: Path, name: str, faults: Callable[[Row], Iterator[str]]) -> Findings:
    rows = _rows(folder)
    return Findings.of([at_least("disorders", len(rows), 1), none_of(name, Counter(fault for row in rows for fault in faults(row)))])


def _code_faults(row: Row) -> Iterator[str]:
    code = row["code"]
    if code not in taxonomy.ids("dsm5"):
        yield f"outside_taxonomy {code}"
        return
    known = taxonomy.find("dsm5", code)
    if row["name"] != known.name:
        yield f"name_differs {code}"
    if row["chapter"] != known.fields["chapter"]:
        yield f"chapter_differs {code}"
    for specifier in row["specifiers"]:
        if specifier["code"] and dsm5.class_of_code(specifier["code"]) != code:
            yield f"specifier_of_another_class {code} {specifier['code']}"


def _threshold_faults(row: Row) -> Iterator[str]:
    code = row["code"]
    items = {item["id"] for criterion in row["criteria"] for item in criterion["items"]}
    for criterion, built in zip(row["criteria"], criteria_of(row), strict=True):
        where = f"{code} {criterion['id']}"
        if criterion["kind"] not in KINDS:
            yield f"unknown_kind {where}"
        if criterion["items"] and built.at_least > len(built.items):
            yield f"more_needed_than_listed {where}"
        for group in built.groups:
            if not 0 < group.at_least <= len(group.of) or group.of - items:
                yield f"group_cannot_be_met {where} {group.id}"
        if built.groups_needed > len(built.groups):
            yield f"more_groups_needed_than_listed {where}"
        stated = stated_threshold(criterion["text"]["text"]) if criterion["text"] and (criterion["items"] or criterion["groups"]) else None
        if stated is not None and stated not in {built.at_least, built.groups_needed, *(group.at_least for group in built.groups)}:
            yield f"text_states_another_number {where}"
    yield from (f"cannot_be_met {code} {criterion}" for criterion in unmet(row, items))


def _duration_faults(row: Row) -> Iterator[str]:
    code, duration = row["code"], row["duration"] or {}
    shortest, longest = duration.get("min_days"), duration.get("max_days")
    said = (duration.get("text") or {}).get("text")
    named = days_in(said) if said else []
    for bound, days in (("min_days", shortest), ("max_days", longest)):
        if days is not None and days < 0:
            yield f"negative {code} {bound}"
        if days is not None and said and not any(same_time(days, other) for other in named):
            yield f"text_names_another_time {code} {bound}"
    if shortest is not None and longest is not None and shortest > longest:
        yield f"min_above_max {code}"


def _order_faults(durations: Mapping[str, Row]) -> Iterator[str]:
    """The pairs of `SHORTER` that the durations contradict; a pair that is not held, or unbounded, is no fault."""
    for first, second in SHORTER:
        before, after = durations.get(first, {}), durations.get(second, {})
        ends, begins = before.get("max_days") or before.get("min_days"), after.get("min_days")
        if ends is not None and begins is not None and ends > begins:
            yield f"contradicts {first} {second}"


def _own_texts(row: Row) -> Iterator[Text]:
    """The texts that belong to one disorder only: all but criteria, exclusions and durations, in which disorders rightly agree."""
    code = row["code"]
    for name in ("summary", "impairment"):
        if row[name]:
            yield code, name, row[name]["text"]
    for name in ("therapist_focus", "care"):
        yield from ((code, name, span["text"]) for span in row[name])
    for criterion in row["criteria"]:
        yield from ((code, "voiced", span["text"]) for span in criterion["voiced"])
        yield from ((code, "voiced", span["text"]) for item in criterion["items"] for span in item["voiced"])


def _same(texts: Sequence[Text]) -> Iterator[str]:
    seen: dict[str, Text] = {}
    for code, name, text in texts:
        key = " ".join(text.lower().split())
        if key in seen:
            yield f"same_text {seen[key][0]} {code} {name}"
        seen.setdefault(key, (code, name, text))


def _alike(texts: Sequence[Text]) -> Iterator[str]:
    """Pairs of different texts of which most word 5-grams are shared; only texts that share one at all are compared."""
    long = [(code, name, shingles(text)) for code, name, text in texts if len(text.split()) >= _WORDS]
    holders: dict[tuple[str, ...], list[int]] = {}
    for position, (_, _, found) in enumerate(long):
        for shingle in found:
            holders.setdefault(shingle, []).append(position)
    pairs = sorted({pair for held in holders.values() if len(held) > 1 for pair in combinations(held, 2)})
    for first, second in pairs:
        one, other = long[first], long[second]
        if one[2] != other[2] and jaccard(one[2], other[2]) >= _ALIKE:
            yield f"alike {one[0]} {other[0]} {one[1]}"
