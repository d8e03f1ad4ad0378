"""Source artifacts of any number of conversations out of real sentences, made in columns, since a million do not fit into objects."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pixel_core.artifacts import Summary, finish
from pixel_core.conversation import CONVERSATION_SCHEMA

SHARES = {"psychology": 0.30, "voice": 0.20, "mental_health": 0.25, "reasoning": 0.15, "personality": 0.10}
SIZES = {"psychology": 0.12, "voice": 0.08, "mental_health": 0.40, "reasoning": 0.30, "personality": 0.10}  # of all there is
_PART = 50_000  # conversations made together
_TURN = CONVERSATION_SCHEMA["turns"].inner.to_schema()  # type: ignore[attr-defined]


def write_sources(root: Path, pool: list[str], count: int, *, turns: int = 6, spoken: int = 2, seed: int = 1) -> dict[str, Path]:
    """An artifact a category, together about `count` conversations of so many turns of so many sentences.

    One in twenty is nearly the same as an earlier one.
    """
    found = {}
    for number, (category, share) in enumerate(SIZES.items()):
        folder = root / "source_conversations" / category
        folder.mkdir(parents=True)
        rows = round(share * count)
        _write(folder / "conversations.parquet", pool, category, (rows, turns, spoken), seed * 100 + number)
        finish(folder, kind="source_conversations", version="1", inputs={}, summary=Summary(rows=rows))
        found[f"source_conversations/{category}"] = folder
    return found


def _write(path: Path, pool: list[str], category: str, shape: tuple[int, int, int], seed: int) -> None:
    rows, *each = shape
    drawn = np.random.default_rng(seed)
    texts = pl.Series(pool)
    writer = None
    for first in range(0, rows, _PART):
        frame = _part(texts, drawn, category, (first, min(_PART, rows - first)), (each[0], each[1]))
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=65_536)
    assert writer is not None
    writer.close()


def _part(pool: pl.Series, drawn: np.random.Generator, category: str, stretch: tuple[int, int], shape: tuple[int, int]) -> pl.DataFrame:
    """Conversations in order of their ids."""
    (first, rows), (length, spoken) = stretch, shape
    picks = drawn.integers(0, len(pool), (rows, length, spoken))
    copies = drawn.random(rows) < 0.05
    source = np.maximum(np.arange(rows) - drawn.integers(1, 50, rows), 0)
    picks[copies] = picks[source[copies]]
    picks[copies, -1, -1] = drawn.integers(0, len(pool), int(copies.sum()))
    flat = pl.DataFrame({str(place): pool[picks[..., place].ravel()] for place in range(spoken)})
    content = flat.select(content=pl.concat_str(pl.all(), separator=" "))["content"]
    replies = np.tile(np.arange(length) % 2 == 1, rows)
    labelled = (np.repeat(drawn.random(rows) < 0.3, length) & replies).tolist()
    technique = [[{"output": "technique.simple_reflection", "value": 1.0, "source": "human"}] if is_one else [] for is_one in labelled]
    turns = pl.DataFrame({"content": content, "reply": replies, "row": np.repeat(np.arange(rows), length)}).with_columns(
        labels=pl.Series(technique, dtype=_TURN["labels"])
    )
    turn = pl.struct(
        role=pl.when("reply").then(pl.lit("assistant")).otherwise(pl.lit("user")),
        part=pl.when("reply").then(pl.lit("therapist")).otherwise(pl.lit("client")),
        content="content",
        learn="reply",
        labels="labels",
        evidence=pl.lit([], dtype=_TURN["evidence"]),
    )
    grouped = turns.group_by("row", maintain_order=True).agg(turns=turn, text=pl.col("content").str.join("\n"))
    ids = [hashlib.sha256(text.encode()).hexdigest() for text in grouped["text"]]
    place = {"uri": f"bench:{category}", "licence": "CC0-1.0", "consent": "synthetic", "extractor": "bench/1"}
    provenance = pl.concat_list(
        pl.struct(
            source=pl.lit(category),
            uri=pl.lit(place["uri"]),
            locator=pl.format("row {}", pl.col("row") + first),
            licence=pl.lit(place["licence"]),
            consent=pl.lit(place["consent"]),
            extractor=pl.lit(place["extractor"]),
            start=pl.lit(None, pl.Float64),
            end=pl.lit(None, pl.Float64),
        )
    )
    frame = grouped.with_columns(
        id=pl.Series(ids),
        category=pl.lit(category),
        group=pl.format("{}:{}", pl.lit(category), (pl.col("row") + first) // 2),
        difficulty=pl.col("row") % 5 + 1,
        provenance=provenance,
        extra=pl.lit("{}"),
    )
    return frame.select(list(CONVERSATION_SCHEMA)).cast(dict(CONVERSATION_SCHEMA)).unique("id").sort("id")
