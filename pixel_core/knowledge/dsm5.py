"""DSM-5 records: from documents about disorders to one table whose every text knows its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import Built, Summary, build, write_table
from pixel_core.knowledge import completeness
from pixel_core.knowledge.criterion_rows import read_criteria
from pixel_core.knowledge.disorder_names import class_of_title
from pixel_core.knowledge.durations import bounds_in
from pixel_core.knowledge.folder import folder_digest
from pixel_core.knowledge.raw_records import raw_records
from pixel_core.knowledge.records import integer_of, records_of, slug, span_of, text_of, texts_of
from pixel_core.knowledge.schema import DISORDER_SCHEMA, SYMPTOM_SCHEMA
from pixel_core.knowledge.sources import (
    Document,
    KnowledgeError,
    Rejected,
    UnusableError,
    keep_documents,
    list_documents,
)
from pixel_core.knowledge.symptoms import TABLE as SYMPTOMS
from pixel_core.knowledge.symptoms import orphans, symptom_rows
from pixel_core.rejects import as_content, count_reasons, write_rejects
from pixel_core.taxonomy import TaxonomyClass

VERSION = "5"
TABLE = "disorders.parquet"
_CODE = re.compile(r"\b[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b")  # of ICD-10-CM, as in `300.02 (F41.1)`
_NAMES = ("name", "disorder", "title", "condition", "diagnosis")


def extract_dsm5(source: Path, out: Path, *, force: bool = False) -> Built:
    """The disorders of every document below `source` as `disorders.parquet` (`DISORDER_SCHEMA`), one row a taxonomy class.

    Reads lists of records in JSON, and headed sections in every other format (`headed.headed_records`). What cannot be used lies in
    `rejected.parquet`: what a reader gives as its reason, and malformed_json, not_a_record, missing_field, outside_taxonomy,
    code_name_conflict, duplicate_code.
    Raises KnowledgeError when no record is left.
    """
    return build(
        out,
        kind="dsm5_criteria",
        version=VERSION,
        inputs={"source": tree_digest_of(source)},
        write=lambda stage: _write(source, stage),
        force=force,
    )


def tree_digest_of(source: Path) -> str:
    """The digest of a knowledge folder; raises KnowledgeError when it is missing."""
    list_documents(source)
    return folder_digest(source)


def _write(source: Path, stage: Path) -> Summary:
    rejected = Rejected()
    rows: dict[str, dict[str, Any]] = {}
    documents: dict[str, Document] = {}
    read = 0
    for document, position, raw in raw_records(source, rejected):
        read += 1
        try:
            row = _row(raw, document.file)
            if row["code"] in rows:
                raise UnusableError("duplicate_code", f"{row['code']} stands already in {rows[row['code']]['file']}")
            rows[row["code"]] = row
            documents[document.file] = document
        except UnusableError as error:
            rejected.add(document.file, position, error.reason, str(error), as_content(raw))
    if not rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in count_reasons(rejected.rows).items()) or "no document holds a record"
        raise KnowledgeError(f"{source} holds no usable disorder ({reasons}): see data/knowledge/README.md for the shape of a record")
    order = {code: index for index, code in enumerate(taxonomy.ids("dsm5"))}
    table = pl.DataFrame(sorted(rows.values(), key=lambda row: order[row["code"]]), schema=DISORDER_SCHEMA)
    write_table(stage / TABLE, table)
    write_table(stage / SYMPTOMS, pl.DataFrame(symptom_rows(table.iter_rows(named=True)), schema=SYMPTOM_SCHEMA))
    held = completeness.completeness(table.to_dicts())
    write_table(stage / completeness.TABLE, held)
    completeness.draw(held, stage / completeness.PICTURE)
    keep_documents(stage, source, documents, documents)
    write_rejects(stage, rejected.rows)
    return Summary(rows=table.height, rejects=count_reasons(rejected.rows), figures=_figures(table) | {"read": read + rejected.unread})


def _row(raw: Any, file: str) -> dict[str, Any]:
    if isinstance(raw, UnusableError):
        raise raw
    if not isinstance(raw, Mapping):
        raise UnusableError("not_a_record", "a disorder must be a JSON object")
    found = _classify(str(raw.get("code") or "").strip(), str(raw.get("name") or "").strip())
    criteria = list(read_criteria(raw))
    if not criteria:
        raise UnusableError("missing_field", f"{found.id} has neither criteria nor symptoms with text")
    return {
        "code": found.id,
        "name": found.name,
        "chapter": found.fields["chapter"],
        "summary": span_of(text_of(raw, "summary", "description", "overview")),
        "criteria": criteria,
        "duration": _duration(raw),
        "exclusions": [t.span for t in texts_of(raw, "exclusions", "exclusion_criteria")],
        "impairment": span_of(text_of(raw, "impairment", "functional_impairment")),
        "specifiers": [{"name": str(s["name"]), "code": _string(s.get("code"))} for s in _named(raw, "specifiers")],
        "differentials": [_differential(d) for d in _named(raw, "differentials", "differential_diagnosis", "differential_diagnoses")],
        "symptoms": _symptoms(criteria),
        "therapist_focus": [t.span for t in texts_of(raw, "therapist_focus", "interview_focus")],
        "care": [t.span for t in texts_of(raw, "care", "treatment", "treatments")],
        "file": file,
    }


def _duration(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The duration with its bounds: those that the record gives, null among them, else those that the text names."""
    text = text_of(raw, "duration", "course")
    given = raw["duration"] if isinstance(raw.get("duration"), Mapping) else {}
    named = bounds_in(text) if text and not given.keys() & {"min_days", "max_days"} else {}
    days = {name: integer_of(given, name) or named.get(name) for name in ("min_days", "max_days")}
    return {"text": span_of(text), **days} if text or any(days.values()) else None


