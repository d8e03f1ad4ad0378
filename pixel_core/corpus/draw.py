"""Drawing: which conversations of a category and split enter the mixture, by seed, spread over strata, to the row or to the token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from pixel_core.corpus.apportion import apportion, level
from pixel_core.corpus.splits import CLASSIFIED, must_stand_everywhere, strata_of

Numbers = npt.NDArray[np.int64]


def draw(rows: pl.DataFrame, values: pl.DataFrame, wanted: int, *, unit: str, seed: str) -> pl.Series:
    """The numbers of the conversations that make up `wanted` conversations or tokens, whichever `unit` counts.

    `rows` has number, id, source and tokens, `values` are label values (see `facts`). More than there is repeats every conversation
    equally often first. Tokens are met as nearly as the exchange of one conversation allows, since none is cut. Neither the order
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
    """Places whose sizes sum to `wanted`, or as near to it as one exchange brings them: the first that fit, and one put in or changed."""
    count = int(np.searchsorted(np.cumsum(sizes), wanted, "right"))
    taken, spare = np.arange(count), np.arange(count, len(sizes))
    left = wanted - int(sizes[:count].sum())
    if not left or not len(spare):
        return taken
    out_sizes, out_at = np.unique(np.concatenate((sizes[taken], [0])), return_index=True)  # 0 goes out: one is put in
    in_sizes, in_at = np.unique(sizes[spare], return_index=True)
    best = (left, -1, -1)
    for place, size in enumerate(in_sizes.tolist()):
        near = int(np.searchsorted(out_sizes, size - left))
        for out in range(max(near - 1, 0), min(near + 1, len(out_sizes))):
            best = min(best, (abs(left - size + int(out_sizes[out])), place, out))
    _, place, out = best
    if place < 0:
        return taken
    kept = np.delete(taken, out_at[out]) if out_sizes[out] else taken
    return np.append(kept, spare[in_at[place]])


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
