"""What a mixture is made of: wanted and got, sources, licences, drops and labels, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.corpus.background import SOURCE
from pixel_core.corpus.facts import tokens_of
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
    sizes = {unit: _sizes(frame, wanted, splits, held) for unit, held in UNITS.items()}
    return {
        **settings,
        "wanted": wanted,
        "got": sizes[settings["unit"]],
        "rows": sizes["conversations"],
        "estimated_tokens": sizes["tokens"],
        "difficulty": _by_split(frame.select("split", key=pl.col("difficulty").cast(pl.String)), splits),
        "distinct": frame["id"].n_unique(),
        "rows_by_source": _by_split(frame.select("split", key="source"), splits),
        "licences": _by_split(licences, splits),
        "labels": count_labels(frame, splits),
        "with_knowledge": places.filter(pl.col("key").struct.field("source") == SOURCE).height,
        "drops": {name: reasons for name, reasons in {**upstream, "mixture": _reasons(population)}.items() if reasons},
        "not_learnt": population.not_learnt,
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


def draw_plot(path: Path, composition: Mapping[str, Any]) -> None:
    """A PNG of wanted (outline) and got (filled) by category, one panel a split; the same counts give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    wanted, got, unit = composition["wanted"], composition["got"], composition["unit"]
    categories = list(wanted)
    splits = list(wanted[categories[0]])
    figure = Figure(figsize=(9, 6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(splits))
    for panel, split in zip(panels[0], splits, strict=True):
        places = range(len(categories))
        panel.bar(places, [got[c][split] for c in categories], color="#4878a8", label="got")
        panel.bar(places, [wanted[c][split] for c in categories], fill=False, edgecolor="black", label="wanted")
        panel.set_xticks(list(places), [c.replace("_", "\n") for c in categories], fontsize=6)
        panel.set_title(f"{split}: {sum(got[c][split] for c in categories):,} {unit}", fontsize=9)
        panel.tick_params(axis="y", labelsize=7)
    panels[0][0].legend(fontsize=7)
    for panel in panels[1][2:]:
        panel.remove()
    _draw_counts(panels[1][0], "difficulty", composition["difficulty"], splits)
    panels[1][0].legend(fontsize=7)
    heads: dict[str, dict[str, int]] = {}
    for output, cells in composition["labels"].items():
        head = heads.setdefault(output.partition(".")[0], dict.fromkeys(splits, 0))
        for split in splits:
            head[split] += cells[split]
    _draw_counts(panels[1][1], "labels by head", heads, splits)
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})


def _draw_counts(panel: Any, title: str, counts: Counts, splits: list[str]) -> None:
    """Bars of counts, the splits beside one another, on a scale of powers of ten."""
    width = 0.8 / len(splits)
    for number, split in enumerate(splits):
        panel.bar([place + number * width for place in range(len(counts))], [cells[split] for cells in counts.values()], width, label=split)
    panel.set_xticks([place + 0.4 - width / 2 for place in range(len(counts))], list(counts), fontsize=6, rotation=45)
    panel.set_yscale("symlog")
    panel.set_ylim(bottom=0)
    panel.set_title(title, fontsize=9)
    panel.tick_params(axis="y", labelsize=7)


def _sizes(frame: pl.DataFrame, categories: Iterable[str], splits: list[str], held: pl.Expr) -> dict[str, dict[str, int]]:
    """The size of every category in every split."""
    found = {(category, split): size for category, split, size in frame.group_by("category", "split").agg(size=held).iter_rows()}
    return {category: {split: found.get((category, split), 0) for split in splits} for category in categories}


def _own_turns() -> pl.Expr:
    """The turns of a row without the retrieved knowledge that was put before them."""
    given = pl.col("provenance").list.eval(pl.element().struct.field("source") == SOURCE).list.any()
    return pl.when(given).then(pl.col("turns").list.slice(1)).otherwise("turns")


UNITS = {"conversations": pl.len().cast(pl.Int64), "tokens": tokens_of(_own_turns()).sum()}  # what a mixture's size is counted in


def _by_split(frame: pl.DataFrame, splits: list[str]) -> dict[str, dict[str, int]]:
    """Counts of `key` by split, keys sorted."""
    counts = {(key, split): count for key, split, count in frame.group_by("key", "split").len().iter_rows()}
    return {key: {split: counts.get((key, split), 0) for split in splits} for key in sorted({key for key, _ in counts})}


def _reasons(population: Population) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for reject in population.rejects:
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1
    return reasons
