"""Files that are damaged in every way that disks, scripts and people damage them: each row ends kept or rejected.

None stops a source but a table that names two columns alike.
"""

import gzip
import io
import json
import random
import re
import zlib
from collections import Counter

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixel_core.corpus import import_source
from pixel_core.corpus.loaders import LoadError, read_rows
from pixel_core.corpus.source_rows import MAX_ROW
from tests.pixel_core.corpus.worlds import entry, recipe

ROWS = [
    {"id": str(i), "question": f"What shall I do about worry number {i}?", "answer": f"Tell me when it began, and what {i} means to you."}
    for i in range(6)
]
KINDS = ("a.jsonl", "a.json", "a.csv", "a.tsv", "a.jsonl.gz", "a.csv.gz", "a.json.gz", "a.parquet", "a.arrow")
SAID = [
    "\x00",
    "\ufeff",
    "\ud800",
    "é\u0301",
    "\U0001f600" * 50,
    "<script>x</script>",
    "As an AI",
    "a.b." * 300,
    "=1+1",
    " ",
    "\r\n",
    '"',
    "\t",
]


def encoded(rows, name):
    """The bytes of a file of this name; what a format cannot hold is written as its text."""
    if name.endswith(".gz"):
        return gzip.compress(encoded(rows, name[:-3]), mtime=0)
    if name.endswith(".jsonl"):
        return "\n".join(json.dumps(row) for row in rows).encode()
    if name.endswith(".json"):
        return json.dumps(rows).encode()
    flat = [{key: value if isinstance(value, str) else json.dumps(value) for key, value in row.items()} for row in rows]
    clean = [{key: value.encode("utf-8", "replace").decode() for key, value in row.items()} for row in flat]
    columns = list(dict.fromkeys(key for row in clean for key in row))
    if name.endswith((".csv", ".tsv")):
        return pl.DataFrame(clean, schema=dict.fromkeys(columns, pl.String)).write_csv(separator="\t" if "tsv" in name else ",").encode()
    table, sink = pa.table({key: [row.get(key) for row in clean] for key in columns}), io.BytesIO()
    if name.endswith(".parquet"):
        pq.write_table(table, sink, row_group_size=3)
    else:
        with pa.ipc.new_stream(sink, table.schema) as out:
            out.write_table(table, max_chunksize=3)
    return sink.getvalue()


def nested(rng):
    value = "x"
    for _ in range(rng.choice([3, 70, 400])):
        value = [value] if rng.random() < 0.5 else {"question": value}
    return value


def changed_rows(rng):
    """Rows with wrong types, missing columns, nesting, huge and odd texts."""
    rows = [dict(row) for row in ROWS]
    for row in rng.sample(rows, rng.randint(1, 3)):
        column = rng.choice(["id", "question", "answer"])
        match rng.randint(0, 5):
            case 0:
                row[column] = rng.choice([None, True, -1, 1e308, [], {}, ["a"], [1, [2]], {"a": {"b": "c"}}])
            case 1:
                row.pop(column)
            case 2:
                row[column] = nested(rng)
            case 3:
                row[column] = rng.choice(SAID) * rng.choice([1, 7, 2_000])
            case 4:
                row[column] += rng.choice(SAID)
            case 5:
                row[rng.choice(["", "question ", "x" * 500])] = row.pop(column)
    return rows


def changed_bytes(data, rng):
    """Bytes cut, doubled, overwritten, put in from elsewhere, or written in another encoding."""
    at = rng.randrange(len(data) + 1)
    torn = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        torn[rng.randrange(len(torn))] ^= 1 << rng.randrange(8)
    ways = (
        data[:at],
        data[at:],
        data[:at] + bytes(rng.randrange(256) for _ in range(rng.choice([1, 4, 40]))) + data[at:],
        data[:at] + b"\x00" * rng.choice([1, 8, 5_000]) + data[at + 8 :],
        data[:at] + data[: rng.randrange(len(data) + 1)],
        bytes(torn),
        data.decode("utf-8", "replace").encode(rng.choice(["utf-16", "cp1252", "utf-7", "latin-1"]), "replace"),
    )
    return rng.choice(ways)


