import polars as pl

from pixel_core.rejects import REJECT_SCHEMA, Reject, as_content, count_reasons, write_rejects


def test_rejects_are_counted_by_reason_and_written(tmp_path):
    rejects = [Reject("a", "row 1", "empty", "no text"), Reject("a", "row 2", "long", "12 characters too many", as_content({"t": {1}}))]
    assert count_reasons([*rejects, rejects[0]]) == {"empty": 2, "long": 1}
    assert write_rejects(tmp_path, rejects) == 2
    assert pl.read_parquet(tmp_path / "rejected.parquet").schema == REJECT_SCHEMA


def test_no_reject_is_a_table_too(tmp_path):
    assert write_rejects(tmp_path, []) == 0
    assert pl.read_parquet(tmp_path / "rejected.parquet").schema == REJECT_SCHEMA
