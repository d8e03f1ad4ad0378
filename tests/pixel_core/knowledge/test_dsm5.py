import json

import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import KnowledgeError, extract_dsm5
from pixel_core.knowledge.dsm5 import TABLE
from pixel_core.knowledge.quality import check_dsm5, check_dsm5_completeness
from tests.pixel_core.knowledge.documents import FLAT, INSOMNIA, SHIPPED, record, write


def rows(built):
    return list(pl.read_parquet(built.folder / TABLE).iter_rows(named=True))


def rejected(built):
    return {(r["source"], r["position"]): r["reason"] for r in pl.read_parquet(built.folder / "rejected.parquet").iter_rows(named=True)}


def test_the_shipped_base_is_a_whole_record_of_every_class(tmp_path):
    built = extract_dsm5(SHIPPED, tmp_path / "out")
    assert built.summary.rejects == {}
    assert [r["code"] for r in rows(built)] == list(taxonomy.ids("dsm5"))
    assert check_dsm5(built.folder).passed
    assert not check_dsm5_completeness(built.folder).failed


def test_every_text_stands_where_its_span_says(tmp_path):
    path = write(tmp_path / "kb" / "mine.json", {"disorders": [INSOMNIA]})
    (row,) = rows(extract_dsm5(tmp_path / "kb", tmp_path / "out"))
    item = row["criteria"][0]["items"][1]
    text = path.read_text()
    assert text[item["text"]["start"] : item["text"]["end"]] == "Waking too early."
    voiced = item["voiced"][0]
    assert voiced["text"] == 'At four it\'s "over", every night.'
    assert json.loads('"' + text[voiced["start"] : voiced["end"]] + '"') == voiced["text"]


def test_a_flat_record_of_a_user_is_read(tmp_path):
    write(tmp_path / "kb" / "any" / "where.json", [FLAT])
    (row,) = rows(extract_dsm5(tmp_path / "kb", tmp_path / "out"))
    assert (row["code"], row["name"]) == ("F41.0", "Panic disorder")
    assert [c["id"] for c in row["criteria"]] == ["A", "B", "symptoms"]
    assert [c["text"]["text"] for c in row["criteria"][:2]] == FLAT["criteria"]
    assert row["symptoms"] == ["sudden_fear_that_peaks_within_minutes", "palpitations", "fear_of_further_attacks"]
    assert row["summary"] is None
    assert check_dsm5(tmp_path / "out").passed


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("F32.1", "", "F32"),
        ("F33.2", "", "F32"),
        ("F43.22", "Adjustment disorder", "F43.20"),
        ("F20.0", "", "F20.9"),
        ("F31.81", "", "F31.81"),
        ("F31", "Bipolar II disorder", "F31.81"),
        ("296.22", "Major Depressive Disorder", "F32"),
        ("", "generalized anxiety disorder", "F41.1"),
    ],
)
def test_codes_and_names_map_onto_the_taxonomy(tmp_path, code, name, expected):
    write(tmp_path / "kb" / "a.json", {"disorders": [record(code=code or None, name=name or None)]})
    (row,) = rows(extract_dsm5(tmp_path / "kb", tmp_path / "out"))
    assert row["code"] == expected
    assert row["name"] == taxonomy.find("dsm5", expected).name


def test_a_threshold_that_no_one_can_reach_is_found_by_the_name_of_its_row(tmp_path):
    unreachable = [INSOMNIA["criteria"][0] | {"min_count": 9}]
    write(tmp_path / "kb" / "a.json", {"disorders": [record(criteria=unreachable)]})
    (fault,) = check_dsm5(extract_dsm5(tmp_path / "kb", tmp_path / "out").folder).failed
    assert dict(fault.reasons) == {"more_needed_than_listed F51.01 A": 1}


def test_what_is_malformed_is_kept_apart_and_the_rest_goes_on(tmp_path):
    kb = tmp_path / "kb"
    write(
        kb / "a_good.json", {"disorders": [INSOMNIA, record(code="F51.01", name=None), "no record", record(code="Z99", name="Grumpiness")]}
    )
    write(kb / "b_cut.json", '{"disorders": [{"code": "F32"')
    write(kb / "c_latin.json", '{"disorders": [{"name": "Entität"}]}'.encode("latin-1"))
    write(kb / "d_empty.json", " \n")
    write(kb / "e_fields.json", {"disorders": [record(code="F32", name=None, criteria=None), record(code=None, name=None)]})
    write(kb / "f_conflict.json", {"disorders": [record(code="F32", name="Panic disorder")]})
    write(kb / "g_other.json", {"settings": True})
    write(kb / "README.json", "not read")
    built = extract_dsm5(kb, tmp_path / "out")
    assert [r["code"] for r in rows(built)] == ["F51.01"]
    assert rejected(built) == {
        ("a_good.json", "record 1"): "duplicate_code",
        ("a_good.json", "record 2"): "not_a_record",
        ("a_good.json", "record 3"): "outside_taxonomy",
        ("b_cut.json", "file"): "malformed_json",
        ("c_latin.json", "file"): "not_utf8",
        ("d_empty.json", "file"): "empty",
        ("e_fields.json", "record 0"): "missing_field",
        ("e_fields.json", "record 1"): "missing_field",
        ("f_conflict.json", "record 0"): "code_name_conflict",
    }
    assert built.summary.figures["read"] == built.summary.rows + sum(built.summary.rejects.values())
    assert check_dsm5(built.folder).passed


def test_the_reject_keeps_the_record_and_its_detail_quotes_nothing(tmp_path):
    write(tmp_path / "kb" / "a.json", {"disorders": [INSOMNIA, record(code="Z99", name="Grumpiness")]})
    extract_dsm5(tmp_path / "kb", tmp_path / "out")
    (reject,) = pl.read_parquet(tmp_path / "out" / "rejected.parquet").iter_rows(named=True)
    assert json.loads(reject["content"])["name"] == "Grumpiness"
    assert "Grumpiness" not in reject["detail"]


@pytest.mark.parametrize("content", [{"disorders": []}, '{"disorders": [', {"disorders": [{"code": "Z99"}]}])
def test_a_folder_without_a_usable_record_is_an_error_that_says_why(tmp_path, content):
    write(tmp_path / "kb" / "a.json", content)
    with pytest.raises(KnowledgeError, match="no usable disorder"):
        extract_dsm5(tmp_path / "kb", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(KnowledgeError, match=r"nowhere does not exist: set PIXEL_KNOWLEDGE_DIR"):
        extract_dsm5(tmp_path / "nowhere", tmp_path / "out")


def test_a_rerun_skips_and_a_forced_one_gives_the_same_bytes(tmp_path):
    first = extract_dsm5(SHIPPED, tmp_path / "out")
    bytes_before = tree_digest(first.folder)
    assert extract_dsm5(SHIPPED, tmp_path / "out").skipped
    assert not extract_dsm5(SHIPPED, tmp_path / "out", force=True).skipped
    extract_dsm5(SHIPPED, tmp_path / "elsewhere")
    assert tree_digest(tmp_path / "out") == bytes_before
    assert tree_digest(tmp_path / "elsewhere") == bytes_before
