"""Completeness: how much of every field each disorder holds, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy

TABLE = "completeness.parquet"
PICTURE = "completeness.png"
FIELDS = (
    "summary",
    "criteria",
    "items",
    "thresholds",
    "voiced",
    "duration",
    "exclusions",
    "impairment",
    "specifiers",
    "differentials",
    "therapist_focus",
    "care",
)
OPTIONAL = frozenset({"specifiers"})
"""Fields that a whole record may lack: some disorders have no specifiers."""
_HELD, _LACKING, _NOT_NEEDED = "#3b6ea5", "#d9534f", "#e8e8e8"


def completeness(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """One row a class of the taxonomy with the number of entries that each field holds; a class without a record holds 0 of all."""
    held = {row["code"]: row for row in rows}
    table = [{"code": code, **(_entries(held[code]) if code in held else dict.fromkeys(FIELDS, 0))} for code in taxonomy.ids("dsm5")]
    return pl.DataFrame(table, schema={"code": pl.String, **dict.fromkeys(FIELDS, pl.Int64)})


def gaps(table: pl.DataFrame) -> list[tuple[str, str]]:
    """The (code, field) pairs of the table that are empty although a whole record holds them."""
    return [(row["code"], name) for row in table.iter_rows(named=True) for name in FIELDS if not row[name] and name not in OPTIONAL]


def draw(table: pl.DataFrame, path: Path) -> None:
    """A PNG of the table: one column a class, one line a field; dark is held, red is missing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    codes = table["code"].to_list()
    cells = [[2 if row[name] else (1 if name in OPTIONAL else 0) for row in table.iter_rows(named=True)] for name in FIELDS]
    figure = Figure(figsize=(18, 3.4), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.pcolormesh(cells, cmap=ListedColormap([_LACKING, _NOT_NEEDED, _HELD]), vmin=0, vmax=2, edgecolors="white", linewidth=0.5)
    axes.set_xticks([n + 0.5 for n in range(len(codes))], codes, rotation=90, fontsize=6)
    axes.set_yticks([n + 0.5 for n in range(len(FIELDS))], [name.replace("_", " ") for name in FIELDS], fontsize=8)
    axes.invert_yaxis()
    whole = len(codes) - len({code for code, _ in gaps(table)})
    axes.set_title(
        f"{whole} of {len(codes)} classes hold every field (blue: held, red: missing, grey: none needed)", loc="left", fontsize=10
    )
    figure.savefig(path, metadata={"Software": None})


def _entries(row: Mapping[str, Any]) -> dict[str, int]:
    criteria = row["criteria"]
    items = [item for criterion in criteria for item in criterion["items"]]
    needed = [c for c in criteria if c["items"]]
    return {
        "summary": int(row["summary"] is not None),
        "criteria": len(criteria),
        "items": len(items),
        "thresholds": len(needed) if needed and all(c["min_count"] is not None for c in needed) else 0,
        "voiced": sum(len(i["voiced"]) for i in items) + sum(len(c["voiced"]) for c in criteria),
        "duration": int(row["duration"] is not None),
        "exclusions": len(row["exclusions"]),
        "impairment": int(row["impairment"] is not None),
        "specifiers": len(row["specifiers"]),
        "differentials": len(row["differentials"]),
        "therapist_focus": len(row["therapist_focus"]),
        "care": len(row["care"]),
    }
