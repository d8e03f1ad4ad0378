"""What sentences tell about their speaker, so that one client does not have two jobs, two marriages and three ages."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache, lru_cache

from pixel_core.writing.cues import Cue, lowered
from pixel_core.writing.phrases import bank

_RARE, _RARELY = "teens", 0.8  # most people who come are grown up; an eighteen-year-old only now and then

_LIFELONG = {"cue": ".", "onset": ["early"]}

Facts = Mapping[str, frozenset[str]]
"""For each facet that was spoken of the values that are possible; a facet that is absent is open."""


@lru_cache(maxsize=20_000)
def facts_of(text: str, scope: str = "") -> Facts:
    """The facts that a text tells; `scope` is the class whose own cues count too (whose death, which event)."""
    found = dict(facts_of(text)) if scope else {}
    lower = lowered(text)
    for cue, told in cues_of(scope):
        if cue.holds(text, lower):
            for facet, values in told.items():
                found[facet] = found.get(facet, values) & values
    return found


def join(first: Facts, second: Facts) -> Facts | None:
    """The facts of one person who says both; None when they contradict each other."""
    if not second:  # most sentences tell nothing
        return first
    joined = dict(first)
    for facet, values in second.items():
        joined[facet] = joined.get(facet, values) & values
    return joined if _possible(joined) else None


def complete(facts: Facts, rng: random.Random) -> dict[str, str]:
    """A person whom these facts fit: one value for gender, age, partner, children, work and home."""
    person = _completed(facts, ("age", "work", "partner", "children", "gender", "home"), rng)
    if person is None:
        raise ValueError(f"no person has all of these facts: {', '.join(sorted(facts))}")
    return person


def _completed(facts: Facts, facets: tuple[str, ...], rng: random.Random) -> dict[str, str] | None:
    """One value for each of these facets; a value after which another facet has none left is taken back."""
    if not facets:
        return {}
    facet, *rest = facets
    values = _shuffled(sorted(facts.get(facet, _values(facet))), rng)
    likely = _homes_of(facts) if facet == "home" else frozenset(values)
    for value in sorted(values, key=lambda v: v not in likely or (v == _RARE and rng.random() < _RARELY)):
        narrowed = join(facts, {facet: frozenset({value})})
        others = _completed(narrowed, tuple(rest), rng) if narrowed is not None else None
        if others is not None:
            return {facet: value, **others}
    return None


def _homes_of(facts: Facts) -> frozenset[str]:
    """Where somebody with these children lives, as a rule: a small child is not left with a flatmate."""
    table = bank("facts")["child_homes"]
    return frozenset().union(*(table.get(value, _values("home")) for value in facts.get("children", _values("children"))))


def _possible(facts: Facts) -> bool:
    if not all(facts.values()):
        return False
    ages = facts.get("age", _values("age"))
    for facet, table in (("work", "work_ages"), ("children", "child_ages"), ("partner", "partner_ages")):
        if facet in facts:
            ages &= _together(table, facts[facet], "")
    homes = facts.get("home", _values("home"))
    for facet, table in (("partner", "partner_homes"), ("work", "work_homes")):
        homes &= _together(table, facts.get(facet, _values(facet)), "home")
    return bool(ages) and bool(homes)


@cache
def _together(table: str, values: frozenset[str], other: str) -> frozenset[str]:
    """What a table holds beside these values; a value that it does not name goes with all values of the facet `other`."""
    rows = bank("facts")[table]
    return frozenset[str]().union(*(rows[value] if value in rows or not other else _values(other) for value in values))


@cache
def _values(facet: str) -> frozenset[str]:
    return frozenset(bank("facts")["facets"][facet])


@cache
def cues_of(scope: str) -> tuple[tuple[Cue, Facts], ...]:
    """What sentences are searched for, with the facts that each find tells: of a class, or with scope "" of anybody."""
    facts = bank("facts")
    raw = [*facts["within"].get(scope, []), *([_LIFELONG] if scope in facts["lifelong"] else [])] if scope else facts["cues"]
    return tuple((Cue.of(re.compile(c["cue"])), {facet: frozenset(values) for facet, values in c.items() if facet != "cue"}) for c in raw)


def _shuffled(values: list[str], rng: random.Random) -> list[str]:
    rng.shuffle(values)
    return values
