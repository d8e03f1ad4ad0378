"""What a packed dataset must show before anything trains on it, read from its files alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Manifest, verify
from pixel_core.findings import Findings, at_least, equals, none_of
from pixel_core.rejects import REJECTED
from pixel_core.training.packing import read_layout

TABLES = ("train", "validation", "head_train", "head_validation")


def check_packed_tokens(folder: Path) -> Findings:
    """Every encoded token stands in a row or is counted as cut; rows fit and are made of their pieces, end to end."""
    manifest, tables = _open(folder)
    length = read_layout(folder).sequence_length
    cut = sum(row["tokens"] - row["kept"] for row in map(json.loads, pl.read_parquet(folder / REJECTED)["content"]))
    packed = sum(int(table["input_ids"].list.len().sum()) for table in tables.values())
    reasons: Counter[str] = Counter()
    for row in _rows(tables):
        reasons["longer_than_sequence_length"] += len(row["input_ids"]) > length
        edges = [(piece["start"], piece["end"]) for piece in row["pieces"]]
        joined = [start for start, _ in edges] == [0, *(end for _, end in edges[:-1])]
        reasons["pieces_leave_gaps"] += not joined or edges[-1][1] != len(row["input_ids"])
        reasons["one_mask_value_a_token"] += len(row["learn"]) != len(row["input_ids"])
    return Findings.of(
        [
            equals("tokens packed + cut", packed + cut, manifest.summary.figures["read_tokens"]),
            none_of("rows", reasons),
            at_least("training rows", tables["train"].height, 1),
            at_least("validation rows", tables["validation"].height, 1),
        ]
    )


def check_packed_masks(folder: Path) -> Findings:
    """Language loss lies on the content and the end of the turns to learn, and on nothing else; examples carry none."""
    _, tables = _open(folder)
    vocabulary = read_layout(folder).vocabulary
    reasons: Counter[str] = Counter()
    learned = 0
    for name, table in tables.items():
        for row in table.iter_rows(named=True):
            wanted = _expected_mask(row)
            learned += sum(wanted)
            reasons["learned_outside_a_turn_to_learn"] += any(is_ and not should for is_, should in zip(row["learn"], wanted, strict=True))
            reasons["turn_to_learn_not_learned"] += any(should and not is_ for is_, should in zip(row["learn"], wanted, strict=True))
            reasons["example_carries_language_loss"] += name.startswith("head_") and any(row["learn"])
            reasons["token_outside_the_vocabulary"] += any(not 0 <= token < vocabulary for token in row["input_ids"])
    return Findings.of([none_of("rows", reasons), at_least("learned tokens", learned, 1)])


def check_packed_splits(folder: Path) -> Findings:
    """No conversation, and no group of conversations, stands in training and in validation."""
    _, tables = _open(folder)
    train, validation = (_origins(tables[split], tables[f"head_{split}"]) for split in ("train", "validation"))
    return Findings.of(
        none_of(f"{name}s in both splits", {f"{name}_in_both_splits": len(train[name] & validation[name])})
        for name in ("conversation", "group")
    )


def _open(folder: Path) -> tuple[Manifest, dict[str, pl.DataFrame]]:
    manifest = verify(folder)
    return manifest, {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}


def _rows(tables: dict[str, pl.DataFrame]) -> Iterator[dict[str, Any]]:
    for table in tables.values():
        yield from table.iter_rows(named=True)


def _expected_mask(row: dict[str, Any]) -> list[bool]:
    """The mask that the turns ask for: their content and the token after it, within their piece."""
    mask = [False] * len(row["input_ids"])
    for turn in row["turns"]:
        piece = row["pieces"][turn["piece"]]
        start, stop = piece["start"] + turn["start"], min(piece["start"] + turn["end"] + 1, piece["end"])
        if turn["learn"]:
            mask[start:stop] = [True] * (stop - start)
    return mask


def _origins(*tables: pl.DataFrame) -> dict[str, set[str]]:
    pieces = [piece for table in tables for pieces in table["pieces"].to_list() for piece in pieces]
    return {name: {piece[name] for piece in pieces} for name in ("conversation", "group")}
