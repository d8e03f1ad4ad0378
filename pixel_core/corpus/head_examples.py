"""Head examples: labelled rows that carry no language loss, in the same splits as the mixture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, read_manifest, write_json
from pixel_core.conversation import CONVERSATION_SCHEMA, Conversation, to_frame
from pixel_core.corpus.composition import count_labels
from pixel_core.corpus.decontamination import Encode, HeldOutRule, decontaminate
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.draw import spread
from pixel_core.corpus.mixture import SPLIT_TABLE, read_composition
from pixel_core.corpus.population import CorpusError, gather, source_digests
from pixel_core.corpus.records import Records
from pixel_core.corpus.sieve import HELD_OUT, Sieve
from pixel_core.corpus.verbatim import any_said
from pixel_core.sentences import sentences_of
from pixel_core.shards import read_shards, write_shards

VERSION = "5"
_CLINICAL_HEADS = ("clinical", "pdm2")


@dataclass(frozen=True, slots=True)
class Composed:
    """Labelled rows for the training split alone, on which nothing is measured: what tells their digest, and what makes them.

    `make` is given what says whether a text is free to be learnt, and should compose of such texts: what holds others is dropped. `encode`
    gives unit vectors; it is needed where the mixture was kept apart from neighbours in meaning.
    """

    digest: Callable[[], str]
    make: Callable[[Callable[[str], bool]], Sequence[Conversation]]
    encode: Encode | None = None


def build_head_examples(
    sources: Mapping[str, Path],
    mixture: Path,
    out: Path,
    *,
    most: Mapping[str, int] | None = None,
    composed: Composed | None = None,
    seed: int = 0,
    force: bool = False,
) -> Built:
    """Write train, validation and test as Parquet sorted by id, and `coverage.json`: labels by output and split, rows by source.

    Rows are all supervision rows, and psychology conversations with clinical or PDM-2 labels that the mixture did not draw;
    these become supervision rows too and nothing of them is learnt. Every group keeps the split that the mixture gave it.
    `most` says how many training rows a source (a partition, or an artifact without partitions; `*`: every other) gives at most,
    drawn by seed and spread over what it labels, so that a large one does not drown the others; what is measured on stays whole.
    The training split holds what is `composed` too, but nothing that holds an evaluation text by the mixture's own rule, or a sentence
    of its validation or test rows: what is fitted on these would be sure of what it knows by heart.
    Raises CorpusError when the mixture was built from other sources than these, or when `most` names none of them.
    """
    digests, most = source_digests(sources), dict(most or {})
    if unknown := sorted(set(most) - {name_of(source) for source in sources} - {"*"}):
        raise CorpusError(f"corpus.head_rows names {', '.join(unknown)}, which is not selected: correct it, or add it to corpus.sources")
    inputs = {"training_mixture": input_digest(mixture), "most": digest_of([most, seed if most else None]), **digests}
    _require_same_sources(mixture, digests)
    rule = _rule_of(mixture)
    if composed:
        inputs["composed"] = composed.digest() if rule == HeldOutRule() else digest_of([composed.digest(), asdict(rule)])

    def write(folder: Path) -> Summary:
        population = gather(sources, Sieve.of_mixture(mixture))
        taken = pl.concat(read_shards(mixture, split, ["id"]) for split in SPLITS)["id"].unique()
        splits = pl.read_parquet(mixture / SPLIT_TABLE).select("group", "split")
        heads = population.values.with_columns(pl.col("value").cast(pl.String).str.split(".").list.first())
        labelled = heads.filter(pl.col("value").is_in(_CLINICAL_HEADS))["number"].unique()
        left = (pl.col("category") == "psychology") & pl.col("number").is_in(labelled.implode()) & ~pl.col("id").is_in(taken.implode())
        rows = population.rows.filter((pl.col("category") == "supervision") | left).join(splits, on="group")
        chosen = pl.concat([_drawn(rows.filter(split="train"), population.values, most, seed), rows.filter(pl.col("split") != "train")])
        made: Sequence[Conversation] = ()
        more = to_frame([])
        if composed:
            elsewhere = _spoken_elsewhere(mixture, population.records, chosen)

            @cache
            def free(text: str) -> bool:
                return not any_said(sentences_of(text), elsewhere)

            made = composed.make(free)
            more = _uncontaminated([row for row in made if all(map(free, sentences_of(row.text)))], mixture, rule, composed.encode)
        coverage = {}
        for split in SPLITS:
            numbers = chosen.filter(split=split).sort("id")["number"]
            written = population.records.take(numbers).with_columns(category=pl.lit("supervision"), turns=_unlearnt())
            if split == "train":
                written = pl.concat([written.select(list(CONVERSATION_SCHEMA)), more]).sort("id")
            write_shards(folder, split, written.select(list(CONVERSATION_SCHEMA)))
            coverage[split] = count_labels(written.with_columns(split=pl.lit(split)), [split])
        outputs = sorted({output for found in coverage.values() for output in found})
        labels = {output: {split: coverage[split].get(output, {}).get(split, 0) for split in SPLITS} for output in outputs}
        write_json(folder / "coverage.json", labels)
        return _summary(chosen, rows.height, more.height, len(made) - more.height, labels)

    return build(out, kind="head_examples", version=VERSION, inputs=inputs, write=write, force=force)


def name_of(source: str) -> str:
    """The name by which a recipe speaks of a source: its partition, or its asset."""
    return source.rpartition("/")[2]


def _drawn(rows: pl.DataFrame, values: pl.DataFrame, most: Mapping[str, int], seed: int) -> pl.DataFrame:
    """The training rows of which no source has more than it may give."""
    parts = [rows.clear()]
    for source in rows["source"].unique().sort():
        own = rows.filter(source=source)
        limit = most.get(name_of(source), most.get("*", own.height))
        few = spread(own, values, limit, seed=f"{seed}:head_examples:{source}") if limit < own.height else own["number"]
        parts.append(own.filter(pl.col("number").is_in(few.implode())))
    return pl.concat(parts)


def _uncontaminated(rows: Sequence[Conversation], mixture: Path, rule: HeldOutRule, encode: Encode | None) -> pl.DataFrame:
    """Those, each once, that hold no evaluation text of the mixture."""
    apart = {one.id: one for one in rows}
    texts = pl.read_parquet(mixture / HELD_OUT)["text"].to_list()
    return to_frame(decontaminate(list(apart.values()), texts, rule=rule, encode=encode).kept if apart else [])


def _rule_of(mixture: Path) -> HeldOutRule:
    """The rule by which this mixture was kept apart from evaluation texts."""
    asked = read_composition(mixture)
    return HeldOutRule(asked["held_out_share"], asked["held_out_run"], asked["held_out_similarity"])


def _spoken_elsewhere(mixture: Path, records: Records, chosen: pl.DataFrame) -> str:
    """All that is said in the validation and test rows of the mixture and of the head examples."""
    held_out = records.take(chosen.filter(pl.col("split") != "train")["number"])
    turns = [held_out["turns"], *(read_shards(mixture, split, ["turns"])["turns"] for split in SPLITS if split != "train")]
    return "\n".join(turn["content"] for rows in turns for row in rows for turn in row)


def _require_same_sources(mixture: Path, digests: Mapping[str, str]) -> None:
    built_from = read_manifest(mixture).inputs
    if changed := sorted(name for name, digest in digests.items() if built_from.get(name) != digest):
        raise CorpusError(
            f"training_mixture was built from another {', '.join(changed)}; build it again first:"
            " dagster asset materialize -m pixel_assets.definitions --select training_mixture"
        )


def _unlearnt() -> pl.Expr:
    return pl.col("turns").list.eval(pl.element().struct.with_fields(learn=pl.lit(value=False)))


def _summary(chosen: pl.DataFrame, read: int, composed: int, held_out: int, coverage: Mapping[str, Mapping[str, int]]) -> Summary:
    figures = {f"rows_{split}": chosen.filter(split=split).height for split in SPLITS}
    figures["rows_train"] += composed
    figures |= {
        "read": read,
        "not_drawn": read - chosen.height,
        "from_psychology": chosen.filter(category="psychology").height,
        "composed": composed,
        "composed_held_out": held_out,
    }
    figures |= {f"source_{name_of(name)}": count for name, count in chosen.group_by("source").len().sort("source").iter_rows()}
    for output, splits in coverage.items():
        head = output.partition(".")[0]
        figures[f"labels_{head}"] = figures.get(f"labels_{head}", 0) + sum(splits.values())
    return Summary(
        rows=chosen.height + composed, figures=figures | {"outputs_labelled": sum(not output.endswith(".*") for output in coverage)}
    )
