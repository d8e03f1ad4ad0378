"""Drawing: which conversations of a category and split enter the mixture, by seed, spread over strata, to the row or to the token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from pixel_core.corpus.apportion import apportion, level
from pixel_core.corpus.splits import CLASSIFIED, must_stand_everywhere, strata_of

_PAIRS = 1_000_000  # pairs of sizes among which two exchanges are looked for ...
_TRIED = 1_000  # ... the nearest so many first
Numbers = npt.NDArray[np.int64]


def draw(rows: pl.DataFrame, values: pl.DataFrame, wanted: int, *, unit: str, seed: str) -> pl.Series:
    """The numbers of the conversations that make up `wanted` conversations or tokens, whichever `unit` counts.

    `rows` has number, id, source and tokens, `values` are label values (see `facts`). More than there is repeats every conversation
    equally often first. Tokens are met as nearly as the exchange of two conversations allows, since none is cut. Neither the order
    of the rows nor their numbers matter.
    """
    strata = strata_of(rows, values)
    ranked = (
        rows.join(strata, on="number")
        .with_columns(rank=ranks(rows["id"], seed), size=pl.lit(1, pl.Int64) if unit == "conversations" else pl.col("tokens"))
        .sort("rank", "id")
        .with_columns(place=pl.int_range(pl.len()).over("stratum"))
    )
    whole = int(ranked["size"].sum())
    copies, rest = divmod(wanted, whole) if whole else (0, 0)
    once = ranked["number"]
    if unit == "conversations":
        chosen = ranked.filter(pl.col("place") < _quotas(ranked, rest, seed))["number"]
    else:
        ordered = _interleaved(ranked, round(rest * ranked.height / whole) if whole else 0, seed)
        chosen = ordered["number"][fill(ordered["size"].to_numpy(), rest)]
    return pl.concat([*[once] * copies, chosen])


def spread(rows: pl.DataFrame, values: pl.DataFrame, wanted: int, *, seed: str) -> pl.Series:
    """The numbers of `wanted` labelled rows, one of each label value in turn, so that rare values stay while there is room.

    Rows and values as for `draw`. A row goes by the rarest of its values.
    """
    own = values.join(rows.select("number"), on="number", how="semi").with_columns(size=pl.len().over("value"))
    rarest = own.sort("size", pl.col("value").cast(pl.String)).group_by("number", maintain_order=True).agg(pl.col("value").first())
    placed = (
        rows.select("number", "id")
        .join(rarest, on="number", how="left")
        .with_columns(rank=ranks(rows["id"], seed))
        .sort("rank", "id")
        .with_columns(place=pl.int_range(pl.len()).over("value"))
    )
    return placed.sort("place", "rank", "id")["number"].head(wanted)


def ranks(ids: pl.Series, seed: str) -> pl.Series:
    """A seeded number for each id (SHA-256 in hex), by which rows are ordered: the first 64 bits of the id, mixed with the seed's.

    The mixing is that of splitmix64.
    """
    start = int.from_bytes(hashlib.sha256(f"{seed}:draw".encode()).digest()[:8])
    value = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy() ^ np.uint64(start)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return pl.Series(value ^ (value >> np.uint64(31)), dtype=pl.UInt64)


def fill(sizes: Numbers, wanted: int) -> Numbers:
    """Places whose sizes sum to `wanted`, or nearly: the first that fit, and then one or two of them exchanged."""
    count = int(np.searchsorted(np.cumsum(sizes), wanted, "right"))
    taken, spare = np.arange(count), np.arange(count, len(sizes))
    left = wanted - int(sizes[:count].sum())
    if not left or not len(spare):
        return taken
    out_sizes, out_at = np.unique(np.concatenate(([0], sizes[taken])), return_index=True)  # 0 goes out: one is only put in
    in_sizes, in_at = np.unique(np.concatenate(([0], sizes[spare])), return_index=True)  # ... or only taken out
    gains = in_sizes[:, None] - out_sizes[None, :]
    best = int(np.argmin(np.abs(left - gains)))
    changes = [best]
    if gains.flat[best] != left and gains.size <= _PAIRS:
        two = _two_changes(gains, left)
        changes = min([changes, two or changes], key=lambda some: abs(left - sum(int(gains.flat[change]) for change in some)))
    for change in changes:
        place, out = divmod(change, len(out_sizes))
        taken = taken if not out else taken[taken != out_at[out] - 1]
        taken = taken if not place else np.append(taken, spare[in_at[place] - 1])
    return taken


def _two_changes(gains: Numbers, left: int) -> list[int]:
    """Two exchanges, of different rows, that together gain most nearly what is left; none when no two of those tried are."""
    values, at = np.unique(gains, return_index=True)
    second = np.searchsorted(values, left - values)[:, None] + np.array([-1, 0])
    second = np.clip(second, 0, len(values) - 1)
    error = np.abs(left - values[:, None] - values[second])
    for cell in np.argsort(error, axis=None, kind="stable")[:_TRIED].tolist():
        chosen = int(at[cell // 2]), int(at[second.flat[cell]])
        one, other = (divmod(change, gains.shape[1]) for change in chosen)
        if all(a != b or not a for a, b in zip(one, other, strict=True)):
            return list(chosen)
    return []


def _interleaved(ranked: pl.DataFrame, count: int, seed: str) -> pl.DataFrame:
    """The rows in an order of which any beginning is spread over the strata as the quotas of `count` rows are."""
    quota = _quotas(ranked, count, seed)
    within = pl.col("place") < quota
    return ranked.sort(~within, pl.when(within).then((pl.col("place") + 0.5) / quota), "rank", "id")


def _quotas(ranked: pl.DataFrame, count: int, seed: str) -> pl.Expr:
    quota = quotas(dict(ranked.group_by("stratum").len().iter_rows()), count, seed)
    return pl.col("stratum").replace_strict(quota, default=0, return_dtype=pl.Int64)


def quotas(sizes: Mapping[str, int], count: int, seed: str) -> dict[str, int]:
    """How many rows each stratum gives: every clinical class one while there is room, then families of strata by their sizes.

    A family (clinical classes, PDM-2 classes, sources) is spread evenly over its strata; what is left over goes by seed.
    """
    families: dict[str, list[str]] = {}
    for stratum in sorted(sizes, key=lambda stratum: _rank(seed, stratum)):
        family = next((name for name in CLASSIFIED if stratum.startswith(name)), "")
        families.setdefault(family, []).append(stratum)
    have = {family: sum(sizes[stratum] for stratum in strata) for family, strata in families.items()}
    first = {family: min(count, len(strata)) for family, strata in families.items() if must_stand_everywhere(family)}
    shares = apportion(count, have, have, deficit="redistribute") if count else dict.fromkeys(have, 0)
    for family, least in first.items():
        if shares[family] < least:
            others = {name: size for name, size in have.items() if name != family}
            shares = {family: least} | (apportion(count - least, others, others, deficit="redistribute") if others else {})
    return {s: n for family, strata in families.items() for s, n in level(shares[family], {s: sizes[s] for s in strata}).items()}


def _rank(seed: str, key: str) -> str:
    return hashlib.sha256(f"{seed}:draw:{key}".encode()).hexdigest()
