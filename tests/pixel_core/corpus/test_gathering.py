"""Records whose rows lie scattered over a source larger than what is held in memory: as if all were."""

import csv
import datetime
import random
from decimal import Decimal

import polars as pl
import pytest

from pixel_core.corpus import gathering, import_source
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.source_rows import Row
from tests.pixel_core.corpus.adapters.test_labelled import pair
from tests.pixel_core.corpus.adapters.test_sessions import said
from tests.pixel_core.corpus.worlds import entry, recipe


@pytest.mark.parametrize("held", [1, 400, 1 << 26])
def test_rows_come_back_by_record_in_the_order_in_which_records_first_came(tmp_path, monkeypatch, held):
    monkeypatch.setattr(gathering, "HELD_CHARACTERS", held)
    drawn, found, wanted = random.Random(1), Gathering(tmp_path), {}
    for number in range(40):
        key = ("a.csv", str(drawn.randrange(12)))
        row = Row("a.csv", number, {"text": f"{key} \u00e9 \x00", "at": [number, None, 0.5, True]})
        wanted.setdefault(key, []).append(row)
        found.add(key, row)
    assert list(found.records()) == list(wanted.values())
    assert list(tmp_path.iterdir()) == [], "its parts are gone when all was given back"


def test_nothing_gathered_gives_nothing(tmp_path):
    assert list(Gathering(tmp_path).records()) == []


def test_times_and_decimals_become_text_and_bytes_do_not(tmp_path):
    found = Gathering(tmp_path)
    found.add(("x",), Row("a.parquet", 1, {"time": datetime.time(0, 1, 2), "rate": Decimal("1.50"), "text": b"Hi."}))
    [[row]] = found.records()
    assert (row.value["time"], row.value["rate"]) == ("00:01:02", "1.50")
    assert not isinstance(row.value["text"], str)


def sessions(path):
    """A turn table whose sessions lie scattered, some of them faulty."""
    drawn = random.Random(2)
    rows = [
        said(turn, ("therapist", "client")[turn % 2], f"That is what I mean, number {name} and {turn}.") | {"transcript_id": str(name)}
        for name in range(24)
        for turn in range(6)
    ]
    rows += [said(0, "nurse", "Yes.") | {"transcript_id": str(name)} for name in (3, 7)]
    drawn.shuffle(rows)
    table(path / "sample.csv", rows)
    return entry("annomi", files=("sample.csv",))


def joined(path):
    """Labels of one pair in three files, in different orders, some of which contradict."""
    drawn = random.Random(3)
    for stem in ("emotional-reactions", "interpretations", "explorations"):
        rows = [
            pair(str(drawn.randrange(3)), f"That is hard {at}." if drawn.random() < 0.95 else "No.", f"r{at}", f"I lost my job, {at}.")
            for at in range(40)
        ]
        drawn.shuffle(rows)
        table(path / f"{stem}.csv", rows)
    files = tuple(f"{stem}.csv" for stem in ("emotional-reactions", "interpretations", "explorations"))
    return entry("epitome", "supervision", files=files)


def table(path, rows):
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("made", [sessions, joined])
def test_a_source_gathered_in_parts_has_the_same_bytes_as_one_gathered_in_memory(tmp_path, monkeypatch, made):
    source = made(tmp_path)

    def imported(name):
        return import_source(source, tmp_path / name, data_root=tmp_path, recipe=recipe("corpus.min_characters=1").corpus)

    whole = imported("whole")
    monkeypatch.setattr(gathering, "HELD_CHARACTERS", 8_000)
    parts = imported("parts")
    assert whole.summary.rows > 20
    assert whole.summary.rejects
    assert parts.manifest.files == whole.manifest.files
    assert pl.read_parquet(parts.folder / "rejected.parquet").equals(pl.read_parquet(whole.folder / "rejected.parquet"))
