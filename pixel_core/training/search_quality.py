"""What a search for loss weights must show: every trial came to a finite score, and the best is the one that is named."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.findings import Findings, at_least, equals, none_of
from pixel_core.training.search import BEST, STUDY, TRIALS


def check_search(folder: Path) -> Findings:
    """All trials that were asked for are there, with finite losses unless given up, and the named best is no worse than trial 0."""
    verify(folder)
    trials, best = pl.read_parquet(folder / TRIALS), json.loads((folder / BEST).read_text(encoding="utf-8"))
    pruned = set(trials.filter(state="pruned")["trial"])
    scores = {row["trial"]: row["score"] for row in trials.iter_rows(named=True) if row["trial"] not in pruned}
    finite = {trial: score for trial, score in scores.items() if score is not None and math.isfinite(score)}
    own, named = finite.get(0, -math.inf), finite.get(best["trial"], -math.inf)
    broken = {f"trial_{trial}": 1 for trial in scores if trial not in finite}
    return Findings.of(
        [
            equals("trials", trials.height, best["search_trials"]),
            equals("trials of the study", _of_study(folder / STUDY), trials.height),
            none_of("trials without a finite score", broken),
            equals("named best trial", best["trial"], max(finite, key=lambda trial: (finite[trial], -trial), default=None)),
            at_least("score of the named best, against the recipe's own weights", named, own),
        ]
    )


def _of_study(path: Path) -> int:
    """Trials in the study's file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM trials").fetchone()[0])
