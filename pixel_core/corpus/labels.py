"""Which outputs a label may name, and which values each may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pixel_core.conversation import REST
from pixel_core.taxonomy import TaxonomyName, ids

EMPATHY = ("emotional_reactions", "interpretations", "explorations")
AFFECT = ("valence", "arousal", "dominance")
_TAXONOMY_HEADS: Mapping[str, TaxonomyName] = {
    "eq": "eq_domains",
    "emotions": "emotions",
    "mer": "mer",
    "clinical": "dsm5",
    "pdm2": "pdm2",
    "technique": "techniques",
    "intervention": "techniques",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of a head's labels: from `low` to `high`, whole numbers only or any."""

    low: float
    high: float
    whole: bool

    def holds(self, value: float) -> bool:
        """Whether a label may have this value (NaN never may)."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


_YES_NO = Scale(0, 1, True)
SCALES: Mapping[str, Scale] = {
    "eq": Scale(0, 1, False),
    "emotions": _YES_NO,
    "affect": Scale(0, 1, False),
    "mer": _YES_NO,
    "clinical": _YES_NO,
    "pdm2": _YES_NO,
    "empathy": Scale(0, 2, True),
    "appropriateness": _YES_NO,
    "technique": _YES_NO,
    "intervention": _YES_NO,
    "crisis": Scale(0, len(ids("crisis")) - 1, True),
}


@cache
def outputs(head: str) -> tuple[str, ...]:
    """The outputs of a head, `head.<class>` each; raises KeyError for an unknown head."""
    fixed = {"affect": AFFECT, "empathy": EMPATHY, "appropriateness": ("appropriate",), "crisis": ("level",)}
    classes = fixed[head] if head in fixed else ids(_TAXONOMY_HEADS[head])
    return tuple(f"{head}.{name}" for name in classes)


def fault(output: str, value: float) -> str | None:
    """The reason code of a label that no head could use, or None when it is sound."""
    head, _, name = output.partition(".")
    if head not in SCALES or (name != REST and output not in outputs(head)):
        return "unknown_output"
    if not SCALES[head].holds(value):
        return "value_out_of_range"
    if name == REST and value != 0:
        return "rest_must_be_zero"
    return None
