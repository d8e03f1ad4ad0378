import json

import polars as pl
import pytest

from pixel_core.knowledge import extract_dsm5
from pixel_core.knowledge.disorder_names import class_of_title
from pixel_core.knowledge.dsm5 import TABLE
from pixel_core.knowledge.located import Located
from pixel_core.knowledge.quality import check_dsm5
from pixel_core.knowledge.raw_records import raw_records
from pixel_core.knowledge.sources import Rejected
from tests.pixel_core.knowledge.documents import FLAT, INSOMNIA, write

BODIES = ("symptoms", "criteria", "diagnostic_criteria")
BODY = {"symptoms": ["a racing heart", "a fear of dying"]}
PANIC, HOARDING = {"name": "Panic disorder", **BODY}, {"name": "Hoarding disorder", "criteria": ["Nothing can be thrown away."]}


@pytest.mark.parametrize(
    "value",
    [
        {"disorders": [PANIC, HOARDING]},
        {"data": [PANIC, HOARDING], "version": 2},
        {"records": {"items": [PANIC, HOARDING]}},
        {"conditions": {"Panic disorder": BODY, "F42.3": {"criteria": ["Nothing can be thrown away."]}}},
        {"Panic disorder": BODY, "Hoarding disorder": {"diagnostic_criteria": ["Nothing can be thrown away."]}},
        {"chapters": [{"name": "Anxiety", "disorders": [PANIC]}, {"name": "OCD", "disorders": [HOARDING]}]},
        [PANIC, HOARDING],
        [
            {"Name": "Panic disorder", "Symptoms": BODY["symptoms"]},
            {"title": "Hoarding disorder", "Criteria": ["Nothing can be thrown away."]},
        ],
        [{"disorder": "Panic disorder", "icd10": "F41.0", **BODY}, {"diagnosis": "Hoarding disorder", "id": 7, **BODY}],
    ],
)
def test_records_are_found_in_the_shapes_that_people_use(tmp_path, value):
    write(tmp_path / "kb" / "a.json", value)
    records = [raw for _, _, raw in raw_records(tmp_path / "kb", Rejected())]
    assert [class_of_title(r.get("name") or r["code"]).id for r in records] == ["F41.0", "F42.3"]
    assert all(isinstance(text, Located) for r in records for text in next(r[k] for k in r if k in BODIES))


def test_lines_of_json_are_records_and_a_broken_one_is_kept_apart(tmp_path):
    lines = [json.dumps(INSOMNIA), "", '{"name": ', json.dumps(FLAT), json.dumps({"name": "Grumpiness", **BODY}), '{"version": 1}']
    write(tmp_path / "kb" / "a.jsonl", "\n".join(lines))
    built = extract_dsm5(tmp_path / "kb", tmp_path / "out")
    assert pl.read_parquet(built.folder / TABLE)["code"].to_list() == ["F41.0", "F51.01"]
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert dict(rejected.select("position", "reason").iter_rows()) == {"line 3": "malformed_json", "line 5": "outside_taxonomy"}
    assert built.summary.figures["read"] == 4
    assert check_dsm5(built.folder).passed


@pytest.mark.parametrize("value", [{"settings": {"criteria": 3}}, {"a": {"b": {"c": {"d": {"e": [PANIC]}}}}}, [], 3, "text", None])
def test_json_of_another_kind_holds_no_record(tmp_path, value):
    write(tmp_path / "kb" / "a.json", json.dumps(value))
    assert list(raw_records(tmp_path / "kb", Rejected())) == []
