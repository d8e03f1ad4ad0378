"""Checks of the corpus artifacts: they read the written files and what was wanted as the artifact states it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import Manifest, verify
from pixel_core.conversation import Conversation, read_conversations
from pixel_core.corpus.adapters.rows import CLIENT_MODE
from pixel_core.corpus.background import SOURCE
from pixel_core.corpus.held_out_scan import scan_held_out
from pixel_core.corpus.labels import fault
from pixel_core.corpus.leakage import scan
from pixel_core.corpus.mixture import SPLIT_TABLE, SPLITS, read_composition
from pixel_core.corpus.pairs import PreferencePair, read_pairs
from pixel_core.corpus.sieve import HELD_OUT
from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, equals, none_of
from pixel_core.rejects import REJECTED

_CONTACT = {
    "email": re.compile(r"[\w.+-]+@(?!example\.org\b)[\w-]+\.\w+"),
    "link": re.compile(r"(?:https?://(?!example\.org/\d+)|\bwww\.)\w", re.IGNORECASE),
    "phone": re.compile(r"(?<![\w.-])(?!\(?8(?:00|33|44|55|66|77|88)|\(?2\d\d-555-01\d\d)\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\w)"),
}


def check_source_accounts(folder: Path) -> Findings:
    """Every row that was read is kept, merged or rejected; ids are those of the text, each once, in order; no file was lost."""
    manifest = verify(folder)
    figures = manifest.summary.figures
    kept, rejected = _records(folder), pl.read_parquet(folder / REJECTED)
    stored = pl.read_parquet(_table(folder), columns=["id"])["id"].to_list()
    accounted = len(kept) + _count(manifest, "merged") + rejected.height
    return Findings.of(
        [
            equals("records kept, merged or rejected", accounted, figures.get("read")),
            equals("lines folded or read", _count(manifest, "rows_folded") + _count(manifest, "read"), figures.get("rows_read")),
            equals("rejected rows with a reason", rejected.filter(pl.col("reason") != "").height, sum(manifest.summary.rejects.values())),
            equals("ids that are those of their text", sum(a == b.id for a, b in zip(stored, kept, strict=True)), len(kept)),
            equals("ids in order and distinct", stored == sorted(set(stored)), True),
            equals("files that broke off or could not be read", _count(manifest, "files_lost"), 0),
        ]
    )


def check_learner(folder: Path) -> Findings:
    """What is learnt is said by the part that the source is for; what a client learns is announced by a system turn."""
    learner = verify(folder).summary.figures.get("learner")
    wrong: Counter[str] = Counter()
    unannounced = 0
    for record in _records(folder):
        if isinstance(record, Conversation):
            wrong.update(turn.part for turn in record.turns if turn.learn and turn.part != learner)
            unannounced += learner == "client" and (record.turns[0].role != "system" or CLIENT_MODE not in record.turns[0].content)
    return Findings.of([none_of(f"learnt turns of a part other than {learner}", wrong), equals("unannounced client parts", unannounced, 0)])


def check_contact_data(folder: Path) -> Findings:
    """No e-mail address, link or phone number is left in a kept text but the pseudonyms."""
    verify(folder)
    found = Counter(kind for text in _texts(_records(folder)) for kind, pattern in _CONTACT.items() if pattern.search(text))
    return Findings.of([none_of("texts with contact data", dict(found))])


def check_label_values(folder: Path) -> Findings:
    """Every label names an output of a head, has a value of its scale, and says who gave it."""
    verify(folder)
    faults: Counter[str] = Counter()
    for path in sorted(folder.glob("*.parquet")):
        if path.stem in ("conversations", *SPLITS):
            for conversation in read_conversations(path):
                for _, label in conversation.labels:
                    faults["no_source"] += not label.source
                    if reason := fault(label.output, label.value):
                        faults[reason] += 1
    return Findings.of([none_of("labels out of range", dict(faults))])


def check_edge_cases(folder: Path) -> Findings:
    """Every scenario has both parts, one learnt by the therapist and one by the client, and no scenario was lost."""
    manifest = verify(folder)
    learners: dict[str, list[str]] = defaultdict(list)
    announced = 0
    for conversation in read_conversations(folder / "conversations.parquet"):
        parts = {turn.part for turn in conversation.turns if turn.learn}
        learners[conversation.group] += sorted(parts)
        announced += parts == {"client"} and conversation.turns[0].role == "system"
    both = sum(sorted(parts) == ["client", "therapist"] for parts in learners.values())
    return Findings.of(
        [
            at_least("scenarios", len(learners), 1),
            at_least("scenarios for a varied practice", len(learners), 30, severity=Severity.WARNING),
            equals("scenarios with both parts", both, len(learners)),
            equals("client parts announced by a system turn", announced, len(learners)),
            equals(
                "scenarios read, kept or rejected", len(learners) + sum(manifest.summary.rejects.values()), manifest.summary.figures["read"]
            ),
            none_of("rejected scenarios", manifest.summary.rejects),
        ]
    )


def check_pairs(folder: Path) -> Findings:
    """Every pair has three texts of which the replies differ, stands once, and none contradicts another."""
    manifest = verify(folder)
    pairs = read_pairs(folder / "pairs.parquet")
    faults = {
        "blank_text": sum(not (p.prompt.strip() and p.chosen.strip() and p.rejected.strip()) for p in pairs),
        "same_replies": sum(p.chosen == p.rejected for p in pairs),
        "repeated": len(pairs) - len({p.id for p in pairs}),
        "contradicted": len({(p.prompt, p.chosen, p.rejected) for p in pairs} & {(p.prompt, p.rejected, p.chosen) for p in pairs}),
        "no_licence": sum(not all(place.licence for place in p.provenance) for p in pairs),
    }
    accounted = len(pairs) + _count(manifest, "merged") + sum(manifest.summary.rejects.values())
    return Findings.of([none_of("unsound pairs", faults), equals("pairs kept, merged or rejected", accounted, _count(manifest, "read"))])


def check_wanted_versus_got(folder: Path) -> Findings:
    """Every split has the rows of every category that were wanted, and these follow the shares to the row.

    Under `redistribute` categories may differ from what was wanted; the sizes of the splits and the total may not.
    """
    verify(folder)
    composition = read_composition(folder)
    wanted, shares, total = composition["wanted"], composition["shares"], composition["conversations"]
    got = {split: Counter(pl.read_parquet(folder / f"{split}.parquet", columns=["category"])["category"]) for split in SPLITS}
    findings = [equals("all rows", sum(count.total() for count in got.values()), total), *_with_knowledge(folder, composition)]
    for split in SPLITS:
        findings.append(equals(f"{split} rows", got[split].total(), sum(cells[split] for cells in wanted.values())))
        if composition["deficit"] != "redistribute":
            findings += [equals(f"{split} {category}", got[split][category], wanted[category][split]) for category in wanted]
    for category, cells in wanted.items():
        findings.append(at_most(f"{category}: rows wanted beside its share", abs(sum(cells.values()) - total * shares[category]), 1))
    return Findings.of(findings)


def _with_knowledge(folder: Path, composition: Mapping[str, Any]) -> list[Finding]:
    """Whether as many training rows as wanted begin with retrieved knowledge that is not learnt and says where it stands, and no other."""
    given = {split: [r for r in read_conversations(folder / f"{split}.parquet") if _has_background(r)] for split in SPLITS}
    faults = {
        "held_out": len(given["validation"]) + len(given["test"]),
        "no_system_turn": sum(row.turns[0].role != "system" for row in given["train"]),
        "learnt": sum(row.turns[0].learn for row in given["train"]),
        "no_evidence": sum(not row.turns[0].evidence for row in given["train"]),
    }
    train = sum(cells["train"] for cells in composition["got"].values())
    wanted = round(train * composition["knowledge_share"])
    return [
        none_of("rows with retrieved knowledge that are unsound", faults),
        equals("rows with retrieved knowledge", len(given["train"]), composition["with_knowledge"]),
        at_least("rows with retrieved knowledge of those wanted", len(given["train"]), wanted, severity=Severity.WARNING),
    ]


def _has_background(row: Conversation) -> bool:
    return any(place.source == SOURCE for place in row.provenance)


def check_splits(folder: Path) -> Findings:
    """Every group stands in one split, each row in that of its group, and units of tied groups are not divided."""
    verify(folder)
    table, shares = pl.read_parquet(folder / SPLIT_TABLE), read_composition(folder)["splits"]
    split_of = dict(zip(table["group"], table["split"], strict=True))
    misplaced = {
        split: sum(split_of.get(group) != split for group in pl.read_parquet(folder / f"{split}.parquet", columns=["group"])["group"])
        for split in SPLITS
    }
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
        rows = read_conversations(folder / f"{split}.parquet")
        room = sum(row.category == "psychology" for row in rows)
        findings.append(at_least(f"{split} clinical classes drawn", len(_classes(rows)), min(len(classes), room)))
    return Findings.of(findings)


def check_head_coverage(folder: Path, mixture: Path) -> Findings:
    """Mixture and head examples together label each clinical class of three units or more in every split."""
    findings = [_same_mixture(folder, mixture)]
    classes = _required_classes(mixture)
    for split in SPLITS:
        labelled = _classes(row for part in (folder, mixture) for row in read_conversations(part / f"{split}.parquet"))
        findings.append(none_of(f"{split} clinical classes without a label", {"missing": len(classes - labelled)}))
    return Findings.of(findings)


def check_head_examples(folder: Path) -> Findings:
    """Every row is a supervision row with at least one label, nothing of it is learnt, and no split is empty."""
    manifest = verify(folder)
    faults: Counter[str] = Counter()
    sizes = {}
    for split in SPLITS:
        rows = read_conversations(folder / f"{split}.parquet")
        sizes[split] = len(rows)
        for row in rows:
            faults["not_supervision"] += row.category != "supervision"
            faults["learnt"] += any(turn.learn for turn in row.turns)
            faults["unlabelled"] += not any(True for _ in row.labels)
    findings = [at_least(f"{split} rows", size, 1) for split, size in sizes.items()]
    findings.append(equals("rows of all splits", sum(sizes.values()), manifest.summary.rows))
    return Findings.of([none_of("rows that are no head examples", dict(faults)), *findings])


def check_leakage(folder: Path) -> Findings:
    """Nothing of one split of the mixture stands in another (ids, groups, long turns), and no evaluation text in any."""
    verify(folder)
    found = scan({split: [folder / f"{split}.parquet"] for split in SPLITS}, read_composition(folder)["formulae"])
    return Findings.of([*found, *_held_out(folder, folder)])


def check_head_leakage(folder: Path, mixture: Path) -> Findings:
    """Nothing of one split of mixture and head examples together stands in another; no row stands in both artifacts."""
    same = _same_mixture(folder, mixture)
    both = sum(
        len(set(pl.read_parquet(folder / f"{split}.parquet")["id"]) & set(pl.read_parquet(mixture / f"{split}.parquet")["id"]))
        for split in SPLITS
    )
    tables = {split: [folder / f"{split}.parquet", mixture / f"{split}.parquet"] for split in SPLITS}
    found = scan(tables, read_composition(mixture)["formulae"])
    return Findings.of([same, none_of("rows in mixture and head examples", {"both": both}), *found, *_held_out(folder, mixture)])


def _held_out(folder: Path, mixture: Path) -> list[Finding]:
    """That no row of the folder holds one of the evaluation texts that the mixture was given."""
    texts = pl.read_parquet(mixture / HELD_OUT)["text"].to_list()
    given = at_least("evaluation texts to look for", len(texts), 1, severity=Severity.WARNING)
    return [given, scan_held_out((folder / f"{split}.parquet" for split in SPLITS), texts)]


def _same_mixture(folder: Path, mixture: Path) -> Finding:
    """That the head examples were built from the mixture that lies beside them."""
    return equals("mixture that the head examples rest on", verify(folder).inputs.get("training_mixture"), verify(mixture).digest)


def _required_classes(mixture: Path) -> set[str]:
    """Clinical classes that as many units hold as there are splits."""
    units = pl.read_parquet(mixture / SPLIT_TABLE).explode("clinical").drop_nulls("clinical").group_by("clinical")
    return set(units.agg(pl.col("unit").n_unique()).filter(pl.col("unit") >= len(SPLITS))["clinical"])


def _classes(rows: Iterable[Conversation]) -> set[str]:
    return {label.output for row in rows for _, label in row.labels if label.head == "clinical" and label.value == 1}


def _table(folder: Path) -> Path:
    """The table of a source: preference pairs where it has them, else conversations."""
    pairs = folder / "pairs.parquet"
    return pairs if pairs.is_file() else folder / "conversations.parquet"


def _records(folder: Path) -> Sequence[Conversation | PreferencePair]:
    path = _table(folder)
    return read_pairs(path) if path.stem == "pairs" else read_conversations(path)


def _texts(records: Iterable[Conversation | PreferencePair]) -> Iterable[str]:
    for record in records:
        yield record.text if isinstance(record, Conversation) else f"{record.prompt}\n{record.chosen}\n{record.rejected}"


def _count(manifest: Manifest, figure: str) -> int:
    return int(manifest.summary.figures[figure] or 0)
