"""The training mixture: exact shares by category and split, drawn by seed from everything the selected sources hold."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, read_manifest, write_json, write_table
from pixel_core.conversation import CONVERSATION_SCHEMA
from pixel_core.corpus.apportion import DeficitError, apportion, level, table
from pixel_core.corpus.background import SOURCE, Background, wanted_rows, with_background
from pixel_core.corpus.composition import compose, draw_plot
from pixel_core.corpus.decontamination import Encode
from pixel_core.corpus.population import CorpusError, Population, gather, source_digests
from pixel_core.corpus.sieve import Sieve
from pixel_core.corpus.splits import CLASSIFIED, assign, label_values, must_stand_everywhere, strata_of, units_of
from pixel_core.recipe import CorpusRecipe, Recipe
from pixel_core.rejects import count_reasons, write_rejects

VERSION = "2"
SPLITS: tuple[str, ...] = ("train", "validation", "test")
SPLIT_TABLE = "splits.parquet"
_SIEVE_KEYS = ("near_duplicates", "held_out_share", "held_out_run", "held_out_similarity")
_KEYS = ("conversations", "shares", "splits", "deficit", "repeat_cap", "knowledge_share", *_SIEVE_KEYS)
Counts = Mapping[str, dict[str, int]]  # category, split: rows


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
    """Write train, validation and test as Parquet sorted by id, `splits.parquet`, `composition.json` and its picture.

    `sources` maps `<asset>` or `<asset>/<partition>` to an artifact with conversations; one without a valid manifest raises
    CorpusError. Too few rows raise CorpusError, or follow the recipe's `deficit`. The order of sources and rows changes no byte.
    What holds one of `held_out_texts`, or repeats another conversation, is rejected; `encode` finds neighbours when the recipe wants them.
    Where the recipe wants rows with retrieved knowledge (`knowledge_share`), `background` gives it, or CorpusError is raised.
    """
    corpus = recipe.corpus
    if corpus.knowledge_share and background is None:
        raise CorpusError(f"corpus.knowledge_share = {corpus.knowledge_share:g} needs the knowledge index: build it, or set the share to 0")
    keys = corpus.model_dump(mode="json", include=set(_KEYS))
    shares = dict.fromkeys(SPLITS, 0.0) | {str(split): share for split, share in corpus.splits.items()}
    sieve = Sieve.of(corpus, held_out_texts, encode)
    inputs = {"recipe": digest_of(keys), "seed": str(recipe.seed), "held_out": sieve.digest, **source_digests(sources)}
    if corpus.knowledge_share and background:
        inputs[SOURCE] = background.digest()

    def write(folder: Path) -> Summary:
        population = gather(sources, sieve)
        rows = population.rows
        wanted = table(apportion(corpus.conversations, corpus.shares), apportion(corpus.conversations, shares))
        split_of = assign(units_of(rows), shares, needs=_needs(wanted, corpus), seed=recipe.seed)
        rows = rows.with_columns(split=pl.col("unit").replace_strict(split_of, return_dtype=pl.String))
        counts = _settle(wanted, _available(rows, wanted), corpus)
        drawn = {split: _draw_split(rows.filter(split=split), split, counts, recipe.seed) for split in SPLITS}
        if corpus.knowledge_share and background:
            held_out, count = pl.concat([drawn["validation"], drawn["test"]]), wanted_rows(drawn["train"], corpus.knowledge_share)
            drawn["train"] = with_background(drawn["train"], held_out, background.open(), count=count, seed=recipe.seed)
        for split in SPLITS:
            write_table(folder / f"{split}.parquet", drawn[split].select(list(CONVERSATION_SCHEMA)))
        _write_splits(folder, population, split_of, rows)
        upstream = {name: dict(read_manifest(sources[name]).summary.rejects) for name in sorted(sources)}
        composition = compose(drawn, keys | {"seed": recipe.seed}, wanted, population, upstream)
        write_json(folder / "composition.json", composition)
        draw_plot(folder / "composition.png", composition["wanted"], composition["got"])
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


def _available(rows: pl.DataFrame, wanted: Counts) -> Counts:
    have = {(category, split): count for category, split, count in rows.group_by("category", "split").len().iter_rows()}
    return {category: {split: have.get((category, split), 0) for split in SPLITS} for category in wanted}


def _needs(wanted: Counts, corpus: CorpusRecipe) -> Counts:
    """The rows that each split has to hold: where rows of train may repeat, so many fewer there."""
    cap = corpus.repeat_cap if corpus.deficit == "repeat" else 1
    return {category: cells | {"train": -(-cells["train"] // cap)} for category, cells in wanted.items()}


def _settle(wanted: Counts, have: Counts, corpus: CorpusRecipe) -> Counts:
    """The rows to draw by category and split: as wanted, or as the deficit policy says; the size of each split stays exact."""
    counts: dict[str, dict[str, int]] = {category: {} for category in wanted}
    problems: list[str] = []
    for split in SPLITS:
        cells = {category: wanted[category][split] for category in wanted}
        available = {category: have[category][split] for category in wanted}
        repeats = corpus.repeat_cap if corpus.deficit == "repeat" and split == "train" else 1
        short = [c for c in cells if cells[c] > available[c] * repeats]
        if short and corpus.deficit == "redistribute":
            try:
                cells = apportion(sum(cells.values()), corpus.shares, available, deficit="redistribute")
            except DeficitError as error:
                problems.append(f"{split}: {error}")
        else:
            problems += [f"{split} {c}: {cells[c]} wanted, {available[c] * repeats} available" for c in short]
        for category, count in cells.items():
            counts[category][split] = count
    if problems:
        raise CorpusError(
            f"the mixture of {corpus.conversations} conversations lacks rows ({'; '.join(problems)}): lower corpus.conversations,"
            " add sources, or set corpus.deficit to redistribute, or to repeat with a larger corpus.repeat_cap (in train only)"
        )
    return counts


def _draw_split(rows: pl.DataFrame, split: str, counts: Counts, seed: int) -> pl.DataFrame:
    drawn = [_draw(rows.filter(category=category), counts[category][split], f"{seed}:{split}") for category in sorted(counts)]
    return pl.concat(drawn).sort("id")


def _draw(rows: pl.DataFrame, count: int, seed: str) -> pl.DataFrame:
    """`count` rows in seeded order, spread over strata; more than there are repeat every row equally often first."""
    copies, rest = divmod(count, rows.height) if rows.height else (0, 0)
    strata = strata_of(rows)
    quota = _quota(dict(strata.group_by("stratum").len().iter_rows()), rest, seed)
    ranked = strata.with_columns(rank=pl.Series([_rank(seed, i) for i in strata["id"]], dtype=pl.String)).sort("rank")
    places = ranked.with_columns(place=pl.int_range(pl.len()).over("stratum"))
    chosen = places.filter(pl.col("place") < pl.col("stratum").replace_strict(quota, default=0, return_dtype=pl.Int64))["id"]
    return pl.concat([*[rows] * copies, rows.filter(pl.col("id").is_in(chosen.implode()))])


def _quota(sizes: Mapping[str, int], count: int, seed: str) -> dict[str, int]:
    """How many rows each stratum gives: every clinical class one while there is room, then families of strata by their sizes.

    A family (clinical classes, PDM-2 classes, sources) is spread evenly over its strata; what is left over goes by seed.
    """
    families: dict[str, list[str]] = {}
    for stratum in sorted(sizes, key=lambda stratum: _rank(seed, stratum)):
        family = next((name for name in CLASSIFIED if stratum.startswith(name)), "")
        families.setdefault(family, []).append(stratum)
    have = {family: sum(sizes[stratum] for stratum in strata) for family, strata in families.items()}
    first = {family: min(count, len(strata)) for family, strata in families.items() if must_stand_everywhere(family)}
    shares = apportion(count, have, have, deficit="redistribute") if count else dict.fromkeys(have, 0)
    for family, least in first.items():
        if shares[family] < least:
            others = {name: size for name, size in have.items() if name != family}
            shares = {family: least} | (apportion(count - least, others, others, deficit="redistribute") if others else {})
    return {s: n for family, strata in families.items() for s, n in level(shares[family], {s: sizes[s] for s in strata}).items()}


def _rank(seed: str, key: str) -> str:
    return hashlib.sha256(f"{seed}:draw:{key}".encode()).hexdigest()


def _write_splits(folder: Path, population: Population, split_of: Mapping[str, str], rows: pl.DataFrame) -> None:
    """`splits.parquet`: every group of every source, its unit, its split, and the clinical classes that its unit holds."""
    values = label_values(rows).filter(pl.col("value").str.starts_with("clinical."))
    classes = {unit: sorted(set(found)) for unit, found in values.group_by("unit").agg("output").iter_rows()}
    groups = [
        {"group": group, "unit": unit, "split": split_of[unit], "clinical": classes.get(unit, [])}
        for group, unit in population.units.items()
        if unit in split_of
    ]
    schema = {"group": pl.String(), "unit": pl.String(), "split": pl.String(), "clinical": pl.List(pl.String)}
    write_table(folder / SPLIT_TABLE, pl.DataFrame(groups, schema=schema).sort("group"))


def _summary(composition: Mapping[str, Any], population: Population, rows: pl.DataFrame) -> Summary:
    got: Counts = composition["got"]
    total = sum(sum(splits.values()) for splits in got.values())
    drawn_once = composition["distinct"]
    supervision = rows.filter(category="supervision").height
    figures: dict[str, int | float] = {
        "read": population.read,
        "merged": population.merged,
        "supervision": supervision,
        "spare": rows.height - supervision - drawn_once,
        "repeated": total - drawn_once,
        "units": len(set(population.units.values())),
        "formulae": len(population.formulae),
    }
    figures["rows_with_knowledge"] = composition["with_knowledge"]
    figures |= {f"rows_{split}": sum(got[category][split] for category in got) for split in SPLITS}
    figures |= {f"rows_{category}": sum(got[category].values()) for category in got}
    heads = Counter[str]()
    for output, splits in composition["labels"].items():
        heads[output.partition(".")[0]] += sum(splits.values())
    figures |= {f"labels_{head}": count for head, count in sorted(heads.items())}
    return Summary(rows=total, rejects=count_reasons(population.rejects), figures=figures)
