"""Checks of mixture and head examples: they read the written files and what was wanted as the artifact states it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.conversation import Conversation, from_frame
from pixel_core.corpus.background import SOURCE
from pixel_core.corpus.composition import UNITS
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.held_out_scan import scan_held_out
from pixel_core.corpus.leakage import scan, scan_replies
from pixel_core.corpus.mixture import SPLIT_TABLE, read_composition
from pixel_core.corpus.sieve import HELD_OUT
from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, equals, none_of
from pixel_core.shards import read_shards, read_split, shards


def check_wanted_versus_got(folder: Path) -> Findings:
    """Every split has of every category what was wanted, and this follows the shares: to the conversation, or, of tokens, to within one.

    Under `redistribute` categories may differ from what was wanted; the sizes of the splits and the total may not.
    """
    verify(folder)
    composition = read_composition(folder)
    wanted, shares = composition["wanted"], composition["shares"]
    total = composition[composition["unit"]]
    findings = [*_sizes(folder, composition), *_with_knowledge(folder, composition)]
    for category, cells in wanted.items():
        findings.append(at_most(f"{category}: wanted beside its share", abs(sum(cells.values()) - total * shares[category]), 1))
    return Findings.of(findings)


def _sizes(folder: Path, composition: Mapping[str, Any]) -> Iterator[Finding]:
    """The size of every split and, unless categories may differ, of every category in it."""
    unit, wanted = composition["unit"], composition["wanted"]
    categories = [] if composition["deficit"] == "redistribute" else list(wanted)
    seen = 0
    for split in SPLITS:
        parts = pl.concat(_measured(path) for path in shards(folder, split)).group_by("category").agg(pl.all().sum())
        got = {category: (conversations, tokens) for category, conversations, tokens in parts.iter_rows()}
        size = 0 if unit == "conversations" else 1
        sizes = Counter({category: found[size] for category, found in got.items()})
        seen += sizes.total()
        room = {c: 0.0 if unit == "conversations" else got[c][1] / got[c][0] for c in got}  # an average conversation: none is cut
        whole = sum(cells[split] for cells in wanted.values())
        yield at_most(f"{split} {unit} beside those wanted", abs(sizes.total() - whole), sum(room.values()))
        for category in categories:
            yield at_most(
                f"{split} {category}: {unit} beside those wanted", abs(sizes[category] - wanted[category][split]), room.get(category, 0)
            )
    stated = sum(sum(cells.values()) for cells in composition["got"].values())
    yield equals(f"{unit} of the files, as stated", seen, stated)


def _measured(path: Path) -> pl.DataFrame:
    """Conversations and tokens of every category of a file."""
    return pl.read_parquet(path, columns=["category", "turns", "provenance"]).group_by("category").agg(**UNITS)


def _with_knowledge(folder: Path, composition: Mapping[str, Any]) -> list[Finding]:
    """Whether as many training rows as wanted begin with retrieved knowledge that is not learnt and says where it stands, and no other."""
    given = {split: _given(folder, split) for split in SPLITS}
    faults = {
        "held_out": len(given["validation"]) + len(given["test"]),
        "no_system_turn": sum(row.turns[0].role != "system" for row in given["train"]),
        "learnt": sum(row.turns[0].learn for row in given["train"]),
        "no_evidence": sum(not row.turns[0].evidence for row in given["train"]),
    }
    train = sum(cells["train"] for cells in composition["rows"].values())
    wanted = round(train * composition["knowledge_share"])
    return [
        none_of("rows with retrieved knowledge that are unsound", faults),
        equals("rows with retrieved knowledge", len(given["train"]), composition["with_knowledge"]),
        at_least("rows with retrieved knowledge of those wanted", len(given["train"]), wanted, severity=Severity.WARNING),
    ]


def _given(folder: Path, split: str) -> list[Conversation]:
    """The rows of a split that have retrieved knowledge."""
    given = pl.col("provenance").list.eval(pl.element().struct.field("source") == SOURCE).list.any()
    return [row for path in shards(folder, split) for row in from_frame(pl.read_parquet(path).filter(given))]


def check_splits(folder: Path) -> Findings:
    """Every group stands in one split, each row in that of its group, and units of tied groups are not divided."""
    verify(folder)
    table, shares = pl.read_parquet(folder / SPLIT_TABLE), read_composition(folder)["splits"]
    split_of = dict(zip(table["group"], table["split"], strict=True))
    misplaced = {split: sum(split_of.get(group) != split for group in read_shards(folder, split, ["group"])["group"]) for split in SPLITS}
    divided = table.group_by("unit").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1).height
    return Findings.of(
        [
            equals("groups in one split", table["group"].n_unique(), table.height),
            none_of("rows outside their group's split", misplaced),
            none_of("units in several splits", {"divided": divided}),
            equals("splits", sorted(table["split"].unique()), sorted(split for split, share in shares.items() if share)),
        ]
    )


def check_clinical_coverage(folder: Path) -> Findings:
    """Each clinical class of three units or more has some in every split, and each split draws as many classes as its rows allow."""
    verify(folder)
    classes = _required_classes(folder)
    table = pl.read_parquet(folder / SPLIT_TABLE).explode("clinical").drop_nulls("clinical")
    found = {split: set(table.filter(split=split)["clinical"]) for split in SPLITS}
    findings = [none_of("clinical classes without a group in a split", {split: len(classes - found[split]) for split in SPLITS})]
    for split in SPLITS:
        rows = read_split(folder, split)
        room = sum(row.category == "psychology" for row in rows)
        findings.append(at_least(f"{split} clinical classes drawn", len(_classes(rows)), min(len(classes), room)))
    return Findings.of(findings)


def check_head_coverage(folder: Path, mixture: Path) -> Findings:
    """Mixture and head examples together label each clinical class of three units or more in every split."""
    findings = [_same_mixture(folder, mixture)]
    classes = _required_classes(mixture)
    for split in SPLITS:
        labelled = _classes(row for part in (folder, mixture) for row in read_split(part, split))
        findings.append(none_of(f"{split} clinical classes without a label", {"missing": len(classes - labelled)}))
    return Findings.of(findings)


def check_head_examples(folder: Path) -> Findings:
    """Every row is a supervision row with at least one label, nothing of it is learnt, and no split is empty."""
    manifest = verify(folder)
    faults: Counter[str] = Counter()
    sizes = {}
    for split in SPLITS:
        rows = read_split(folder, split)
        sizes[split] = len(rows)
        for row in rows:
            faults["not_supervision"] += row.category != "supervision"
            faults["learnt"] += any(turn.learn for turn in row.turns)
            faults["unlabelled"] += not any(True for _ in row.labels)
    findings = [at_least(f"{split} rows", size, 1) for split, size in sizes.items()]
    findings.append(equals("rows of all splits", sum(sizes.values()), manifest.summary.rows))
    return Findings.of([none_of("rows that are no head examples", dict(faults)), *findings])


def check_leakage(folder: Path) -> Findings:
    """Nothing of one split stands in another (ids, groups, long turns), no evaluation text in any; no long reply is learnt twice."""
    verify(folder)
    composition = read_composition(folder)
    found = scan({split: shards(folder, split) for split in SPLITS}, composition["formulae"])
    if composition["near_duplicates"]:
        found.append(scan_replies(path for split in SPLITS for path in shards(folder, split)))
    return Findings.of([*found, *_held_out(folder, folder)])


def check_head_leakage(folder: Path, mixture: Path) -> Findings:
    """Nothing of one split of mixture and head examples together stands in another; no row stands in both artifacts."""
    same = _same_mixture(folder, mixture)
    both = sum(len(set(read_shards(folder, split, ["id"])["id"]) & set(read_shards(mixture, split, ["id"])["id"])) for split in SPLITS)
    tables = {split: [*shards(folder, split), *shards(mixture, split)] for split in SPLITS}
    found = scan(tables, read_composition(mixture)["formulae"])
    return Findings.of([same, none_of("rows in mixture and head examples", {"both": both}), *found, *_held_out(folder, mixture)])


def _held_out(folder: Path, mixture: Path) -> list[Finding]:
    """That no row of the folder holds one of the evaluation texts that the mixture was given."""
    texts = pl.read_parquet(mixture / HELD_OUT)["text"].to_list()
    given = at_least("evaluation texts to look for", len(texts), 1, severity=Severity.WARNING)
    return [given, scan_held_out((path for split in SPLITS for path in shards(folder, split)), texts)]


def _same_mixture(folder: Path, mixture: Path) -> Finding:
    """That the head examples were built from the mixture that lies beside them."""
    return equals("mixture that the head examples rest on", verify(folder).inputs.get("training_mixture"), verify(mixture).digest)


def _required_classes(mixture: Path) -> set[str]:
    """Clinical classes that as many units hold as there are splits."""
    units = pl.read_parquet(mixture / SPLIT_TABLE).explode("clinical").drop_nulls("clinical").group_by("clinical")
    return set(units.agg(pl.col("unit").n_unique()).filter(pl.col("unit") >= len(SPLITS))["clinical"])


def _classes(rows: Iterable[Conversation]) -> set[str]:
    return {label.output for row in rows for _, label in row.labels if label.head == "clinical" and label.value == 1}
