"""Disorder records out of headed text: a heading that names a class of the taxonomy, and the sections below it.

The records are mappings of located text in the shape of `data/knowledge/README.md`, as a JSON file would hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pixel_core.knowledge.blocks import Block
from pixel_core.knowledge.disorder_names import class_of_title
from pixel_core.knowledge.document import MARKDOWN, Document
from pixel_core.knowledge.headed_criteria import Criteria
from pixel_core.knowledge.located import Located, located
from pixel_core.knowledge.records import slug
from pixel_core.taxonomy import TaxonomyClass

_FIELDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("criteria", r"(?:dsm_5_(?:tr_)?)?(?:diagnostic_)?criteria(?:_for_\w+)?"),
        (
            "symptoms",
            r"(?:(?:core|key|main|common)_)?(?:signs_and_symptoms|symptoms(?:_and_signs)?|signs|clinical_features|key_features|features)",
        ),
        ("summary", r"diagnostic_features|essential_features|description|overview|summary|definition|clinical_picture"),
        ("duration", r"duration(?:_and_course)?|time_course|minimum_duration"),
        ("impairment", r"(?:functional_)?(?:impairment|consequences)(?:_of_\w+)?|distress_(?:or|and)_impairment"),
        ("exclusions", r"exclusions?(?:_criteria)?|rule_outs?"),
        ("differentials", r"differentials?(?:_diagnos[ie]s)?"),
        ("specifiers", r"specifiers?(?:_and_severity)?|subtypes?|specify(?:_if|_whether)?|(?:current_)?severity(?:_specifiers?)?"),
        ("care", r"care|treatments?|management|interventions?"),
        ("therapist_focus", r"therapist_focus|interview_focus|in_the_(?:conversation|interview)"),
    )
)
_LABEL = re.compile(r"\**\s*([A-Z][A-Za-z5 /-]{2,38}?)\s*(?:\*\*\s*[:.]|[:.]\s*\*\*|:)\**\s*")
_NAME = re.compile(r"\**\s*(?P<name>[^.:*\n\u2013\u2014]{3,80}?)\s*(?:\*\*\s*[:.]?|[:.]\s*\*\*|:|\s[\u2013\u2014-])\s+(?=\S)")
_CODE = re.compile(r"\(?\b([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)\b\)?")


@dataclass(slots=True)
class _Record:
    """A record in the making."""

    found: TaxonomyClass
    level: int
    fields: dict[str, Any] = field(default_factory=dict)
    criteria: Criteria = field(default_factory=Criteria)
    symptoms: list[Located] = field(default_factory=list)
    plain_symptoms: list[Located] = field(default_factory=list)
    is_flat: bool = False  # its sections have headings of its own level, as all headings of plain text have
    paragraphs: int = 0  # directly below the name; a list after many of them belongs to a textbook's prose

    @property
    def raw(self) -> dict[str, Any]:
        """The record as a JSON file would hold it."""
        made = {"code": self.found.id, "name": self.found.name, **self.fields}
        if criteria := self.criteria.entries():
            made["criteria"] = criteria
        if symptoms := self.symptoms or self.plain_symptoms:
            made["symptoms"] = symptoms
        return made


def headed_records(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """The disorders that the headings of a document name, each with its position and the record of its sections.

    A section that tells of a disorder without listing criteria or symptoms, as textbooks do, is no record.
    """
    for number, record in enumerate(_Reader(document).records(), start=1):
        raw = record.raw
        if "criteria" in raw or "symptoms" in raw:
            yield f"section {number}", raw


def field_of(title: str) -> str | None:
    """The field of a record that a section with this title holds, or None."""
    name = slug(re.sub(r"^[A-Z0-9][.)]\s+", "", title))
    return next((found for found, pattern in _FIELDS if pattern.fullmatch(name)), None)


class _Reader:
    """Goes through the blocks of one document and fills one record after the other."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._record: _Record | None = None
        self._field: str | None = None
        self._field_level = 0
        self._differential: dict[str, Any] | None = None

    def records(self) -> Iterator[_Record]:
        """The records in the order of their headings, those without criteria among them."""
        before: Block | None = None
        for index, block in enumerate(self._document.blocks):
            if block.kind == "heading":
                ended = self._record
                self._heading(block, index)
                if ended is not None and self._record is not ended:
                    yield ended
            elif self._record is not None:
                self._body(self._record, block, before)
            before = block
        if self._record is not None:
            yield self._record

    def _heading(self, block: Block, index: int) -> None:
        title = str(block.text)
        named = field_of(title)
        found = None if named else class_of_title(title)
        record = self._record
        self._differential = None
        compared = self._field == "differentials" and record is not None
        if found and not (compared and (block.level > self._field_level or not self._bears(index))):
            if record and record.found.id == found.id and block.level >= record.level:
                self._field, self._field_level = "criteria", block.level  # `Panic disorder: diagnostic criteria` below `Panic disorder`
            else:
                self._record, self._field, self._field_level = _Record(found, block.level), "", block.level
        elif record is None:
            return
        elif named:
            self._field, self._field_level = named, block.level
            record.is_flat = record.is_flat or block.level <= record.level
        elif compared and (found or block.level > self._field_level):
            self._differential = {"name": title}
            record.fields.setdefault("differentials", []).append(self._differential)
            if found:
                self._differential["code"] = found.id
        elif block.level <= record.level and not record.is_flat:
            self._record = None
        elif not (self._field == "criteria" and block.level > self._field_level):
            self._field = None  # a section that records have no field for

    def _bears(self, index: int) -> bool:
        """Whether a list, or a section of criteria or symptoms, follows a heading before the next one that names a class."""
        for block in self._document.blocks[index + 1 :]:
            if block.kind == "item" or (block.kind == "heading" and field_of(str(block.text)) in ("criteria", "symptoms")):
                return True
            if block.kind == "heading" and class_of_title(str(block.text)):
                return False
        return False

    def _body(self, record: _Record, block: Block, before: Block | None) -> None:
        name, text = self._field, block.text
        if block.kind == "paragraph" and text.endswith(":") and (announced := field_of(text[:-1])):
            self._field, self._field_level = announced, record.level + 1
            return
        if name != "criteria" and (label := self._labelled(block)):
            name, text = label
        if name == "criteria":
            rest = record.criteria.add(block, self._raw(block))
            if rest:
                self._specifier(record, rest)
        elif name == "":
            self._directly_below(record, block, before)
        elif name == "symptoms":
            (record.symptoms if block.kind == "item" else record.plain_symptoms).append(text)
        elif name == "duration":
            record.fields.setdefault("duration", {"text": text})
        elif name in ("summary", "impairment"):
            record.fields.setdefault(name, text)
        elif name in ("exclusions", "care", "therapist_focus"):
            record.fields.setdefault(name, []).append(text)
        elif name == "specifiers":
            self._specifier(record, text)
        elif name == "differentials":
            self._tell_apart(record, block)

    def _directly_below(self, record: _Record, block: Block, before: Block | None) -> None:
        """What stands under the name itself: the summary, and a list that begins there or is announced by a colon."""
        if record.criteria.is_lettered(block, self._raw(block)) or record.criteria.has_letters:
            record.criteria.add(block, self._raw(block))
        elif block.kind != "item":
            record.paragraphs += 1
            if not block.text.endswith(":"):
                record.fields.setdefault("summary", block.text)
        elif record.symptoms or (
            before is not None and (before.kind == "heading" or (before.text.endswith(":") and record.paragraphs <= 2))
        ):
            record.symptoms.append(block.text)

    def _labelled(self, block: Block) -> tuple[str, Located] | None:
        """The field and the rest of a block that begins with a label: `Duration: ...`, `**Treatment.** ...`."""
        raw = self._raw(block)
        found = _LABEL.match(raw)
        named = field_of(found[1]) if found else None
        if not found or not named or named == "criteria" or not raw[found.end() :].strip():
            return None
        return named, self._part(block.text.start + found.end(), block.text.end)

    def _tell_apart(self, record: _Record, block: Block) -> None:
        if self._differential is not None:
            self._differential.setdefault("distinguish", block.text)
            return
        found = _NAME.match(self._raw(block))
        name = found["name"] if found else str(block.text)
        if not found and len(name.split()) > 8:  # a paragraph about differentials in general
            return
        entry: dict[str, Any] = {"name": re.sub(r"\s+", " ", name).strip(" .*")}
        if known := class_of_title(entry["name"]):
            entry["code"] = known.id
        if found:
            entry["distinguish"] = self._part(block.text.start + found.end(), block.text.end)
        record.fields.setdefault("differentials", []).append(entry)

    def _specifier(self, record: _Record, text: Located) -> None:
        code = _CODE.search(text)
        name = _CODE.sub("", text.partition(":")[0]).strip(" .:()-")
        if name and len(name.split()) <= 10 and not name.lower().startswith("specify"):
            record.fields.setdefault("specifiers", []).append({"name": name} | ({"code": code[1]} if code else {}))

    def _raw(self, block: Block) -> str:
        return self._document.text[block.text.start : block.text.end]

    def _part(self, start: int, end: int) -> Located:
        if self._document.suffix in MARKDOWN or "\n" in self._document.text[start:end]:
            return located(self._document.text, start, end)
        return Located(self._document.text[start:end], start, end)
