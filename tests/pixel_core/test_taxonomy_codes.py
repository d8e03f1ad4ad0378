"""The taxonomy's codes and those of specifiers, held against the ICD-10-CM table of 2018 (headings, and some of the codes below them)."""

import csv
import json
import re
from pathlib import Path

import pytest

from pixel_core import taxonomy

KNOWLEDGE = Path(__file__).parents[2] / "data" / "knowledge" / "dsm5"
OTHER_NAMES = {"F52.6": "dyspareunia", "F15": "stimulant", "F17": "nicotine"}
_FILLER = {"disorder", "disorders", "other", "specified", "unspecified", "with", "without", "type", "due", "known", "condition"}


def written_codes():
    """Every code that the taxonomy, its aliases and the shipped specifiers use."""
    codes = {*taxonomy.ids("dsm5"), *taxonomy.ids("dsm5_aliases")}
    for file in KNOWLEDGE.glob("*.json"):
        for record in json.loads(file.read_text(encoding="utf-8"))["disorders"]:
            codes.update(specifier["code"] for specifier in record["specifiers"] if "code" in specifier)
    return codes


def newer():
    """Codes that the table of 2018 cannot hold, each with year, source and reason."""
    return {entry.id: entry.fields for entry in taxonomy.classes("dsm5_newer_codes")}


def is_listed(code):
    return any(code.startswith(begin) for begin in newer())


def test_every_code_has_the_form_of_an_icd_code():
    assert all(re.fullmatch(r"[A-Z]\d\d(\.[0-9A-Z]{1,4})?", code) for code in written_codes())


def test_newer_and_other_codes_name_their_year_and_source():
    for code, entry in newer().items():
        assert re.fullmatch(r"20\d\d", entry["year"]), code
        assert entry["source"].startswith("ICD-10-CM"), code
        assert entry["reason"], code


def test_every_code_outside_chapter_f_is_listed():
    assert {code for code in written_codes() if not code.startswith("F") and not is_listed(code)} == set()


@pytest.mark.reference
def test_every_code_stands_in_the_table_or_below_one_of_its_headings(icd):
    for code in sorted(written_codes()):
        if not is_listed(code):
            assert heading(icd, code) is not None, code


@pytest.mark.reference
def test_no_code_is_called_newer_that_the_table_of_2018_holds(icd):
    assert {code for code in newer() if code.replace(".", "") in icd} == set()


@pytest.mark.reference
def test_a_class_that_stands_in_the_table_speaks_of_the_same_thing(icd):
    for entry in taxonomy.classes("dsm5"):
        title = words(icd.get(entry.id.replace(".", ""), entry.name))
        assert (words(entry.name) | words(OTHER_NAMES.get(entry.id, ""))) & title, (entry.id, entry.name, title)


@pytest.fixture
def icd(reference):
    """Code without its dot -> title."""
    with (reference / "icd10cm" / "F_codes_2018.csv").open(encoding="utf-8", newline="") as handle:
        return {row[0]: row[1] for row in csv.reader(handle)}


def heading(icd, code):
    """The longest code of the table that begins this one, of three characters at least; None if there is none."""
    bare = code.replace(".", "")
    return next((bare[:n] for n in range(len(bare), 2, -1) if bare[:n] in icd), None)


def words(text):
    return {w[:6] for w in re.findall(r"[a-z]{4,}", text.lower())} - {w[:6] for w in _FILLER}
