"""Demand: how much of each category every split wants, and how much it gets where there is too little."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pixel_core.corpus.apportion import DeficitError, apportion, table
from pixel_core.corpus.population import CorpusError
from pixel_core.recipe import CorpusRecipe

SPLITS: tuple[str, ...] = ("train", "validation", "test")
Counts = Mapping[str, dict[str, int]]  # category, split: conversations or tokens


def split_shares(corpus: CorpusRecipe) -> dict[str, float]:
    """The share of every split; one that the recipe does not name has none."""
    return dict.fromkeys(SPLITS, 0.0) | {str(split): share for split, share in corpus.splits.items()}


def wanted_of(corpus: CorpusRecipe) -> Counts:
    """What a recipe wants by category and split, in its unit: whole numbers with exactly the sums that the shares ask for."""
    return table(apportion(corpus.size, corpus.shares), apportion(corpus.size, split_shares(corpus)))


def available_of(rows: pl.DataFrame, categories: Counts, unit: str) -> Counts:
    """What rows with category, split and tokens hold of each category and split."""
    held = pl.len() if unit == "conversations" else pl.col("tokens").sum()
    have = {(category, split): size for category, split, size in rows.group_by("category", "split").agg(size=held).iter_rows()}
    return {category: {split: have.get((category, split), 0) for split in SPLITS} for category in categories}


def needed_rows(wanted: Counts, rows: pl.DataFrame, corpus: CorpusRecipe) -> Counts:
    """The rows that each split has to hold: where rows of train may repeat, so many fewer there; of tokens, by the mean of a category."""
    cap = corpus.repeat_cap if corpus.deficit == "repeat" else 1
    mean = dict(rows.group_by("category").agg(pl.col("tokens").mean()).iter_rows()) if corpus.unit == "tokens" else {}
    fewest = {category: cells | {"train": -(-cells["train"] // cap)} for category, cells in wanted.items()}
    return {category: {split: -int(-n // mean.get(category, 1)) for split, n in cells.items()} for category, cells in fewest.items()}


def settle(wanted: Counts, have: Counts, corpus: CorpusRecipe) -> Counts:
    """What to draw by category and split: as wanted, or as the deficit policy says; the size of each split stays exact."""
    counts: dict[str, dict[str, int]] = {category: {} for category in wanted}
    problems: list[str] = []
    for split in SPLITS:
        cells = {category: wanted[category][split] for category in wanted}
        available = {category: have[category][split] for category in wanted}
        repeats = corpus.repeat_cap if corpus.deficit == "repeat" and split == "train" else 1
        short = [c for c in cells if cells[c] > available[c] * repeats]
        if short and corpus.deficit == "redistribute":
            try:
                cells = apportion(sum(cells.values()), corpus.shares, available, deficit="redistribute")
            except DeficitError as error:
                problems.append(f"{split}: {error}")
        else:
            problems += [f"{split} {c}: {cells[c]} wanted, {available[c] * repeats} available" for c in short]
        for category, count in cells.items():
            counts[category][split] = count
    if problems:
        raise CorpusError(
            f"the mixture of {corpus.size} {corpus.unit} lacks rows ({'; '.join(problems)}): lower corpus.{corpus.unit},"
            " add sources, or set corpus.deficit to redistribute, or to repeat with a larger corpus.repeat_cap (in train only)"
        )
    return counts
