"""The shipped items read, and a malformed line is named."""

import json

import pytest

from pixel_core.evaluation.items import ItemError, read_contrasts, read_eq_items, read_persona_items, read_seeker_posts, read_vignettes
from tests.pixel_core.evaluation.world import ROOT

SCENARIOS = ROOT / "data" / "scenarios"
READERS = {
    "eq_items.jsonl": read_eq_items,
    "vignettes.jsonl": read_vignettes,
    "persona_items.jsonl": read_persona_items,
    "seeker_posts.jsonl": read_seeker_posts,
    "empathy_contrasts.jsonl": read_contrasts,
}


@pytest.fixture(params=READERS)
def rows(request):
    return request.param, [json.loads(line) for line in (SCENARIOS / request.param).read_text().splitlines()]


def test_every_shipped_item_reads(rows):
    name, raw = rows
    assert [item.id for item in READERS[name](SCENARIOS)] == [row["id"] for row in raw]


def broken(name, raw):
    """One way of each file to be wrong."""
    changes = {
        "eq_items.jsonl": {"answer": 7},
        "vignettes.jsonl": {"code": "F99.9", "codes": ["F99.9"]},
        "persona_items.jsonl": {"next_part": "client"},
        "seeker_posts.jsonl": {"reply": ...},
        "empathy_contrasts.jsonl": {"formulaic": ""},
    }[name]
    return {key: value for key, value in (raw | changes).items() if value is not ...}


def write(folder, name, raw):
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in raw))


def test_a_malformed_item_is_named_by_file_and_line(rows, tmp_path):
    name, raw = rows
    write(tmp_path, name, [*raw[:2], broken(name, raw[2]), *raw[3:]])
    with pytest.raises(ItemError, match=f"{name} line 3"):
        READERS[name](tmp_path)


def test_a_cut_line_is_named(rows, tmp_path):
    name, raw = rows
    write(tmp_path, name, raw)
    (tmp_path / name).write_text((tmp_path / name).read_text()[:-20])
    with pytest.raises(ItemError, match=f"{name} line {len(raw)}"):
        READERS[name](tmp_path)


def test_a_repeated_id_is_an_error(rows, tmp_path):
    name, raw = rows
    write(tmp_path, name, [*raw, raw[0]])
    with pytest.raises(ItemError, match=raw[0]["id"]):
        READERS[name](tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ItemError, match=r"eq_items\.jsonl does not exist"):
        read_eq_items(tmp_path)


@pytest.mark.parametrize(("field", "taxonomy"), [("context", "persona_contexts"), ("trigger", "persona_triggers")])
def test_a_persona_item_names_a_context_and_a_trigger_of_the_taxonomy(field, taxonomy, tmp_path):
    [line, *_] = (SCENARIOS / "persona_items.jsonl").read_text().splitlines()
    write(tmp_path, "persona_items.jsonl", [json.loads(line) | {field: "boredom"}])
    with pytest.raises(ItemError, match=f"line 1: KeyError: .*boredom.*{taxonomy}"):
        read_persona_items(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "subclinical"},
        {"severity": "grave"},
        {"distractor_codes": ["F32", "F34.1", "F99.9"]},
        {"distractor_codes": ["F32", "F34.1", "F41.1"]},
        {"age": "38"},
        {"text": " "},
    ],
    ids=["subclinical with a disorder", "unknown severity", "unknown distractor", "distractor that applies", "age as text", "no text"],
)
def test_a_vignette_that_contradicts_itself_is_an_error(change, tmp_path):
    [line, *_] = (SCENARIOS / "vignettes.jsonl").read_text().splitlines()
    write(tmp_path, "vignettes.jsonl", [json.loads(line) | change])
    with pytest.raises(ItemError, match="line 1"):
        read_vignettes(tmp_path)
