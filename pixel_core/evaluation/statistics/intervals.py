"""Seeded bootstrap: percentile intervals of a statistic and of the paired difference of two.

Groups are resampled, not items: items of one seeker, transcript or client sheet are not independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pixel_core.evaluation.statistics.metrics import Array, compute

LEVEL = 0.95
_CELLS = 20_000_000  # weights held at once; more resamples come in blocks
Interval = tuple[float, float]


def resamples(groups: Sequence[str], count: int, seed: str) -> Iterator[Array]:
    """Blocks of `count` resamples in all, [block, n]: how often each item stands in a resample of its groups.

    The same groups, count and seed give the same resamples on every machine.
    """
    names, place = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    generator = seeded(seed)
    block = max(1, _CELLS // max(1, len(place)))
    for start in range(0, count, block):
        drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=min(block, count - start))
        yield drawn[:, place].astype(np.float64)


def seeded(seed: str) -> np.random.Generator:
    """A random generator that depends on the text alone."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))


def interval_of(values: Array) -> Interval:
    """The central 95 % of resampled values; resamples about which nothing is known (NaN) are left out."""
    low, high = np.nanpercentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def bootstrap(statistic: Callable[[Array], Array], groups: Sequence[str], *, count: int, seed: str) -> Interval:
    """The interval of a statistic that takes weights [R, n] and answers [R]."""
    return interval_of(np.concatenate([statistic(weights) for weights in resamples(groups, count, seed)]))


def bootstrap_mean(values: Sequence[float], groups: Sequence[str] | None = None, *, count: int = 1000, seed: str = "mean") -> Interval:
    """The interval of a mean of items, each its own group unless told otherwise."""
    names = groups or [str(index) for index in range(len(values))]
    column = np.asarray(values, dtype=float)[:, None]
    return bootstrap(lambda weights: compute("mean", column, column, weights), names, count=count, seed=seed)
