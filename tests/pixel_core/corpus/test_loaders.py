import gzip
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixel_core.corpus.loaders import LoadError, read_rows
from pixel_core.corpus.source_rows import BOMB_BYTES, LOST, MAX_DEPTH, MAX_ROW, Row, Unreadable

ROWS = [{"a": "1", "b": "one, two"}, {"a": "2", "b": 'he said "no"\nand left'}, {"a": "3", "b": "é"}]


def outcome(path, columns=()):
    return [r.value if isinstance(r, Row) else r.reason for r in read_rows(path, columns)]


def test_every_format_gives_the_same_rows(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in ROWS))
    (tmp_path / "a.json").write_text(json.dumps(ROWS, indent=1))
    pl.DataFrame(ROWS).write_csv(tmp_path / "a.csv")
    pl.DataFrame(ROWS).write_parquet(tmp_path / "a.parquet")
    table = pa.Table.from_pylist(ROWS)
    for name, opened in (("a.arrow", pa.ipc.new_file), ("b.arrow", pa.ipc.new_stream)):
        with opened(tmp_path / name, table.schema) as sink:
            sink.write_table(table)
    for name in ("a.jsonl", "a.json", "a.csv"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    for name in ("a.jsonl", "a.json", "a.csv", "a.parquet", "a.arrow", "b.arrow", "a.jsonl.gz", "a.json.gz", "a.csv.gz"):
        assert outcome(tmp_path / name) == ROWS, name
        assert [row.position for row in read_rows(tmp_path / name)] == [f"{name} row {i}" for i in (1, 2, 3)]


def test_a_table_without_header_takes_its_columns_and_tabs_leave_quotes_alone(tmp_path):
    (tmp_path / "a.tsv").write_text('he said "no\t3,4\tx1\n\nok\t0\tx2\n')
    assert outcome(tmp_path / "a.tsv", ("text", "labels", "id")) == [
        {"text": 'he said "no', "labels": "3,4", "id": "x1"},
        {"text": "ok", "labels": "0", "id": "x2"},
    ]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": 2\n{"a": 3}\n', [{"a": 1}, "malformed_json", {"a": 3}]),
        ("a.jsonl", b'{"a": 1}\n[1, 2]\n"text"\n', [{"a": 1}, "not_an_object", "not_an_object"]),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n{"a": 3}\n', [{"a": 1}, "bad_encoding", {"a": 3}]),
        ("a.jsonl", b'{"a": "\\ud800"}\n{"a": 3}', ["bad_encoding", {"a": 3}]),
        ("a.jsonl", b"\xef\xbb\xbf" + b'{"a": 1}\n\n', [{"a": 1}]),
        ("a.jsonl", b"[" * 100_000 + b'\n{"a": 1}\n', ["malformed_json", {"a": 1}]),
        ("a.json", b'[{"a": 1}, {"a": 2}, {"a": ', [{"a": 1}, {"a": 2}, "broken_off"]),
        ("a.json", b'[{"a": 1}, 5, {"a": 2}]', [{"a": 1}, "not_an_object", {"a": 2}]),
        ("a.json", b"[" * 100_000, ["broken_off"]),
        ("a.json", b'[{"a": 1}]\n[{"a": 2}]\n', [{"a": 1}, "broken_off"]),
        ("a.json", b'[{"a": 1}], {"a": 2}', [{"a": 1}, "broken_off"]),
        ("a.json", b'[]{"a": 2}', ["broken_off"]),
        ("a.json", b'[{"a": 1}]\x00\x00', [{"a": 1}, "broken_off"]),
        ("a.json", b'[{"a": 1}] \r\n\t\n', [{"a": 1}]),
        ("a.json", b'{"a": 1}', ["unreadable_file"]),
        ("a.json", b"", ["unreadable_file"]),
        ("a.parquet", b"no parquet", ["unreadable_file"]),
        ("a.arrow", b"no arrow", ["unreadable_file"]),
        ("a.jsonl.gz", b"no gzip", ["unreadable_file"]),
        ("a.jsonl", b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b'}\n{"a": 1}\n', ["too_deep", {"a": 1}]),
        ("a.jsonl", b'{"a": "' + b"x" * MAX_ROW + b'"}\n{"a": 1}\n', ["too_large", {"a": 1}]),
        ("a.jsonl", b'{"a": "x\x00y"}\n{"a": "x\\u0000y"}', ["malformed_json", {"a": "x\x00y"}]),
        ("a.csv", b"a,b\r1,2\r3,4\r", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a.csv", b"a,b\n1," + b"x" * (MAX_ROW + 5) + b"\n3,4\n", ["malformed_line", {"a": "3", "b": "4"}]),
        ("a.json", b" []", []),
        ("a.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n", [{"a": "1", "b": "2"}, "wrong_columns", "wrong_columns", {"a": "7", "b": "8"}]),
        ("a.csv", b"a,b\n1,\xff\n3,4\n", ["bad_encoding", {"a": "3", "b": "4"}]),
        ("a.csv", b"a,b\n" + b"x" * 200_000 + b",1\n3,4\n", ["malformed_line", {"a": "3", "b": "4"}]),
        ("a.csv", b"", []),
    ],
)
def test_a_bad_line_has_a_reason_and_the_rest_goes_on(tmp_path, name, data, expected):
    (tmp_path / name).write_bytes(data)
    assert outcome(tmp_path / name) == expected


