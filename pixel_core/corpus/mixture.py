"""The training mixture: exact shares by category and split, drawn by seed from everything the selected sources hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, read_manifest, write_json, write_table
from pixel_core.conversation import CONVERSATION_SCHEMA
from pixel_core.corpus.background import SOURCE, Background, wanted_rows, with_background
from pixel_core.corpus.card import write_card
from pixel_core.corpus.composition import compose, draw_plot
from pixel_core.corpus.decontamination import Encode
from pixel_core.corpus.demand import SPLITS, Counts, available_of, needed_rows, settle, split_shares, wanted_of
from pixel_core.corpus.draw import draw
from pixel_core.corpus.population import CorpusError, Population, gather, require_terms, source_digests
from pixel_core.corpus.sieve import Sieve
from pixel_core.corpus.splits import assign, units_of
from pixel_core.recipe import Recipe
from pixel_core.rejects import count_reasons, write_rejects
from pixel_core.shards import write_shards

VERSION = "5"
SPLIT_TABLE = "splits.parquet"
_SIEVE_KEYS = ("near_duplicates", "held_out_share", "held_out_run", "held_out_similarity")
_KEYS = ("unit", "conversations", "tokens", "shares", "splits", "deficit", "repeat_cap", "knowledge_share", *_SIEVE_KEYS)


@dataclass(frozen=True, slots=True)
class MixtureSummary(Built):
    """The outcome of `build_mixture`: the artifact, and what was wanted and got by category and split."""

    wanted: Counts
    got: Counts


def build_mixture(
    recipe: Recipe,
    sources: Mapping[str, Path],
    out: Path,
    *,
    background: Background | None = None,
    held_out_texts: Sequence[str] = (),
    encode: Encode | None = None,
    force: bool = False,
) -> MixtureSummary:
    """Write train, validation and test as Parquet sorted by id, `splits.parquet`, `composition.json` with its picture, and the card.

    A split of more than 50,000 rows lies in several files (see `pixel_core.shards`).

    `sources` maps `<asset>` or `<asset>/<partition>` to an artifact with conversations; one without a valid manifest, or that is not
    for the recipe's `use`, raises CorpusError. Too few rows raise it too, or follow the recipe's `deficit`. The order of sources and
    rows changes no byte.
    What holds one of `held_out_texts`, or repeats another conversation, is rejected; `encode` finds neighbours when the recipe wants them.
    Where the recipe wants rows with retrieved knowledge (`knowledge_share`), `background` gives it, or CorpusError is raised.
    """
    corpus = recipe.corpus
    if corpus.knowledge_share and background is None:
        raise CorpusError(f"corpus.knowledge_share = {corpus.knowledge_share:g} needs the knowledge index: build it, or set the share to 0")
    keys = corpus.model_dump(mode="json", include=set(_KEYS))
    sieve = Sieve.of(corpus, held_out_texts, encode)
    inputs = {"recipe": digest_of(keys), "seed": str(recipe.seed), "held_out": sieve.digest, **source_digests(sources)}
    if corpus.knowledge_share and background:
        inputs[SOURCE] = background.digest()
    require_terms(sources, corpus.use)

    def write(folder: Path) -> Summary:
        population = gather(sources, sieve)
        wanted, rows = wanted_of(corpus), population.rows
        needs = needed_rows(wanted, rows, corpus)
        split_of = assign(units_of(rows, population.values), split_shares(corpus), needs=needs, seed=recipe.seed)
        splits = pl.DataFrame({"unit": list(split_of), "split": list(split_of.values())}, schema={"unit": pl.String, "split": pl.String})
        rows = rows.join(splits, on="unit", maintain_order="left")
        counts = settle(wanted, available_of(rows, wanted, corpus.unit), corpus)
        drawn = {split: _draw_split(rows.filter(split=split), population, split, counts, recipe) for split in SPLITS}
        if corpus.knowledge_share and background:
            held_out, count = pl.concat([drawn["validation"], drawn["test"]]), wanted_rows(drawn["train"], corpus.knowledge_share)
            drawn["train"] = with_background(drawn["train"], held_out, background.open(), count=count, seed=recipe.seed)
        for split in SPLITS:
            write_shards(folder, split, drawn[split].select(list(CONVERSATION_SCHEMA)))
        _write_splits(folder, population, splits, rows)
        upstream = {name: dict(read_manifest(sources[name]).summary.rejects) for name in sorted(sources)}
        composition = compose(drawn, keys | {"seed": recipe.seed}, wanted, population, upstream)
        write_json(folder / "composition.json", composition)
        draw_plot(folder / "composition.png", composition)
        write_card(folder, composition, sources)
        write_rejects(folder, population.rejects)
        sieve.write(folder)
        return _summary(composition, population, rows)

    built = build(out, kind="training_mixture", version=VERSION, inputs=inputs, write=write, force=force)
    composition = read_composition(out)
    return MixtureSummary(built.folder, built.manifest, built.skipped, built.seconds, composition["wanted"], composition["got"])


def read_composition(folder: Path) -> dict[str, Any]:
    """`composition.json` of a mixture: wanted and got by category and split, sources, licences, drops, labels."""
    composition: dict[str, Any] = json.loads((folder / "composition.json").read_text(encoding="utf-8"))
    return composition


def _draw_split(rows: pl.DataFrame, population: Population, split: str, counts: Counts, recipe: Recipe) -> pl.DataFrame:
    """The conversations of a split, sorted by id."""
    seed, unit = f"{recipe.seed}:{split}", recipe.corpus.unit
    cells = {category: rows.filter(category=category) for category in sorted(counts)}
    numbers = pl.concat(draw(cell, population.values, counts[category][split], unit=unit, seed=seed) for category, cell in cells.items())
    return population.records.take(numbers.sort()).sort("id", maintain_order=True)


def _write_splits(folder: Path, population: Population, splits: pl.DataFrame, rows: pl.DataFrame) -> None:
    """`splits.parquet`: every group of every source, its unit, its split, and the clinical classes that its unit holds."""
    value = pl.col("value").cast(pl.String)
    classes = (
        population.values.select("number", value=value)
        .filter(pl.col("value").str.starts_with("clinical."))
        .join(rows.select("number", "unit"), on="number")
        .group_by("unit")
        .agg(clinical=pl.col("value").str.split("=").list.first().unique().sort())
    )
    empty = pl.lit([], dtype=pl.List(pl.String))
    groups = population.units.join(splits, on="unit").join(classes, on="unit", how="left").with_columns(pl.col("clinical").fill_null(empty))
    write_table(folder / SPLIT_TABLE, groups.select("group", "unit", "split", "clinical").sort("group"))


def _summary(composition: Mapping[str, Any], population: Population, rows: pl.DataFrame) -> Summary:
    counts: Counts = composition["rows"]
    total = sum(sum(splits.values()) for splits in counts.values())
    drawn_once = composition["distinct"]
    supervision = rows.filter(category="supervision").height
    figures: dict[str, int | float] = {
        "read": population.read,
        "merged": population.merged,
        "supervision": supervision,
        "spare": rows.height - supervision - drawn_once,
        "repeated": total - drawn_once,
        "units": rows["unit"].n_unique(),
        "formulae": len(population.formulae),
        "replies_not_learnt": sum(population.not_learnt.values()),
        "rows_with_knowledge": composition["with_knowledge"],
        "tokens": sum(sum(splits.values()) for splits in composition["estimated_tokens"].values()),
    }
    figures |= {f"rows_{split}": sum(counts[category][split] for category in counts) for split in SPLITS}
    figures |= {f"rows_{category}": sum(counts[category].values()) for category in counts}
    heads = Counter[str]()
    for output, splits in composition["labels"].items():
        heads[output.partition(".")[0]] += sum(splits.values())
    figures |= {f"labels_{head}": count for head, count in sorted(heads.items())}
    return Summary(rows=total, rejects=count_reasons(population.rejects), figures=figures)
