from dataclasses import replace

import polars as pl
import pytest

from pixel_core.conversation import from_frame, read_conversations
from pixel_core.corpus import records as module
from pixel_core.corpus.population import gather
from pixel_core.corpus.records import Records
from tests.pixel_core.corpus.worlds import artifact, conversation


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Two files of seven and five conversations, read three rows together."""
    monkeypatch.setattr(module, "STRETCH", 3)
    for name, keys in (("a", range(7)), ("b", range(7, 12))):
        artifact(tmp_path / name, [conversation(key, source=name) for key in keys])
    files = {name: tmp_path / name / "conversations.parquet" for name in "ab"}
    return Records(files), [c for path in files.values() for c in read_conversations(path)]


def test_stretches_number_the_rows_of_all_files_in_order(found):
    records, rows = found
    frame = pl.concat(records.stretches(["id"]))
    assert len(records) == 12
    assert frame["number"].to_list() == list(range(12))
    assert frame["id"].to_list() == [c.id for c in rows]
    assert frame["source"].to_list() == ["a"] * 7 + ["b"] * 5


def test_rows_are_taken_in_the_order_asked_for_and_as_often(found):
    records, rows = found
    numbers = pl.Series([11, 0, 7, 0])
    assert list(from_frame(records.take(numbers))) == [rows[number] for number in numbers]
    assert records.take(pl.Series([], dtype=pl.UInt32)).is_empty()


def test_texts_and_turns_are_sequences(found):
    records, rows = found
    assert list(records.texts) == records.texts[0:12] == [c.text for c in rows]
    assert list(records.spoken) == [[turn.content for turn in c.turns] for c in rows]
    assert records.texts[11] == rows[11].text
    assert records.texts[2:5] == [c.text for c in rows[2:5]]
    with pytest.raises(IndexError):
        records.texts[12]


def test_a_united_conversation_stands_after_the_files_and_its_parts_say_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STRETCH", 2)
    for name in "ab":
        artifact(tmp_path / name, [conversation(key, source=name) for key in (1, 2, {"a": 3, "b": 4}[name])])
    records = gather({f"source_conversations/{name}": tmp_path / name for name in "ab"}).records
    assert len(records) == 8
    assert len(records.gone) == 4
    assert [number for number, text in enumerate(records.texts) if not text] == sorted(records.gone)
    assert [number for number, turns in enumerate(records.spoken) if not turns] == sorted(records.gone)
    [one, other] = from_frame(records.take(pl.Series([6, 7])))
    assert {one.id, other.id} == {conversation(1).id, conversation(2).id}
    assert {place.source for place in replace(one).provenance} == {"a", "b"}