def test_reasons_quote_nothing_of_the_row(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"post": "a secret" "broken"}\n')
    [bad] = read_rows(tmp_path / "a.jsonl")
    assert isinstance(bad, Unreadable)
    assert "secret" not in bad.detail
    assert "secret" in bad.content


@pytest.mark.parametrize(
    ("name", "data", "message"), [("none.jsonl", None, "does not exist.*optional: true"), ("a.xlsx", b"x", "suffix '.xlsx'")]
)
def test_a_file_that_is_missing_or_of_an_unknown_kind_is_an_error_with_a_remedy(tmp_path, name, data, message):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(LoadError, match=message):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize(("name", "tab"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ",")])
def test_two_columns_of_one_name_are_an_error_that_names_the_column(tmp_path, name, tab):
    data = "text,label,text,\n1,2,3,\n".replace(",", tab).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(LoadError, match=f"{name} has more than one column 'text': rename"):
        list(read_rows(tmp_path / name))
    with pytest.raises(LoadError, match=r"'x'.*correct `columns`"):
        list(read_rows(tmp_path / name, ("x", "y", "x", "z")))
    assert outcome(tmp_path / name, ("w", "x", "y", "z"))[1] == {"w": "1", "x": "2", "y": "3", "z": ""}


def test_columns_without_name_are_no_error(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b,,\n1,2,,\n")
    assert outcome(tmp_path / "a.csv") == [{"a": "1", "b": "2", "": ""}]


def cut(path, share=0.7):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def test_a_file_that_breaks_off_keeps_its_rows_and_says_that_the_rest_is_lost(tmp_path):
    rows = [{"a": f"number {i} " + "x" * (i % 97)} for i in range(5000)]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as sink:
        sink.write_table(table, max_chunksize=500)
    for name in ("a.jsonl.gz", "a.arrow"):
        cut(tmp_path / name)
        *kept, last = outcome(tmp_path / name)
        assert last == "broken_off", name
        assert kept == rows[: len(kept)]
        assert kept
    pq.write_table(table, tmp_path / "a.parquet")
    cut(tmp_path / "a.parquet")
    assert outcome(tmp_path / "a.parquet") == ["unreadable_file"], "what the rows are stands at the end of a Parquet file"


def test_files_that_expand_beyond_all_text_are_not_expanded(tmp_path):
    zeros = b"0" * (BOMB_BYTES + 1)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' + zeros, compresslevel=1))
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(zeros, compresslevel=1))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(zeros, compresslevel=1))
    one = pa.table({"a": ["0" * (BOMB_BYTES + 1)]})
    pq.write_table(one, tmp_path / "page.parquet", compression="zstd", use_dictionary=False, write_statistics=False)
    pq.write_table(pa.table({"a": pa.nulls(4_000_000)}), tmp_path / "rows.parquet")
    for name in ("a.jsonl.gz", "a.json.gz", "a.csv.gz", "page.parquet", "rows.parquet"):
        assert (tmp_path / name).stat().st_size < 1_000_000, name
        found = outcome(tmp_path / name)
        assert found[-1] == "decompression_bomb", name
        assert len(found) < 3


def test_one_long_text_in_every_row_of_a_small_file_is_rejected_row_by_row(tmp_path):
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 40, pa.int32()), pa.array(["y" * (MAX_ROW + 1)]))
    table = pa.table({"a": long, "b": [str(i) for i in range(40)]})
    pq.write_table(table, tmp_path / "a.parquet", dictionary_pagesize_limit=2 * MAX_ROW)
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as sink:
        sink.write_table(table)
    for name in ("a.parquet", "a.arrow"):
        found = list(read_rows(tmp_path / name))
        assert [(row.reason, row.number) for row in found] == [("too_large", i) for i in range(1, 41)], name
        assert all(len(row.content) < 100_000 for row in found)


def test_a_row_of_a_table_with_text_that_is_not_utf8_leaves_the_others(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffc")])
    pq.write_table(pa.table({"a": bad}), tmp_path / "a.parquet")
    assert outcome(tmp_path / "a.parquet") == [{"a": "a"}, "bad_encoding", {"a": "c"}]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".jsonl", ".json", ".csv", ".tsv"]), st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_crash_a_loader(tmp_path, suffix, junk, at):
    good = {".jsonl": b'{"a": "x", "b": "y"}\n' * 8, ".json": b"[" + b'{"a": "x", "b": "y"},' * 8 + b"]"}.get(suffix, b"a,b\n1,2\n" * 20)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(good[:at] + junk + good[at:])
    rows = list(read_rows(path))
    assert all(isinstance(row, Row) or row.reason for row in rows)
    assert suffix == ".json" or not any(isinstance(row, Unreadable) and row.reason in LOST for row in rows)
    json.dumps([row.value if isinstance(row, Row) else row.content for row in rows], ensure_ascii=False).encode()
