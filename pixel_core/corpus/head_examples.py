"""Head examples: labelled rows that carry no language loss, in the same splits as the mixture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, input_digest, read_manifest, write_json, write_table
from pixel_core.conversation import CONVERSATION_SCHEMA
from pixel_core.corpus.composition import count_labels
from pixel_core.corpus.mixture import SPLIT_TABLE, SPLITS
from pixel_core.corpus.population import CorpusError, gather, source_digests
from pixel_core.corpus.sieve import Sieve

VERSION = "1"
_CLINICAL_HEADS = ("clinical", "pdm2")


def build_head_examples(sources: Mapping[str, Path], mixture: Path, out: Path, *, force: bool = False) -> Built:
    """Write train, validation and test as Parquet sorted by id, and `coverage.json`: labels by output and split.

    Rows are all supervision rows, and psychology conversations with clinical or PDM-2 labels that the mixture did not draw;
    these become supervision rows too and nothing of them is learnt. Every group keeps the split that the mixture gave it. Raises
    CorpusError when the mixture was built from other sources than these.
    """
    digests = source_digests(sources)
    inputs = {"training_mixture": input_digest(mixture), **digests}
    _require_same_sources(mixture, digests)

    def write(folder: Path) -> Summary:
        population = gather(sources, Sieve.of_mixture(mixture))
        taken = pl.concat(pl.read_parquet(mixture / f"{split}.parquet", columns=["id"]) for split in SPLITS)["id"]
        splits = pl.read_parquet(mixture / SPLIT_TABLE).select("group", "split")
        labelled = pl.col("id").is_in(_with_clinical_labels(population.rows).implode()) & ~pl.col("id").is_in(taken.unique().implode())
        supervision = pl.col("category") == "supervision"
        chosen = population.rows.filter(supervision | ((pl.col("category") == "psychology") & labelled)).join(
            splits, on="group", how="left"
        )
        written = chosen.with_columns(category=pl.lit("supervision"), turns=_unlearnt())
        for split in SPLITS:
            write_table(folder / f"{split}.parquet", written.filter(split=split).select(list(CONVERSATION_SCHEMA)).sort("id"))
        coverage = count_labels(written, list(SPLITS))
        write_json(folder / "coverage.json", coverage)
        return _summary(chosen, coverage)

    return build(out, kind="head_examples", version=VERSION, inputs=inputs, write=write, force=force)


def _require_same_sources(mixture: Path, digests: Mapping[str, str]) -> None:
    built_from = read_manifest(mixture).inputs
    if changed := sorted(name for name, digest in digests.items() if built_from.get(name) != digest):
        raise CorpusError(
            f"training_mixture was built from another {', '.join(changed)}; build it again first:"
            " dagster asset materialize -m pixel_assets.definitions --select training_mixture"
        )


def _with_clinical_labels(rows: pl.DataFrame) -> pl.Series:
    labels = rows.select("id", turn="turns").explode("turn").select("id", label=pl.col("turn").struct.field("labels")).explode("label")
    head = pl.col("label").struct.field("output").str.split(".").list.first()
    return labels.filter(head.is_in(_CLINICAL_HEADS))["id"].unique()


def _unlearnt() -> pl.Expr:
    return pl.col("turns").list.eval(pl.element().struct.with_fields(learn=pl.lit(value=False)))


def _summary(chosen: pl.DataFrame, coverage: Mapping[str, Mapping[str, int]]) -> Summary:
    figures = {f"rows_{split}": chosen.filter(split=split).height for split in SPLITS}
    figures["from_psychology"] = chosen.filter(category="psychology").height
    for output, splits in coverage.items():
        head = output.partition(".")[0]
        figures[f"labels_{head}"] = figures.get(f"labels_{head}", 0) + sum(splits.values())
    return Summary(rows=chosen.height, figures=figures | {"outputs_labelled": sum(not output.endswith(".*") for output in coverage)})
