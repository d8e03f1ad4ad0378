"""Preference pairs: a prompt with a reply that is preferred and one that is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.conversation import CONVERSATION_SCHEMA, Provenance
from pixel_core.rejects import Reject, as_content

PAIR_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "id": pl.String,
        "prompt": pl.String,
        "chosen": pl.String,
        "rejected": pl.String,
        "source": pl.String,
        "licence": pl.String,
        "provenance": CONVERSATION_SCHEMA["provenance"],
    }
)


@dataclass(frozen=True)
class PreferencePair:
    """Two replies to one prompt, the chosen one better than the rejected one."""

    prompt: str
    chosen: str
    rejected: str
    provenance: tuple[Provenance, ...]

    @cached_property
    def id(self) -> str:
        """SHA-256 (hex) over prompt, chosen and rejected."""
        text = json.dumps([self.prompt, self.chosen, self.rejected], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def write_pairs(path: Path, pairs: Iterable[PreferencePair]) -> int:
    """Write pairs as Parquet with `PAIR_SCHEMA` in the order given; returns how many.

    `source` and `licence` are those of the first provenance.
    """
    rows = [
        {
            "id": pair.id,
            "prompt": pair.prompt,
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "source": pair.provenance[0].source,
            "licence": pair.provenance[0].licence,
            "provenance": [asdict(p) for p in pair.provenance],
        }
        for pair in pairs
    ]
    write_table(path, pl.DataFrame(rows, schema=PAIR_SCHEMA))
    return len(rows)


def read_pairs(path: Path) -> list[PreferencePair]:
    """The pairs of a Parquet file, in file order."""
    return [
        PreferencePair(row["prompt"], row["chosen"], row["rejected"], tuple(Provenance(**p) for p in row["provenance"]))
        for row in pl.read_parquet(path).iter_rows(named=True)
    ]


def settle_pairs(found: Iterable[tuple[str, PreferencePair]]) -> tuple[list[PreferencePair], list[Reject]]:
    """The distinct pairs sorted by id, their provenance united, and rejects for those that contradict one another.

    `found` holds pairs with their positions. Two pairs that prefer opposite replies to one prompt are both `preference_conflict`.
    """
    same: dict[str, list[tuple[str, PreferencePair]]] = {}
    for position, pair in found:
        same.setdefault(pair.id, []).append((position, pair))
    kept: list[PreferencePair] = []
    rejects: list[Reject] = []
    for members in (same[key] for key in sorted(same)):
        pair = members[0][1]
        if PreferencePair(pair.prompt, pair.rejected, pair.chosen, pair.provenance).id in same:
            detail = "another pair prefers the other reply to the same prompt"
            content = as_content({"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected})
            rejects += [Reject(p.provenance[0].source, position, "preference_conflict", detail, content) for position, p in members]
        else:
            kept.append(replace(pair, provenance=tuple(dict.fromkeys(p for _, one in members for p in one.provenance))))
    return kept, rejects
