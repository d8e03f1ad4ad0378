"""Exact shares: whole numbers that sum to a total and follow ratios, by largest remainder."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


def largest_remainder(total: int, ratios: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers by key that sum to `total` and are nearest to the ratios, in the order of `ratios`.

    Of equal remainders the larger ratio comes first, then the name that sorts first, so the order of the mapping does not matter.
    Raises ValueError for a negative total or ratio, and where there is something to share out and every ratio is 0.
    """
    if total < 0 or any(ratio < 0 for ratio in ratios.values()):
        raise ValueError(f"total {total} and ratios {dict(ratios)} must not be negative")
    parts = {key: Fraction(str(ratio)) for key, ratio in ratios.items()}
    whole = sum(parts.values())
    if not whole:
        if total:
            raise ValueError(f"{total} rows cannot be shared out: every ratio is 0")
        return dict.fromkeys(ratios, 0)
    exact = {key: total * part / whole for key, part in parts.items()}
    counts = {key: int(value) for key, value in exact.items()}
    order = sorted(ratios, key=lambda key: (counts[key] - exact[key], -parts[key], key))
    for key in order[: total - sum(counts.values())]:
        counts[key] += 1
    return counts
