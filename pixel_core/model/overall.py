"""One number for emotional intelligence, by a stated formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_LEAST = 3  # domains; fewer are no whole


class OverallEq(NamedTuple):
    """The mean of the domains that have a score, each weighing the same, and which these are."""

    value: float
    domains: tuple[str, ...]


def overall_eq(scores: Mapping[str, float | None]) -> OverallEq | None:
    """The overall EQ of a reply from the scores of head `eq` by domain, each in [0, 1]; None where fewer than three domains have one.

    overall = (1 / |D|) * sum over d in D of score(d), D the domains that were supervised. Two overall values compare only where their
    domains are the same. Domains weigh the same because no source tells which of them matters more.
    """
    known = {domain: value for domain, value in scores.items() if value is not None}
    if len(known) < _LEAST:
        return None
    return OverallEq(sum(known.values()) / len(known), tuple(known))
