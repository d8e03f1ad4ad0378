"""Baselines that training has to beat: a unigram model of the training text, and each head's training prior."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pixel_core.artifacts import write_json, write_table

if TYPE_CHECKING:
    from torch import Tensor

    from pixel_core.training.batches import PackedSplit

UNIGRAM, PRIORS = "unigram.parquet", "priors.json"
UNIGRAM_SCHEMA = pl.Schema({"token": pl.Int32, "count": pl.Int64})


def learned_tokens(frame: pl.DataFrame) -> Iterable[int]:
    """Every token of a packed frame that a model has to predict, in file order.

    The first token of a piece is never learned: nothing stands before it.
    """
    for row in frame.iter_rows(named=True):
        for piece in row["pieces"]:
            inner = slice(piece["start"] + 1, piece["end"])
            yield from (token for token, learn in zip(row["input_ids"][inner], row["learn"][inner], strict=True) if learn)


def write_unigram(path: Path, frame: pl.DataFrame, vocabulary: int) -> None:
    """Count the learned tokens of a packed frame, one row a vocabulary entry, zero counts included."""
    counts = Counter(learned_tokens(frame))
    table = {"token": list(range(vocabulary)), "count": [counts[token] for token in range(vocabulary)]}
    write_table(path, pl.DataFrame(table, schema=UNIGRAM_SCHEMA))


def unigram_loss(counts: pl.DataFrame, frame: pl.DataFrame) -> float:
    """Mean loss (nats a token) on the learned tokens of a frame under counts with one added to each entry."""
    smoothed = [count + 1 for count in counts.sort("token")["count"]]
    total = sum(smoothed)
    tokens = list(learned_tokens(frame))
    if not tokens:
        raise ValueError("the frame holds no token to learn: a unigram loss has no meaning there")
    return -sum(math.log(smoothed[token] / total) for token in tokens) / len(tokens)


def training_priors(split: PackedSplit) -> dict[str, Tensor]:
    """The constant raw outputs that predict the labels of a training split, for each head that has any."""
    from pixel_core.model.decoding import prior_bias
    from pixel_core.model.heads import HEADS

    return {spec.name: prior_bias(spec, split.targets[spec.name]) for spec in HEADS if len(split.targets[spec.name])}


def write_priors(path: Path, priors: Mapping[str, Tensor]) -> None:
    """Write the priors as JSON, raw outputs by head."""
    write_json(path, {name: [round(value, 6) for value in prior.tolist()] for name, prior in priors.items()})


def read_priors(path: Path) -> dict[str, Tensor]:
    """The priors of a packed dataset, by head."""
    import json

    import torch

    return {name: torch.tensor(values) for name, values in json.loads(path.read_text(encoding="utf-8")).items()}


def label_counts(split: PackedSplit) -> dict[str, list[int]]:
    """How many labels each output of each head has in a split, 0 where all of them say the same; `PixelModel` records it as `supervised`.

    Labels that never differ teach a constant and nothing about the text, as where a closed world says no to all.
    """
    return {name: [_telling(column[~column.isnan()]) for column in targets.T] for name, targets in split.targets.items()}


def _telling(labels: Tensor) -> int:
    return len(labels) if len(labels.unique()) > 1 else 0


def prior_losses(priors: Mapping[str, Tensor], split: PackedSplit) -> dict[str, float]:
    """The mean loss a label of predicting the prior, for each head that has a prior and labels in the split."""
    from pixel_core.model.heads import find_head
    from pixel_core.objectives.losses import head_loss

    losses = {}
    for name, prior in priors.items():
        spec, targets = find_head(name), split.targets[name]
        if len(targets):
            total, count = head_loss(spec.kind, prior.expand(len(targets), -1), targets, spec.levels)
            losses[name] = float(total) / count
    return losses
