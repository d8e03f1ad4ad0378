"""Splits: every unit goes to train, validation or test once, by seed, so that each split can be trained and measured on.

Shares are met as near as units allow, within every source, clinical class and category. What is rare goes first: each clinical class of at
least as many units as there are splits stands in every split; so do, as far as the shares leave room, all other label values.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

CLASSIFIED = ("clinical.", "pdm2.")  # label values that make strata of their own
LARGE = 0.1  # share of a stratum's rows in the smallest split from which a unit is placed before the others
Cell = tuple[str, str]  # stratum, category or label value, and split


@dataclass(frozen=True, slots=True)
class Unit:
    """Groups that stay together: how many rows of each category and stratum, and the label values among them."""

    name: str
    rows: Mapping[tuple[str, str], int]
    values: frozenset[str]

    @property
    def size(self) -> int:
        """Rows of all categories."""
        return sum(self.rows.values())


def units_of(rows: pl.DataFrame, values: pl.DataFrame) -> list[Unit]:
    """The units of a population's rows, which have the label values `values`."""
    placed = rows.select("number", "unit", "category").join(strata_of(rows, values), on="number")
    counts = placed.group_by("unit", "category", "stratum").len()
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for unit, category, stratum, count in counts.iter_rows():
        found[unit][category, stratum] = count
    held = values.join(rows.select("number", "unit"), on="number").group_by("unit").agg(pl.col("value").cast(pl.String).unique())
    values_of = {unit: frozenset(values) for unit, values in held.iter_rows()}
    return [Unit(name, found[name], values_of.get(name, frozenset())) for name in sorted(found)]


