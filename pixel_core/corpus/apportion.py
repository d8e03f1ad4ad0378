"""Exact shares of what there is: whole numbers that sum to a total, follow ratios, and ask for no more than is available."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from pixel_core.shares import largest_remainder

Deficit = Literal["error", "redistribute", "repeat"]


class DeficitError(ValueError):
    """Too few rows for the shares that were asked for; the message says where and how many."""


def apportion(
    total: int,
    ratios: Mapping[str, float],
    available: Mapping[str, int] | None = None,
    *,
    deficit: Deficit = "error",
    repeat_cap: int = 1,
) -> dict[str, int]:
    """Whole numbers by key that sum to `total` and are nearest to the ratios, in the order of `ratios` (see `largest_remainder`).

    A key with fewer `available` rows than its share raises DeficitError (`error`), is filled
    up from the others by their ratios (`redistribute`), or may repeat each row `repeat_cap` times (`repeat`).
    """
    wanted = largest_remainder(total, ratios)
    if available is None:
        return wanted
    rows = {key: available.get(key, 0) * (repeat_cap if deficit == "repeat" else 1) if ratios[key] else 0 for key in ratios}
    short = {key: wanted[key] - rows[key] for key in ratios if wanted[key] > rows[key]}
    if not short:
        return wanted
    if deficit != "redistribute" or sum(rows.values()) < total:
        raise DeficitError("; ".join(f"{key}: {wanted[key]} wanted, {rows[key]} available" for key in sorted(short)))
    return _redistribute(total, ratios, rows)


def table(rows: Mapping[str, int], columns: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Whole numbers by row and column that are nearest to proportional and have exactly these sums.

    Raises ValueError when the sums of rows and columns differ.
    """
    total = sum(rows.values())
    if total != sum(columns.values()):
        raise ValueError(f"rows sum to {total}, columns to {sum(columns.values())}: they must agree")
    exact = {(r, c): Fraction(rows[r] * columns[c], max(total, 1)) for r in rows for c in columns}
    cells = {place: int(value) for place, value in exact.items()}
    row_left = {r: rows[r] - sum(cells[r, c] for c in columns) for r in rows}
    column_left = {c: columns[c] - sum(cells[r, c] for r in rows) for c in columns}
    while any(row_left.values()):
        open_cells = [(r, c) for r, c in cells if row_left[r] and column_left[c]]
        r, c = min(open_cells, key=lambda place: (cells[place] - exact[place], -exact[place], place))
        cells[r, c] += 1
        row_left[r] -= 1
        column_left[c] -= 1
    return {r: {c: cells[r, c] for c in columns} for r in rows}


def level(total: int, available: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers that sum to `total`, as equal as availability allows; what is left over goes to the keys that come first.

    Raises DeficitError when there is not enough.
    """
    if total > sum(available.values()):
        raise DeficitError(f"{total} wanted, {sum(available.values())} available")
    got = dict.fromkeys(available, 0)
    left = total
    while left:
        filling = [key for key in got if got[key] < available[key]]
        step = max(1, min(left // len(filling), *(available[key] - got[key] for key in filling)))
        for key in filling[:left]:
            got[key] += step
            left -= step
    return got


def _redistribute(total: int, ratios: Mapping[str, float], rows: Mapping[str, int]) -> dict[str, int]:
    """Shares with the short keys at what they have, and what they lack shared out among the others, until nothing is short."""
    fixed: dict[str, int] = {}
    while True:
        free = {key: ratio for key, ratio in ratios.items() if key not in fixed}
        left = total - sum(fixed.values())
        counts = largest_remainder(left, free)
        short = {key: rows[key] for key in free if counts[key] > rows[key]}
        if not short:
            return {key: (fixed | counts)[key] for key in ratios}
        fixed |= short
