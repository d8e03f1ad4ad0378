"""An independent scan of written splits: whatever stands in two of them, by id, group or long turn; and what is learnt twice."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

import polars as pl

from pixel_core.findings import Finding, Severity, at_most, none_of

LONG_WORDS = 8  # a turn of so many words or more is one person's wording
FORMULA_WORDS = 25  # a formula is shorter, whoever says it
REPLY_FORMULA_WORDS = 60  # ... or shorter than this as a reply
LONG_REPLY = 32  # words; what is shorter may be a stock phrase
PAIR = 2  # turns of a labelled post with its reply
FORMULA_SHARE = 0.05  # of the held-out long turns that may be formulae which train says too
_WORD = re.compile(r"[^\W_]+")


def scan(tables: Mapping[str, Iterable[Path]], formulae: Iterable[str]) -> list[Finding]:
    """Findings over the files of each split; `formulae` are SHA-256 keys of replies and short turns that may recur.

    System turns are instructions and may recur. Nothing here is shared with the code that made the splits.
    """
    allowed = frozenset(formulae)
    ids: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    turns: dict[str, set[str]] = defaultdict(set)
    spoken: dict[str, set[str]] = defaultdict(set)
    for split, paths in tables.items():
        for path in paths:
            frame = pl.read_parquet(path, columns=["id", "group", "category", "turns"])
            ids[split] |= set(frame["id"])
            groups[split] |= set(frame["group"])
            for category, row in zip(frame["category"], frame["turns"], strict=True):
                single = category == "supervision" and len(row) <= PAIR  # a labelled post or pair is nobody's formula
                for turn in row:
                    words = _WORD.findall(turn["content"].lower())
                    if turn["role"] == "system" or len(words) < LONG_WORDS:
                        continue
                    key = hashlib.sha256(" ".join(words).encode()).hexdigest()
                    limit = REPLY_FORMULA_WORDS if turn["part"] in ("therapist", "assistant") else FORMULA_WORDS
                    formula = key in allowed and len(words) < limit and not single
                    (spoken if formula else turns)[split].add(key)
    held_out = {key for split in tables if split != "train" for key in turns[split] | spoken[split]}
    recurring = {key for split in tables if split != "train" for key in spoken[split]} & spoken["train"]
    return [
        none_of("ids in two splits", _shared(ids)),
        none_of("groups in two splits", _shared(groups)),
        none_of("long turns in two splits", _shared(turns)),
        at_most(
            "share of held-out long turns that are formulae",
            len(recurring) / max(len(held_out), 1),
            FORMULA_SHARE,
            severity=Severity.WARNING,
        ),
    ]


def scan_replies(paths: Iterable[Path]) -> Finding:
    """The finding that no long reply is learnt in two conversations; a row that stands twice is one conversation."""
    learnt: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in paths:
        for name, row in pl.read_parquet(path, columns=["id", "turns"]).iter_rows():
            for turn in row:
                if turn["learn"] and len(words := _WORD.findall(turn["content"].lower())) >= LONG_REPLY:
                    learnt[turn["part"], hashlib.sha256(" ".join(words).encode()).hexdigest()].add(name)
    return none_of("replies learnt in two conversations", {"replies": sum(len(names) > 1 for names in learnt.values())})


def _shared(members: Mapping[str, set[str]]) -> dict[str, int]:
    return {f"{one} and {other}": len(members[one] & members[other]) for one, other in combinations(sorted(members), 2)}
