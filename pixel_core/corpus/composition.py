"""What a mixture is made of: wanted and got, sources, licences, drops and labels, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.corpus.background import SOURCE
from pixel_core.corpus.population import Population

Counts = Mapping[str, Mapping[str, int]]


def compose(
    drawn: Mapping[str, pl.DataFrame],
    settings: Mapping[str, Any],
    wanted: Counts,
    population: Population,
    upstream: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """The composition of the drawn rows by split.

    `settings` are the recipe's keys that asked for it, `upstream` the rejects by reason of each source.
    """
    frame = pl.concat(rows.with_columns(split=pl.lit(split)) for split, rows in drawn.items())
    splits = list(drawn)
    places = frame.select("split", key="provenance").explode("key")
    licences = places.with_columns(key=pl.col("key").struct.field("licence"))
    return {
        **settings,
        "wanted": wanted,
        "got": {c: {s: frame.filter(category=c, split=s).height for s in splits} for c in wanted},
        "distinct": frame["id"].n_unique(),
        "rows_by_source": _by_split(frame.select("split", key="source"), splits),
        "licences": _by_split(licences, splits),
        "labels": count_labels(frame, splits),
        "with_knowledge": places.filter(pl.col("key").struct.field("source") == SOURCE).height,
        "drops": {name: reasons for name, reasons in {**upstream, "mixture": _reasons(population)}.items() if reasons},
        "formulae": sorted(population.formulae),
    }


def count_labels(frame: pl.DataFrame, splits: list[str]) -> dict[str, dict[str, int]]:
    """How many labels each output has in each split; `<head>.*` counts once for the head's rest."""
    labels = (
        frame.select("split", turn="turns")
        .explode("turn")
        .select("split", label=pl.col("turn").struct.field("labels"))
        .explode("label")
        .select("split", key=pl.col("label").struct.field("output"))
    )
    return _by_split(labels.drop_nulls("key"), splits)


def draw_plot(path: Path, wanted: Counts, got: Counts) -> None:
    """A PNG of wanted (outline) and got (filled) rows by category, one panel a split; the same counts give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    categories = list(wanted)
    splits = list(wanted[categories[0]])
    figure = Figure(figsize=(9, 3), layout="constrained")
    FigureCanvasAgg(figure)
    for panel, split in zip(figure.subplots(1, len(splits)), splits, strict=True):
        places = range(len(categories))
        panel.bar(places, [got[c][split] for c in categories], color="#4878a8", label="got")
        panel.bar(places, [wanted[c][split] for c in categories], fill=False, edgecolor="black", label="wanted")
        panel.set_xticks(list(places), [c.replace("_", "\n") for c in categories], fontsize=6)
        panel.set_title(f"{split}: {sum(got[c][split] for c in categories)} rows", fontsize=9)
        panel.tick_params(axis="y", labelsize=7)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})


def _by_split(frame: pl.DataFrame, splits: list[str]) -> dict[str, dict[str, int]]:
    """Counts of `key` by split, keys sorted."""
    counts = {(key, split): count for key, split, count in frame.group_by("key", "split").len().iter_rows()}
    return {key: {split: counts.get((key, split), 0) for split in splits} for key in sorted({key for key, _ in counts})}


def _reasons(population: Population) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for reject in population.rejects:
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1
    return reasons
