"""Checks of sources and preference pairs: they read the written files and what the artifact says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Manifest, verify
from pixel_core.conversation import Conversation, read_conversations
from pixel_core.corpus.adapters.rows import CLIENT_MODE
from pixel_core.corpus.contacts import contact_kinds
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.labels import fault
from pixel_core.corpus.pairs import PreferencePair, read_pairs
from pixel_core.corpus.pseudonyms import replace_names
from pixel_core.findings import Findings, equals, none_of
from pixel_core.rejects import REJECTED
from pixel_core.shards import shards


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
    """Of e-mail addresses, links, handles, street addresses, account and phone numbers that `contacts` finds only pseudonyms are left.

    Where the source's people are real, no name of a person either that the lists and places of names find.
    """
    figures = verify(folder).summary.figures
    found: Counter[str] = Counter()
    people = 0
    for record in _records(folder):
        texts = _texts(record)
        found.update({kind for text in texts for kind in contact_kinds(text)})
        people += bool(figures.get("names_replaced")) and bool(replace_names(texts)[1])
    return Findings.of([none_of("texts with contact data", dict(found)), none_of("texts with names of people", {"name": people})])


def check_label_values(folder: Path) -> Findings:
    """Every label names an output of a head, has a value of its scale, and says who gave it."""
    verify(folder)
    faults: Counter[str] = Counter()
    names = [name for name in ("conversations", *SPLITS) if any(folder.glob(f"{name}*.parquet"))]
    for path in (path for name in names for path in shards(folder, name)):
        turns = pl.read_parquet(path, columns=["turns"]).explode("turns").select(labels=pl.col("turns").struct.field("labels"))
        labels = turns.filter(pl.col("labels").list.len() > 0).explode("labels").unnest("labels")
        for output, value, source, count in labels.group_by("output", "value", "source").len().iter_rows():
            faults["no_source"] += 0 if source else count
            if reason := fault(output, value):
                faults[reason] += count
    return Findings.of([none_of("labels out of range", dict(faults))])


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


def _table(folder: Path) -> Path:
    """The table of a source: preference pairs where it has them, else conversations."""
    pairs = folder / "pairs.parquet"
    return pairs if pairs.is_file() else folder / "conversations.parquet"


def _records(folder: Path) -> Sequence[Conversation | PreferencePair]:
    path = _table(folder)
    return read_pairs(path) if path.stem == "pairs" else read_conversations(path)


def _texts(record: Conversation | PreferencePair) -> list[str]:
    """What a record says, in its order."""
    if isinstance(record, Conversation):
        return [turn.content for turn in record.turns]
    return [record.prompt, record.chosen, record.rejected]


def _count(manifest: Manifest, figure: str) -> int:
    return int(manifest.summary.figures[figure] or 0)