def strata_of(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """`number` and `stratum` of each row: its rarest clinical class, else its rarest PDM-2 class, else its source."""
    clinical, pdm2 = (pl.col("value").str.starts_with(family) for family in CLASSIFIED)
    rarest = (
        values.with_columns(pl.col("value").cast(pl.String))
        .filter(clinical | pdm2)
        .join(rows.select("number"), on="number", how="semi")
        .with_columns(size=pl.len().over("value"))
        .sort(~clinical, "size", "value")
        .group_by("number", maintain_order=True)
        .agg(value=pl.col("value").first())
    )
    return rows.select("number", "source").join(rarest, on="number", how="left").select("number", stratum=pl.coalesce("value", "source"))


def must_stand_everywhere(value: str) -> bool:
    """Whether a label value is a clinical class, which every split has to hold."""
    return value.startswith("clinical.")


def assign(units: Sequence[Unit], shares: Mapping[str, float], *, needs: Mapping[str, Mapping[str, int]], seed: int) -> dict[str, str]:
    """The split of every unit by name.

    `needs` gives for a category the fewest rows that each split should hold; units move to meet them where they can.
    """
    plan = _Plan(units, shares, seed)
    plan.spread_rare()
    plan.fill()
    plan.restore_presence()
    plan.meet(needs)
    return {unit.name: plan.split_of[unit.name] for unit in units}


class _Plan:
    """An assignment under construction, with the counts that decide the next step."""

    def __init__(self, units: Sequence[Unit], shares: Mapping[str, float], seed: int) -> None:
        self.shares = {split: share for split, share in shares.items() if share > 0}
        self.order = {u.name: hashlib.sha256(f"{seed}:split:{u.name}".encode()).hexdigest() for u in units}
        self.units = list(units)
        self.split_of: dict[str, str] = {}
        self.total: Counter[str] = Counter()
        self.have: Counter[Cell] = Counter()
        self.holds: Counter[Cell] = Counter()
        self.holders: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.units:
            for stratum, count in _strata(unit):
                self.total[stratum] += count
            for value in unit.values:
                self.holders[value].append(unit)
        self.units.sort(key=lambda u: (-u.size if self._is_large(u) else 0, self.order[u.name]))

    def put(self, unit: Unit, split: str) -> None:
        """Assign a unit, or move it."""
        for place, step in ((self.split_of.get(unit.name), -1), (split, 1)):
            if place is not None:
                for stratum, count in _strata(unit):
                    self.have[stratum, place] += step * count
                for value in unit.values:
                    self.holds[value, place] += step
        self.split_of[unit.name] = split

    def lack(self, unit: Unit, split: str) -> float:
        """Rows that the strata of a unit are below their share of a split (above it: negative), its categories breaking ties."""
        gap = 0.0
        for (category, name), count in unit.rows.items():
            stratum = f"{category}/{name}"
            rows = self.shares[split] * self.total[stratum] - self.have[stratum, split]
            gap += count * (rows + self.shares[split] - self.have[category, split] / self.total[category])
        return gap / unit.size

    def spread_rare(self) -> None:
        """Put one holder of each label value into every split, the rarest first; all but clinical classes only where there is room."""
        smallest_first = sorted(self.shares, key=lambda split: (self.shares[split], split))
        for value in sorted(self.holders, key=lambda v: (not must_stand_everywhere(v), len(self.holders[v]), v)):
            if len(self.holders[value]) < len(self.shares):
                continue
            for split in smallest_first:
                free = [u for u in self.holders[value] if u.name not in self.split_of]
                if self.holds[value, split] or not free:
                    continue
                unit = min(free, key=lambda u: (u.size, self.order[u.name]))
                if must_stand_everywhere(value) or self.lack(unit, split) > 0:
                    self.put(unit, split)

    def fill(self) -> None:
        """Put every unit that is left where its strata lack most: the large ones first, the others by lot.

        What lacks most is the largest split; all by size would leave the others nothing but the smallest units.
        """
        for unit in self.units:
            if unit.name not in self.split_of:
                self.put(unit, max(self.shares, key=lambda split: (self.lack(unit, split), self.shares[split], split)))

    def restore_presence(self) -> None:
        """Move a holder of each clinical class that a split still lacks, where no other class loses its last one."""
        for value in sorted(v for v in self.holders if must_stand_everywhere(v) and len(self.holders[v]) >= len(self.shares)):
            for split in sorted(self.shares):
                if self.holds[value, split]:
                    continue
                if movable := [u for u in self.holders[value] if self._may_leave(u)]:
                    self.put(min(movable, key=lambda u: (u.size, self.order[u.name])), split)

    def meet(self, needs: Mapping[str, Mapping[str, int]]) -> None:
        """Move units from splits that can spare them until each split holds what a category needs, as far as units allow."""
        for category in sorted(needs):
            for split in sorted(self.shares):
                if needs[category].get(split, 0) > self.have[category, split]:
                    self._bring(category, split, needs[category])

    def _bring(self, category: str, split: str, needs: Mapping[str, int]) -> None:
        """Move units into a split until it holds what it needs of a category, those first whose size is nearest to what is short."""
        by_size: dict[int, list[Unit]] = defaultdict(list)
        for unit in sorted(self.units, key=lambda u: self.order[u.name], reverse=True):
            if (count := _rows(unit, category)) and self.split_of[unit.name] != split:
                by_size[count].append(unit)
        while by_size and (short := needs[split] - self.have[category, split]) > 0:
            size = min(by_size, key=lambda count: (abs(count - short), count))
            unit = by_size[size].pop()  # one that may not move now may not later: what its split can spare only shrinks
            if not by_size[size]:
                del by_size[size]
            if self._may_give(unit, category, split, needs):
                self.put(unit, split)

    def _is_large(self, unit: Unit) -> bool:
        fewest = min(self.shares.values()) * min(self.total[stratum] for stratum, _ in _strata(unit))
        return unit.size > LARGE * fewest

    def _may_leave(self, unit: Unit) -> bool:
        place = self.split_of[unit.name]
        return all(self.holds[value, place] > 1 for value in unit.values if must_stand_everywhere(value))

    def _may_give(self, unit: Unit, category: str, split: str, needs: Mapping[str, int]) -> bool:
        place, count = self.split_of[unit.name], _rows(unit, category)
        spare = self.have[category, place] - needs.get(place, 0)
        return place != split and 0 < count <= spare and self._may_leave(unit)


def _strata(unit: Unit) -> Iterable[tuple[str, int]]:
    for (category, stratum), count in unit.rows.items():
        yield f"{category}/{stratum}", count
        yield category, count


def _rows(unit: Unit, category: str) -> int:
    return sum(count for (own, _), count in unit.rows.items() if own == category)
