"""The leakage matrix: which persona speaks in which situation, and which should."""

from __future__ import annotations

from collections import Counter

import polars as pl

from pixel_core.model.heads import PERSONAS

KINDS = ("context", "trigger", "phase", "announced", "moves")  # tags that name a situation
SCHEMA = pl.Schema(
    {"kind": pl.String, "situation": pl.String, "should": pl.String, "speaks": pl.String, "n": pl.Int64, "share": pl.Float64}
)


def leakage(answers: pl.DataFrame) -> pl.DataFrame:
    """By situation and by who should speak, how often each persona does: by the head, or by the voice of a written reply.

    `speaks` is null where neither was told; a share is of all who should speak alike in the same situation.
    """
    counts: Counter[tuple[str, str, str, str | None]] = Counter()
    for row in answers.iter_rows(named=True):
        tagged = [tag.partition(":")[::2] for tag in row["tags"]]
        mode = dict(tagged).get("mode")
        should = ("therapy" if mode == "therapy" else "assistance") if row["reply"] is not None else _persona(row["truth"])
        speaks = row["answer"] if row["reply"] is not None else _persona(row["prediction"])
        for kind, situation in [("all", "all"), *(pair for pair in tagged if pair[0] in KINDS)]:
            counts[kind, situation, str(should), speaks] += 1
    alike: Counter[tuple[str, str, str]] = Counter()
    for (kind, situation, should, _), n in counts.items():
        alike[kind, situation, should] += n
    order = sorted(counts, key=lambda key: (key[0] != "all", *key[:3], key[3] or ""))
    rows = [(*key, counts[key], counts[key] / alike[key[:3]]) for key in order]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _persona(columns: list[float | None]) -> str | None:
    """The mode that the persona columns of a head decide for; None where it is untrained."""
    told = dict(zip(PERSONAS, columns, strict=False))
    if any(value is None for value in told.values()):
        return None
    return "therapy" if told["therapy"] else "assistance"
