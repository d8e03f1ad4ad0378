"""What a written conversation is held against: per class its features, thresholds and duration, and which classes rule each other out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pixel_core.writing.material import Material, Picture
from pixel_core.writing.phrases import bank


@dataclass(frozen=True, slots=True)
class Standard:
    """One class: the roles of its features by key, how many of a criterion's items it needs, its duration in days, and the poles of
    those features that show one side of it."""

    label: str
    features: Mapping[str, str]
    needed: Mapping[str, int] = field(default_factory=dict)
    min_days: int | None = None
    poles: Mapping[str, str] = field(default_factory=dict)

    def met_by(self, keys: Collection[str]) -> bool:
        """Whether these features reach every threshold.

        False where one sign suffices: there duration and impairment divide a disorder from an ordinary strain, not the count.
        """
        counts = Counter(criterion_of(key) for key in keys)
        return sum(self.needed.values()) > 1 and all(counts[criterion] >= least for criterion, least in self.needed.items())


@dataclass(frozen=True, slots=True)
class Standards:
    """The standards of all classes of a material, by label, and the pairs of labels that rule each other out."""

    classes: Mapping[str, Standard]
    excluded: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, material: Material) -> Standards:
        """The standards that the material holds."""
        pairs = ((f"clinical.{a}", f"clinical.{b}") for a, b in bank("comorbidity")["ruled_out"])
        return cls({p.label: _standard(p) for p in material.pictures}, frozenset(_both_ways(pairs)))

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Standards:
        """The standards that `to_json` wrote."""
        return cls({label: Standard(**entry) for label, entry in raw["classes"].items()}, frozenset((a, b) for a, b in raw["excluded"]))

    def to_json(self) -> dict[str, Any]:
        """The standards as JSON: an artifact keeps them, so that its check can judge anew."""
        return {"classes": {label: asdict(s) for label, s in self.classes.items()}, "excluded": sorted(map(list, self.excluded))}


def criterion_of(key: str) -> str:
    """The criterion that a feature's key belongs to: `A` of `A1`."""
    return (re.match(r"[^\d]*", key) or [""])[0] or key


def _standard(picture: Picture) -> Standard:
    roles = {feature.key: feature.role for feature in picture.features}
    poles = {feature.key: feature.pole for feature in picture.features if feature.pole}
    return Standard(picture.label, roles, dict(picture.needed), picture.min_days, poles)


def _both_ways(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for first, second in pairs:
        yield first, second
        yield second, first
