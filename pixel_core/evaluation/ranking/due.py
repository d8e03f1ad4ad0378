"""Which checkpoints are due for another evaluation: newest and best, those ever promoted, and those measured by what was.

Checkpoints that were trained on other data than the present ones are never due: nobody knows what they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import ArtifactError, is_valid, read_manifest
from pixel_core.evaluation.ranking.history import ever_promoted, read_history
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.rejects import REJECTED


def newest_and_best(checkpoints: Mapping[str, Path], packed: Path, leaderboard: Path) -> list[str]:
    """The keys of the last of these checkpoint folders and of the best ranked one, if they differ, among those trained on `packed`."""
    present = _present(checkpoints, packed)
    best = [row["checkpoint"] for row in _listed(leaderboard)[0] if row["checkpoint"] in present][:1]
    return list(dict.fromkeys([*present[-1:], *best]))


def promoted(checkpoints: Mapping[str, Path], packed: Path, promotion: Path) -> list[str]:
    """The keys of all that the pointer ever moved to, in that order; raises ArtifactError when the history is broken."""
    present = _present(checkpoints, packed)
    return [key for key in ever_promoted(read_history(promotion)) if key in present]


def stale(checkpoints: Mapping[str, Path], packed: Path, leaderboard: Path) -> list[str]:
    """The keys of those whose scorecard another evaluator made, or is broken, or whose items the newest checkpoint was not asked.

    So new items are noticed once the newest checkpoint was measured with them, which the nightly schedule sees to.
    """
    present = _present(checkpoints, packed)
    listed, broken = _listed(leaderboard)
    rows = {row["checkpoint"]: row for row in listed if row["checkpoint"] in present}
    newest = rows.get(present[-1]) if present else None
    wanted = newest["comparable"] if newest and newest["current"] else None
    old = [key for key, row in rows.items() if not row["current"] or wanted not in (None, row["comparable"])]
    return old + [key for key in broken if key in present]


def _present(checkpoints: Mapping[str, Path], packed: Path) -> list[str]:
    return [key for key, folder in checkpoints.items() if _trained_on(folder, packed)]


def _listed(leaderboard: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of the leaderboard, best first, and what it could not list: altered, or of a schema that is read no longer.

    Neither, while there is no valid one.
    """
    if not is_valid(leaderboard):
        return [], []
    return pl.read_parquet(leaderboard / LEADERBOARD).sort("rank").to_dicts(), pl.read_parquet(leaderboard / REJECTED)["position"].to_list()


def _trained_on(folder: Path, packed: Path) -> bool:
    try:
        return read_manifest(folder).inputs.get("packed_dataset") == read_manifest(packed).digest
    except ArtifactError:
        return False
