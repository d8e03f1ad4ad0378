"""The checks of written conversations as an artifact: judged anew from what lies in the folder, and alike for everybody."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from pixel_core.artifacts import verify
from pixel_core.conversation import read_conversations
from pixel_core.findings import Findings, equals, none_of
from pixel_core.knowledge import conversations
from pixel_core.rejects import REJECTED
from pixel_core.writing.bias import check_groups, check_swaps
from pixel_core.writing.judge import judge
from pixel_core.writing.originality import Licensed
from pixel_core.writing.standards import Standards


def check_conversation_judgement(folder: Path) -> Findings:
    """Whether nothing speaks against any conversation, and kept and rejected candidates add up over the batches."""
    manifest = verify(folder)
    kept = read_conversations(folder / conversations.TABLE)
    rejected = pl.read_parquet(folder / REJECTED)
    batches = conversations.read_batches(folder)
    standards = Standards.from_json(json.loads((folder / conversations.STANDARDS).read_text(encoding="utf-8")))
    hashes = folder / conversations.LICENSED
    licensed = Licensed(np.load(hashes, allow_pickle=False)) if hashes.is_file() else None
    reasons = Counter(reason for c in kept for reason in judge(c, standards, licensed))
    told = sum((Counter(dict(b.reasons)) for b in batches), Counter[str]())
    return Findings.of(
        [
            none_of("judged", reasons),
            equals("kept_and_rejected", len(kept) + rejected.height, manifest.summary.figures["read"]),
            equals("batches", sum(b.asked for b in batches), manifest.summary.figures["read"]),
            none_of("reasons", dict((told - Counter(rejected["reason"].to_list())) | (Counter(rejected["reason"].to_list()) - told))),
        ]
    )


def check_conversation_bias(folder: Path) -> Findings:
    """Whether the therapist works alike with everybody: over groups of clients, and for swapped ones where the writer can be asked."""
    verify(folder)
    found = conversations.read_swaps(folder)
    groups = check_groups(read_conversations(folder / conversations.TABLE))
    return Findings.of([*groups.items, *(check_swaps(found).items if found else ())])
