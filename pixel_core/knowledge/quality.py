"""Checks of the knowledge artifacts: each looks at the files of one folder and at nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import verify
from pixel_core.conversation import read_conversations
from pixel_core.findings import Finding, Findings, Severity, at_least, equals, none_of
from pixel_core.knowledge import completeness, conversations, dsm5, framework, passages
from pixel_core.knowledge.located import reads_as
from pixel_core.knowledge.sources import DOCUMENTS
from pixel_core.rejects import REJECTED
from pixel_core.writing import quality as written

_FIELDS = ("summary", "duration", "impairment", "exclusions", "differentials", "therapist_focus", "care")
_USABLE = 0.5  # share of disorders that must hold a summary or voiced sentences for the writers to work with
_STRETCH = 2.0  # a passage of several sentences is at most so many times as long as was wanted
Row = Mapping[str, Any]


def check_dsm5(folder: Path) -> Findings:
    """Whether every disorder is a class of the taxonomy, its criteria make sense, and every span points at its text."""
    manifest = verify(folder)
    table = pl.read_parquet(folder / dsm5.TABLE)
    names = {c.id: (c.name, c.fields["chapter"]) for c in taxonomy.classes("dsm5")}
    classes = Counter(
        outside_taxonomy=sum(1 for code in table["code"] if code not in names),
        name_differs=sum(1 for r in table.iter_rows(named=True) if r["code"] in names and names[r["code"]] != (r["name"], r["chapter"])),
        duplicate_code=table.height - table["code"].n_unique(),
    )
    faults = Counter(fault for row in table.iter_rows(named=True) for fault in _criteria_faults(row))
    return Findings.of(
        [
            at_least("disorders", table.height, 1),
            none_of("taxonomy", classes),
            none_of("criteria", faults),
            _spans(folder, table),
            _nothing_lost(folder, table, manifest.summary.figures["read"]),
        ]
    )


def check_dsm5_completeness(folder: Path) -> Findings:
    """How many disorders hold each field, and which lacks which; only what the writers cannot do without is an error."""
    verify(folder)
    rows = list(pl.read_parquet(folder / dsm5.TABLE).iter_rows(named=True))
    usable = sum(1 for row in rows if row["summary"] or any(_voiced(row)))
    held = {row["code"] for row in rows}
    lacking = {f"{code} lacks {name}": 1 for code, name in completeness.gaps(completeness.completeness(rows)) if code in held}
    return Findings.of(
        [
            none_of("gaps", lacking, severity=Severity.WARNING),
            at_least("usable_share", usable / len(rows), _USABLE),
            at_least("voiced_share", sum(1 for r in rows if any(_voiced(r))) / len(rows), 1, severity=Severity.WARNING),
            *(at_least(f"{name}_share", sum(1 for r in rows if r[name]) / len(rows), 1, severity=Severity.WARNING) for name in _FIELDS),
        ]
    )


def check_framework(folder: Path) -> Findings:
    """Whether PDM-2 entries are classes of the taxonomy, entries are whole and unique, and every span points at its text."""
    manifest = verify(folder)
    table = pl.read_parquet(folder / framework.TABLE)
    rows = list(table.iter_rows(named=True))
    faults = Counter(
        outside_taxonomy=sum(1 for r in rows if r["kind"] == "pdm2" and r["id"] not in taxonomy.ids("pdm2")),
        unknown_kind=sum(1 for r in rows if r["kind"] not in framework.KINDS),
        duplicate_id=table.height - table.select("kind", "id").n_unique(),
        no_text=sum(1 for r in rows if not (r["text"] and r["text"]["text"])),
    )
    silent = sum(1 for r in rows if r["kind"] != "defence" and not r["voiced"])
    return Findings.of(
        [
            none_of("entries", faults),
            _spans(folder, table),
            _nothing_lost(folder, table, manifest.summary.figures["read"]),
            at_least("entries_found", table.height, 1, severity=Severity.WARNING),
            none_of("voices", {"entry_without_sentence": silent}, severity=Severity.WARNING),
        ]
    )


def check_passages(folder: Path) -> Findings:
    """Whether passages are whole sentences in their order, of about the wanted length, each where it says it stands."""
    manifest = verify(folder)
    table = pl.read_parquet(folder / passages.TABLE)
    wanted = int(manifest.summary.figures["words_wanted"] or 0)
    faults = Counter(fault for row in table.iter_rows(named=True) for fault in _passage_faults(row, wanted))
    faults["duplicate_id"] = table.height - table["id"].n_unique()
    return Findings.of([at_least("passages", table.height, 1), none_of("passages_whole", faults), _spans(folder, table), _in_order(table)])


def check_conversation_record(folder: Path) -> Findings:
    """`writing.quality.check_record` of the conversations in an artifact folder."""
    verify(folder)
    return written.check_record(read_conversations(folder / conversations.TABLE))


def check_conversation_appropriateness(folder: Path) -> Findings:
    """`writing.quality.check_appropriateness` of the conversations in an artifact folder."""
    verify(folder)
    return written.check_appropriateness(read_conversations(folder / conversations.TABLE))


def check_conversation_variety(folder: Path) -> Findings:
    """`writing.quality.check_variety` of the conversations in an artifact folder."""
    verify(folder)
    return written.check_variety(read_conversations(folder / conversations.TABLE))


def _criteria_faults(row: Row) -> Iterator[str]:
    code = row["code"]
    if not row["criteria"]:
        yield f"no_criteria {code}"
    ids = [c["id"] for c in row["criteria"]]
    if len(set(ids)) != len(ids):
        yield f"criterion_id_repeated {code}"
    for criterion in row["criteria"]:
        where = f"{code} {criterion['id']}"
        if criterion["min_count"] is not None and criterion["items"] and not 0 <= criterion["min_count"] <= len(criterion["items"]):
            yield f"more_needed_than_listed {where}"
        if any(not item["text"] or not item["symptom"] for item in criterion["items"]):
            yield f"item_without_text {where}"
        if not criterion["text"] and not criterion["items"]:
            yield f"criterion_without_text {where}"


def _voiced(row: Row) -> Iterator[str]:
    for criterion in row["criteria"]:
        yield from (span["text"] for span in criterion["voiced"])
        yield from (span["text"] for item in criterion["items"] for span in item["voiced"])


def _passage_faults(row: Row, wanted: int) -> Iterator[str]:
    if " ".join(span["text"] for span in row["spans"]) != row["text"]:
        yield "text_is_not_its_sentences"
    if row["words"] != len(row["text"].split()):
        yield "wrong_word_count"
    if len(row["spans"]) > 1 and row["words"] > _STRETCH * wanted:
        yield "too_long"
    if (row["start"], row["end"]) != (min(s["start"] for s in row["spans"]), max(s["end"] for s in row["spans"])):
        yield "wrong_extent"


def _in_order(table: pl.DataFrame) -> Finding:
    """No sentence stands in two passages, and passages follow their document."""
    overlaps = 0
    for _, group in table.group_by("file", maintain_order=True):
        spans = [(s["start"], s["end"]) for row in group["spans"] for s in row]
        overlaps += sum(1 for before, after in pairwise(spans) if after[0] < before[1])
    return none_of("order", {"sentences_overlap": overlaps})


def _spans(folder: Path, table: pl.DataFrame) -> Finding:
    """Whether the characters at every span of the table, in the document kept beside it, read as the span's text."""
    documents = dict(pl.read_parquet(folder / DOCUMENTS).iter_rows())
    wrong: Counter[str] = Counter()
    for row in table.iter_rows(named=True):
        text = documents.get(row["file"])
        for span in _all_spans(row.values()):
            if text is None:
                wrong["document_not_kept"] += 1
            elif not reads_as(text[span["start"] : span["end"]], span["text"]):
                wrong["span_elsewhere"] += 1
    return none_of("spans", wrong)


def _all_spans(values: Iterable[Any]) -> Iterator[Row]:
    for value in values:
        if isinstance(value, Mapping):
            if {"text", "start", "end"} == set(value):
                if value["text"] is not None:
                    yield value
            else:
                yield from _all_spans(value.values())
        elif isinstance(value, list):
            yield from _all_spans(value)


def _nothing_lost(folder: Path, table: pl.DataFrame, read: Any) -> Finding:
    return equals("kept_and_rejected", table.height + pl.read_parquet(folder / REJECTED).height, read)
