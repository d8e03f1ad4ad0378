import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixel_core.corpus.loaders import LoadError, Row, Unreadable, read_rows

ROWS = [{"a": "1", "b": "one, two"}, {"a": "2", "b": 'he said "no"\nand left'}, {"a": "3", "b": "é"}]


def outcome(path, columns=()):
    return [r.value if isinstance(r, Row) else r.reason for r in read_rows(path, columns)]


def test_every_format_gives_the_same_rows(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in ROWS))
    (tmp_path / "a.json").write_text(json.dumps(ROWS, indent=1))
    pl.DataFrame(ROWS).write_csv(tmp_path / "a.csv")
    pl.DataFrame(ROWS).write_parquet(tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.json", "a.csv", "a.parquet"):
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
        ("a.json", b'[{"a": 1}, {"a": 2}, {"a": ', [{"a": 1}, {"a": 2}, "malformed_json"]),
        ("a.json", b'[{"a": 1}, 5, {"a": 2}]', [{"a": 1}, "not_an_object", {"a": 2}]),
        ("a.json", b"[" * 100_000, ["malformed_json"]),
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
    ("name", "data", "message"),
    [
        ("none.jsonl", None, "does not exist.*optional: true"),
        ("a.xlsx", b"x", "suffix '.xlsx'"),
        ("a.parquet", b"no parquet", "not a Parquet file"),
        ("a.json", b'{"a": 1}', "does not hold a JSON list"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_an_error_with_a_remedy(tmp_path, name, data, message):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(LoadError, match=message):
        list(read_rows(tmp_path / name))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".jsonl", ".json", ".csv", ".tsv"]), st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_crash_a_loader(tmp_path, suffix, junk, at):
    good = {".jsonl": b'{"a": "x", "b": "y"}\n' * 8, ".json": b"[" + b'{"a": "x", "b": "y"},' * 8 + b"]"}.get(suffix, b"a,b\n1,2\n" * 20)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(good[:at] + junk + good[at:])
    try:
        rows = list(read_rows(path))
    except LoadError:
        assert suffix == ".json"  # junk before the list: the file is no list
        return
    assert all(isinstance(row, Row) or row.reason for row in rows)
    json.dumps([row.value if isinstance(row, Row) else row.content for row in rows], ensure_ascii=False).encode()