def bomb(name, rng):
    """A small file that is large inside: one long text in every row, or a long line."""
    size = rng.choice([MAX_ROW // 8, MAX_ROW + 1])
    rows = [{"id": "0", "question": "y " * (size // 2), "answer": "And then?"}] * 3
    return encoded([*rows, *ROWS[:3]], name)


def mutated(seed):
    """A file name, its bytes, and how many rows were written where the bytes are still those; the same seed gives the same."""
    rng = random.Random(f"bad input:{seed}")
    name = KINDS[seed % len(KINDS)]
    if rng.random() < 0.01:
        return name, bomb(name, rng), len(ROWS)
    rows = changed_rows(rng) if rng.random() < 0.6 else ROWS
    data, written = encoded(rows, name), len(rows)
    if rng.random() < 0.6:
        data, written = changed_bytes(data, rng), None
    if rng.random() < 0.02:
        name, written = name.replace(".gz", "") if name.endswith(".gz") else rng.choice(KINDS), None  # under a wrong name
    return name, data, written


def known_rows(name, data, written):
    """How many rows a file must be read as, counted from its bytes alone; None where damage may have joined or divided rows.

    A line of JSON Lines is a row, whatever it holds; in a table that knows no quotes so is a line behind the header.
    """
    if name.endswith(".jsonl.gz"):
        try:
            data, name = gzip.decompress(data), name[:-3]
        except (OSError, EOFError, zlib.error):
            return None
    if name.endswith(".jsonl"):
        return sum(bool(line.strip()) for line in data.split(b"\n"))
    if name.endswith(".tsv") and written is not None:
        return sum(bool(line) for line in re.split(rb"\r\n|\r|\n", data)) - 1
    return written


def names_two_columns_alike(path):
    """Whether a table's header names a column twice, which stops a source: whoever runs it has to say which is meant."""
    try:
        next(iter(read_rows(path)), None)
    except LoadError as error:
        return "has more than one column" in str(error)
    return False


def accounted(folder, seeds):
    """The sources built of the files of these seeds, 60 files a source; every count is added up."""
    kept, reasons, counted, ambiguous = 0, Counter(), 0, 0
    for first in range(0, len(seeds), 60):
        names, known = [], {}
        for seed in seeds[first : first + 60]:
            name, data, written = mutated(seed)
            path = folder / f"{seed}{name[1:]}"
            path.write_bytes(data)
            if names_two_columns_alike(path):
                assert written is None, "only damage does that"
                ambiguous += 1
                continue
            names.append(path.name)
            known[path.name] = known_rows(name, data, written)
        source = entry("question_answer", files=tuple(names), keep=("id",))
        built = import_source(source, folder / "out", data_root=folder, recipe=recipe().corpus)
        figures, rejects = built.summary.figures, sum(built.summary.rejects.values())
        assert figures["read"] == built.summary.rows + figures["merged"] + rejects
        assert figures["rows_read"] == figures["rows_folded"] + figures["read"]
        written = pl.read_parquet(built.folder / "rejected.parquet")
        assert written.height == rejects == written.filter(pl.col("reason").str.contains(r"^[a-z_]+$")).height
        found = pl.read_parquet(built.folder / "conversations.parquet")
        assert found.height == built.summary.rows
        places = [place["locator"] for row in found["provenance"] for place in row] + written["position"].to_list()
        told = Counter(place.rpartition(" row ")[0] for place in set(places))
        assert len(set(places)) == figures["read"], "every row that was read ends in one place"
        assert {name: told[name] for name, rows in known.items() if rows is not None} == {n: r for n, r in known.items() if r is not None}
        counted += sum(rows is not None for rows in known.values())
        empty = {name for name in set(names) - set(told) if _rows_of(folder / name)}
        assert not empty, "every file that holds anything is accounted for"
        kept, reasons = kept + figures["merged"] + built.summary.rows, reasons + Counter(built.summary.rejects)
    assert counted > len(seeds) // 3, "of many files the number of rows is known"
    assert ambiguous <= len(seeds) // 20, "few files stop a source, all for the same reason"
    return kept, reasons


def _rows_of(path):
    """Whether a file holds a line beside a header, as far as can be told without reading it as what it claims to be."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return len(data) > 40
    return data.strip().count(b"\n") > 1 if path.suffix in (".csv", ".tsv") else bool(data.strip().strip(b"[]"))


def test_each_row_of_a_thousand_mutated_files_ends_kept_or_rejected_with_a_reason(tmp_path):
    kept, reasons = accounted(tmp_path, range(1_020))
    assert kept > 3_000, "the mutations leave most rows alone"
    expected = {
        "malformed_json",
        "missing_field",
        "wrong_type",
        "empty_field",
        "wrong_columns",
        "bad_encoding",
        "too_deep",
    }
    assert expected | {"too_long", "unreadable_file", "broken_off"} <= set(reasons), (
        "the kinds of damage all occur, so the property is not empty"
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_more_are_accounted_for(tmp_path):
    accounted(tmp_path, range(1_020, 11_220))


def test_the_same_seed_gives_the_same_file():
    assert [mutated(seed) for seed in range(20)] == [mutated(seed) for seed in range(20)]
