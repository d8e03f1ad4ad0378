"""The psychology framework: PDM-2 entries, attachment styles, defences, Big Five traits and interview guidelines as one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import Built, Summary, build, write_table
from pixel_core.knowledge.blocks import Block
from pixel_core.knowledge.document import JSON, JSON_LINES, MARKDOWN
from pixel_core.knowledge.dsm5 import tree_digest_of
from pixel_core.knowledge.located import Located, located, located_in
from pixel_core.knowledge.records import slug, span_of, text_of, texts_of
from pixel_core.knowledge.schema import FRAMEWORK_SCHEMA
from pixel_core.knowledge.sources import (
    Document,
    KnowledgeError,
    Rejected,
    UnusableError,
    keep_documents,
    list_documents,
    read_document,
    read_json,
    readable,
)
from pixel_core.rejects import as_content, count_reasons, write_rejects
from pixel_core.taxonomy import TaxonomyName

VERSION = "5"
TABLE = "framework.parquet"
KINDS = ("pdm2", "organisation", "symptom_pattern", "attachment", "defence", "trait", "interview")
_OF_GROUP = {"organisation_level": "organisation", "symptom_pattern": "symptom_pattern"}  # PDM-2 entries beside the head's classes
_TAXONOMY: dict[str, TaxonomyName] = {"pdm2": "pdm2", "organisation": "pdm2_axes", "symptom_pattern": "pdm2_axes"}
_DETAILS = (
    *("tension", "capacity", "identity", "object_relations", "defences_used", "reality_testing"),
    *("affective_states", "cognitive_patterns", "somatic_states", "relationship_patterns"),
)
_FOLDERS = {
    "attachment": "attachment",
    "defence": "defence",
    "defense": "defence",
    "personality": "trait",
    "big": "trait",
    "interview": "interview",
}
_OF_ANOTHER = ("personality_disorder", "personality-disorder", "personality disorder", "personalitydisorder")  # disorders are no traits
_FORMATS = JSON | JSON_LINES | MARKDOWN | {".html", ".htm"}
_PARTS = {"signs": "signs", "how_it_may_sound": "voiced", "in_the_conversation": "focus"}
_NAMED = re.compile(r'"framework"\s*:\s*"pdm2"')
_BOLD = re.compile(r"\*\*(?P<name>[^*]+?)[.:]?\*\*[.:]?\s*")


def extract_framework(source: Path, out: Path, *, force: bool = False) -> Built:
    """The framework entries below `source` as `framework.parquet` (`FRAMEWORK_SCHEMA`).

    Reads `pdm2/*.json` (or any JSON with `entries` of framework pdm2) and headed Markdown in folders named after attachment, defences,
    personality and interview. Rejects: malformed_json, not_utf8, empty, not_a_record, missing_field, poles_form, outside_taxonomy,
    duplicate_id, no_entries. A folder without any such file gives an empty table; KnowledgeError is raised when there are some and none
    is usable.
    """
    return build(
        out,
        kind="psychology_framework",
        version=VERSION,
        inputs={"source": tree_digest_of(source)},
        write=lambda stage: _write(source, stage),
        force=force,
    )


def kind_of(document_folders: tuple[str, ...]) -> str | None:
    """The kind of framework document that folders and stem of a file announce, or None."""
    for name in document_folders:
        if name == "pdm2":
            return "pdm2"
        for beginning, kind in _FOLDERS.items():
            if name.startswith(beginning) and not name.startswith(_OF_ANOTHER):
                return kind
    return None


def _write(source: Path, stage: Path) -> Summary:
    rejected = Rejected()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    read = 0
    for document in readable(source, _files(source), rejected):
        try:
            entries = list(_entries(document))
        except UnusableError as error:
            rejected.add(document.file, "file", error.reason, str(error))
            continue
        for index, (raw, row) in enumerate(entries):
            read += 1
            try:
                checked = _checked(raw, row)
                key = (checked["kind"], checked["id"])
                if key in rows:
                    raise UnusableError("duplicate_id", f"{key[1]} stands already in {rows[key]['file']}")
                rows[key] = checked
            except UnusableError as error:
                rejected.add(document.file, f"entry {index}", error.reason, str(error), as_content(raw))
    if not rows and rejected.rows:
        raise KnowledgeError(f"{source} holds no usable framework entry: {count_reasons(rejected.rows)}; see data/knowledge/README.md")
    ordered = sorted(rows.values(), key=lambda row: (KINDS.index(row["kind"]), row["file"], row["start"]))
    write_table(stage / TABLE, pl.DataFrame(ordered, schema=FRAMEWORK_SCHEMA))
    keep_documents(stage, source, (row["file"] for row in ordered))
    write_rejects(stage, rejected.rows)
    figures = {f"{kind}_entries": sum(1 for row in ordered if row["kind"] == kind) for kind in KINDS}
    voiced = sum(len(row["voiced"]) for row in ordered)
    return Summary(
        rows=len(ordered), rejects=count_reasons(rejected.rows), figures=figures | {"voiced": voiced, "read": read + rejected.unread}
    )


def _files(source: Path) -> list[str]:
    """The files that announce themselves as framework, in the formats that mark headings and lists: by folder or name, or in JSON."""
    files = [f for f in list_documents(source) if Path(f).suffix.lower() in _FORMATS]
    return [f for f in files if kind_of(Document(f, "").folders) or _is_named_inside(source, f)]


def _is_named_inside(source: Path, file: str) -> bool:
    """Whether a JSON file says that it holds entries of PDM-2; one that cannot be read is rejected where disorders are read."""
    if Path(file).suffix.lower() not in JSON:
        return False
    try:
        return _NAMED.search(read_document(source, file).text) is not None
    except UnusableError:
        return False


def _entries(document: Document) -> Iterator[tuple[Any, dict[str, Any] | None]]:
    kind = kind_of(document.folders)
    if not document.is_json:
        entries = list(_headed(document, str(kind)))
        if not entries:
            raise UnusableError("no_entries", "the file has no section (## Heading) with text")
        yield from ((row["name"], row) for row in entries)
        return
    value = read_json(document)
    entries_field = value.get("entries") if isinstance(value, Mapping) else value
    if not isinstance(entries_field, list) or not entries_field:
        if isinstance(value, Mapping) and "disorders" in value:
            return  # the other extraction's file
        raise UnusableError("no_entries", 'the file holds no {"entries": [...]}')
    for raw in entries_field:
        yield raw, (_pdm2(raw, document) if isinstance(raw, Mapping) else None)


def _checked(raw: Any, row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise UnusableError("not_a_record", "an entry must be a JSON object")
    if not row["id"] or row["text"] is None:
        raise UnusableError("missing_field", f"entry {row['id'] or '-'} needs an id and a summary")
    poles = raw.get("poles") if isinstance(raw, Mapping) else None
    if poles is not None and not (isinstance(poles, Mapping) and all(pole and texts_of(poles, pole) for pole in poles)):
        raise UnusableError("poles_form", f'the poles of {row["id"]} are {{"<name>": [sentences], ...}}, each with one sentence at least')
    classes = _TAXONOMY.get(row["kind"])
    if classes and row["id"] not in taxonomy.ids(classes):
        raise UnusableError("outside_taxonomy", f"{row['id']} is not a class of pixel_core/taxonomy/{classes}.csv")
    return row


def _pdm2(raw: Mapping[str, Any], document: Document) -> dict[str, Any]:
    text = text_of(raw, "summary", "description", "definition")
    places = list(located_in(raw))
    details = [(name, text_of(raw, name)) for name in _DETAILS]
    group = str(raw.get("group") or "")
    return {
        "kind": _OF_GROUP.get(group, "pdm2"),
        "id": slug(str(raw.get("id") or raw.get("name") or "")),
        "name": str(raw.get("name") or raw.get("id") or ""),
        "group": group,
        "text": span_of(text),
        "details": [{"name": name, "text": value.span} for name, value in details if value],
        "typical_defences": [str(d) for d in texts_of(raw, "typical_defences", "defences", "defenses")],
        "voiced": [_voiced(t, pole) for pole, t in _by_pole(raw)],
        "therapist_focus": [t.span for t in texts_of(raw, "therapist_focus")],
        "file": document.file,
        "start": min((p.start for p in places), default=0),
        "end": max((p.end for p in places), default=0),
    }


def _by_pole(raw: Mapping[str, Any]) -> Iterator[tuple[str | None, Located]]:
    """The voiced sentences: those that go with every pole of the class, then those of each."""
    named = raw.get("poles")
    poles: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
    yield from ((None, text) for text in texts_of(raw, "voiced", "examples"))
    for pole in poles:
        yield from ((str(pole), text) for text in texts_of(poles, pole))


def _voiced(text: Located, pole: str | None = None) -> dict[str, Any]:
    return text.span | {"pole": pole}


def _headed(document: Document, kind: str) -> Iterator[dict[str, Any]]:
    """One row a section: of level 2, or of level 3 (grouped by its level 2) where level 2 only groups."""
    blocks = document.blocks
    named_parts = any(b.kind == "heading" and b.level == 3 and slug(b.text) in _PARTS for b in blocks)
    level = 2 if named_parts or not any(b.kind == "heading" and b.level == 3 for b in blocks) else 3
    group = ""
    section: list[Block] = []
    for block in [*blocks, None]:
        if block is None or (block.kind == "heading" and block.level <= level):
            if section and section[0].level == level and len(section) > 1:
                yield _section(document, kind, group, section)
            section = [block] if block else []
            if block and block.level == level - 1:
                group = str(block.text)
        else:
            section.append(block)


def _section(document: Document, kind: str, group: str, section: list[Block]) -> dict[str, Any]:
    title, *body = section
    texts: list[Located] = []
    parts: dict[str, list[Located]] = {"signs": [], "voiced": [], "focus": []}
    current: str | None = None
    for block in body:
        if block.kind == "heading":
            current = _PARTS.get(slug(block.text), slug(block.text))
        elif current or block.kind == "item" or parts["signs"]:
            voiced = current == "voiced"
            parts.setdefault(current or "signs", []).append(_unquoted(document, block.text) if voiced else block.text)
        else:
            texts.append(block.text)
    named = [
        (str(m["name"]), located(document.text, t.start + m.end(), t.end)) for t in _lines(document, texts) if (m := _bold(document, t))
    ]
    definition = next((text for name, text in named if slug(name) == "definition"), None)
    text = definition or (Located(" ".join(texts), texts[0].start, texts[-1].end) if texts else None) or next(iter(parts["signs"]), None)
    details = [(slug(name), t) for name, t in named if t is not definition]
    details += [
        ("sign" if name == "signs" else name, t) for name in parts if name not in ("voiced", "focus") for t in parts[name] if t is not text
    ]
    return {
        "kind": kind,
        "id": slug(title.text),
        "name": str(title.text),
        "group": slug(group) if kind == "defence" else "",
        "text": span_of(text),
        "details": [{"name": name, "text": t.span} for name, t in details],
        "typical_defences": [],
        "voiced": [_voiced(t) for t in parts["voiced"]],
        "therapist_focus": [t.span for t in parts["focus"]],
        "file": document.file,
        "start": title.text.start,
        "end": max(block.text.end for block in section),
    }


def _lines(document: Document, texts: list[Located]) -> Iterator[Located]:
    """The texts, cut where a line begins with a bold name (`**Example.** ...`)."""
    for text in texts:
        raw = document.text[text.start : text.end]
        cuts = [0, *(m.start() for m in re.finditer(r"(?m)^\*\*", raw) if m.start()), len(raw)]
        for begin, end in pairwise(cuts):
            stripped = raw[begin:end].rstrip()
            yield located(document.text, text.start + begin, text.start + begin + len(stripped))


def _bold(document: Document, text: Located) -> re.Match[str] | None:
    return _BOLD.match(document.text[text.start : text.end])


def _unquoted(document: Document, text: Located) -> Located:
    raw = document.text[text.start : text.end]
    inner = raw.strip('"“”')
    start = text.start + len(raw) - len(raw.lstrip('"“”'))
    return located(document.text, start, start + len(inner))