def _classify(code: str, name: str) -> TaxonomyClass:
    """The taxonomy class of a code or else of a name; raises UnusableError."""
    if not code and not name:
        raise UnusableError("missing_field", "the record has neither code nor name")
    by_code = class_of_code(code) or next(filter(None, map(class_of_code, _CODE.findall(code.upper()))), None)
    by_name = _names().get(slug(name)) or (titled.id if not by_code and (titled := class_of_title(name)) else None)
    if by_code and by_name and by_code != by_name and not by_name.startswith(by_code):
        raise UnusableError("code_name_conflict", f"code {code} is {by_code} of the taxonomy, but its name belongs to {by_name}")
    if found := by_name if by_code and by_name else by_code or by_name:
        return taxonomy.find("dsm5", found)
    raise UnusableError("outside_taxonomy", f"neither code {code or '-'} nor the name is a class of pixel_core/taxonomy/dsm5.csv")


def class_of_code(code: str) -> str | None:
    """The class of the longest code that begins this one, of the taxonomy or of its aliases (`F33.1` is F32's); None if there is none."""
    known = {i: i for i in taxonomy.ids("dsm5")} | {a.id: a.fields["class"] for a in taxonomy.classes("dsm5_aliases")}
    found = max((begin for begin in known if code.startswith(begin)), key=len, default=None)
    return known[found] if found else None


@cache
def _names() -> dict[str, str]:
    return {slug(c.name): c.id for c in taxonomy.classes("dsm5")}


def _named(raw: Mapping[str, Any], *names: str) -> Iterator[Mapping[str, Any]]:
    for entry in records_of(raw, *names, key="name", value="name"):
        if name := text_of(entry, *_NAMES) or entry.get("name"):
            yield {**entry, "name": name}


def _differential(entry: Mapping[str, Any]) -> dict[str, Any]:
    given = _string(entry.get("code"))
    named = None if given else class_of_title(str(entry["name"]))
    code = (class_of_code(given.upper()) or given) if given else named.id if named else None
    return {"code": code, "name": str(entry["name"]), "distinguish": span_of(text_of(entry, "distinguish", "text", "note"))}


def _symptoms(criteria: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(item["symptom"] for criterion in criteria for item in criterion["items"]))


def _string(value: Any) -> str | None:
    return str(value) if isinstance(value, str) and value.strip() else None


def _figures(table: pl.DataFrame) -> dict[str, int | float]:
    items = [item for row in table["criteria"] for criterion in row for item in criterion["items"]]
    voiced = sum(len(i["voiced"]) for i in items) + sum(len(c["voiced"]) for row in table["criteria"] for c in row)
    return {
        "chapters": table["chapter"].n_unique(),
        "criteria": sum(len(row) for row in table["criteria"]),
        "items": len(items),
        "voiced": voiced,
        "symptoms": len({item["symptom"] for item in items}),
        "orphan_symptoms": len(orphans(item["symptom"] for item in items)),
        "taxonomy_share": table.height / len(taxonomy.ids("dsm5")),
    }
