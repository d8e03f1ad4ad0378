"""Checks of sources and preference pairs: they read the written files, a stretch at a time, and what the artifact says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Manifest, verify
from pixel_core.conversation import Conversation, from_frame
from pixel_core.corpus.adapters.rows import CLIENT_MODE
from pixel_core.corpus.contacts import contact_kinds
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.held_out_scan import scan_held_out
from pixel_core.corpus.labels import fault
from pixel_core.corpus.pairs import PreferencePair, pairs_of, with_opposites
from pixel_core.corpus.pseudonyms import replace_names
from pixel_core.corpus.sieve import HELD_OUT
from pixel_core.corpus.spool import read_stretches
from pixel_core.findings import Findings, Severity, at_least, equals, none_of
from pixel_core.rejects import REJECTED
from pixel_core.shards import shards


def check_source_accounts(folder: Path) -> Findings:
    """Every row that was read is kept, merged or rejected; ids are those of the text, each once, in order; no file was lost."""
    manifest = verify(folder)
    figures = manifest.summary.figures
    reasons = pl.read_parquet(folder / REJECTED, columns=["reason"])["reason"]
    kept = named = misplaced = 0
    last = ""
    for stored, record in _stored(folder):
        kept += 1
        named += stored == record.id
        misplaced += stored <= last
        last = stored
    accounted = kept + _count(manifest, "merged") + len(reasons)
    return Findings.of(
        [
            equals("records kept, merged or rejected", accounted, figures.get("read")),
            equals("lines folded or read", _count(manifest, "rows_folded") + _count(manifest, "read"), figures.get("rows_read")),
            equals("rejected rows with a reason", int((reasons != "").sum()), sum(manifest.summary.rejects.values())),
            equals("ids that are those of their text", named, kept),
            equals("ids in order and distinct", misplaced, 0),
            equals("files that broke off or could not be read", _count(manifest, "files_lost"), 0),
        ]
    )


def check_learner(folder: Path) -> Findings:
    """What is learnt is said by the part that the source is for; what a client learns is announced by a system turn."""
    learner = verify(folder).summary.figures.get("learner")
    wrong: Counter[str] = Counter()
    unannounced = 0
    for _, record in _stored(folder):
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
    for _, record in _stored(folder):
        texts = _texts(record)
        found.update({kind for text in texts for kind in contact_kinds(text)})
        people += bool(figures.get("names_replaced")) and bool(replace_names(texts)[1])
    return Findings.of([none_of("texts with contact data", dict(found)), none_of("texts with names of people", {"name": people})])


def check_label_values(folder: Path) -> Findings:
    """Every label names an output of a head, has a value of its scale, and says who gave it."""
    verify(folder)
    faults: Counter[str] = Counter()
    names = [name for name in ("conversations", *SPLITS) if any(folder.glob(f"{name}*.parquet"))]
    for frame in (frame for name in names for path in shards(folder, name) for frame in read_stretches(path, ["turns"])):
        turns = frame.explode("turns").select(labels=pl.col("turns").struct.field("labels"))
        labels = turns.filter(pl.col("labels").list.len() > 0).explode("labels").unnest("labels")
        for output, value, source, count in labels.group_by("output", "value", "source").len().iter_rows():
            faults["no_source"] += 0 if source else count
            if reason := fault(output, value):
                faults[reason] += count
    return Findings.of([none_of("labels out of range", dict(faults))])


def check_pairs(folder: Path) -> Findings:
    """Every pair has three texts of which the replies differ, stands once, none contradicts another, and none holds an evaluation text."""
    manifest = verify(folder)
    faults: Counter[str] = Counter()
    told: list[pl.DataFrame] = []
    for frame in read_stretches(folder / "pairs.parquet"):
        pairs = list(pairs_of(frame))
        faults["blank_text"] += sum(not (p.prompt.strip() and p.chosen.strip() and p.rejected.strip()) for p in pairs)
        faults["same_replies"] += sum(p.chosen == p.rejected for p in pairs)
        faults["no_licence"] += sum(not all(place.licence for place in p.provenance) for p in pairs)
        told.append(with_opposites(pairs).select("id", "opposite"))
    ids = pl.concat(told)
    distinct = ids.unique("id")
    faults["repeated"] = ids.height - distinct.height
    faults["contradicted"] = distinct.join(distinct.select(id="opposite"), on="id", how="semi").height
    accounted = ids.height + _count(manifest, "merged") + sum(manifest.summary.rejects.values())
    texts = pl.read_parquet(folder / HELD_OUT)["text"].to_list()
    return Findings.of(
        [
            none_of("unsound pairs", dict(faults)),
            equals("pairs kept, merged or rejected", accounted, _count(manifest, "read")),
            at_least("evaluation texts to look for", len(texts), 1, severity=Severity.WARNING),
            scan_held_out([folder / "pairs.parquet"], texts),
        ]
    )


def _table(folder: Path) -> Path:
    """The table of a source: preference pairs where it has them, else conversations."""
    pairs = folder / "pairs.parquet"
    return pairs if pairs.is_file() else folder / "conversations.parquet"


def _stored(folder: Path) -> Iterator[tuple[str, Conversation | PreferencePair]]:
    """Every record with the id under which it is stored, in file order."""
    path = _table(folder)
    for frame in read_stretches(path):
        yield from zip(frame["id"], pairs_of(frame) if path.stem == "pairs" else from_frame(frame), strict=True)


def _texts(record: Conversation | PreferencePair) -> list[str]:
    """What a record says, in its order."""
    if isinstance(record, Conversation):
        return [turn.content for turn in record.turns]
    return [record.prompt, record.chosen, record.rejected]


def _count(manifest: Manifest, figure: str) -> int:
    return int(manifest.summary.figures[figure] or 0)
