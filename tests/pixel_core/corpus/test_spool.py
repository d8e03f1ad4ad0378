"""A source that is larger than what is held in memory: the same rows, rejects and order as one that is not."""

import json
import random
from dataclasses import replace

import polars as pl
import pytest

from pixel_core.artifacts import Summary, build, read_manifest
from pixel_core.conversation import CONVERSATION_SCHEMA, from_frame, to_frame
from pixel_core.corpus import collect_pairs, import_source, spool
from pixel_core.corpus.contracts import source_contract
from pixel_core.corpus.pairs import PreferencePair, write_pairs
from pixel_core.corpus.quality import check_pairs, check_source_accounts
from pixel_core.corpus.records import Records
from pixel_core.corpus.sieve import Sieve
from pixel_core.corpus.spool import Aside, Spool, write_stretches
from pixel_core.rejects import REJECT_SCHEMA, Reject
from tests.pixel_core.corpus.worlds import conversation, entry, lines, recipe


def rows(count):
    """Dialogues of which some repeat others, some with labels that contradict, and lines that are broken."""
    drawn = random.Random(3)
    for number in range(count):
        text = f"I lost my job number {number if drawn.random() < 0.7 else drawn.randrange(count)}."
        code = "Information" if drawn.random() < 0.9 else "Self-disclosure"
        dialog = [{"speaker": "usr", "text": text}, {"speaker": "sys", "text": "That is hard, I hear you.", "strategy": code}]
        yield {"dialog": dialog} if drawn.random() < 0.95 else "{broken"


def imported(tmp_path, name):
    out = tmp_path / name
    return import_source(entry("esconv"), out, data_root=tmp_path, recipe=recipe().corpus)


def pairs(count):
    """Preference pairs of which some repeat others, some prefer what another rejects, and some prefer nothing."""
    drawn = random.Random(4)
    for number in range(count):
        prompt = f"I lost my job number {number if drawn.random() < 0.5 else drawn.randrange(count)}."
        replies = ["That is hard, I hear you.", "Cheer up, others have it worse."]
        chosen, rejected = replies if drawn.random() < 0.8 else drawn.choices(replies, k=2)
        yield {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def test_preference_pairs_in_parts_are_those_in_memory_and_their_checks_read_them_in_stretches(tmp_path, monkeypatch):
    lines(tmp_path / "sample.jsonl", pairs(120))

    def built(name):
        source = entry("preference", "preference")
        folder = import_source(source, tmp_path / name, data_root=tmp_path, recipe=recipe().corpus).folder
        return folder, collect_pairs({"source_conversations/a": folder}, tmp_path / f"{name}-all").folder

    whole = built("whole")
    for constant, value in (("HELD", 20), ("READ", 20), ("HELD_CHARACTERS", 200)):
        monkeypatch.setattr(spool, constant, value)
    for one, other in zip(whole, built("parts"), strict=True):
        first, second = read_manifest(one), read_manifest(other)
        assert second.summary == first.summary
        for path in one.glob("*.parquet"):
            assert pl.read_parquet(path).equals(pl.read_parquet(other / path.name)), path.name
    summary = read_manifest(whole[0]).summary
    assert summary.rejects["preference_conflict"] > 1
    assert summary.figures["merged"] > 1
    assert check_source_accounts(tmp_path / "parts").passed
    assert source_contract(tmp_path / "parts").passed
    assert check_pairs(tmp_path / "parts-all").passed


def test_a_pair_that_stands_twice_or_is_contradicted_far_away_fails_its_check(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "READ", 3)
    found = [PreferencePair(f"p{number}", "better", "worse", conversation(1).provenance) for number in range(10)]
    told = [*found, found[0], replace(found[1], chosen="worse", rejected="better")]

    def write(folder):
        Sieve().write(folder)
        return Summary(rows=write_pairs(folder / "pairs.parquet", told), figures={"read": len(told), "merged": 0})

    build(tmp_path / "out", kind="preference_pairs", version="1", inputs={}, write=write)
    finding, *_ = check_pairs(tmp_path / "out").failed
    assert finding.reasons == {"repeated": 1, "contradicted": 2}


@pytest.mark.parametrize("held", [7, 50])
def test_a_source_in_parts_has_the_same_rows_rejects_and_figures_as_one_in_memory(tmp_path, monkeypatch, held):
    lines(tmp_path / "sample.jsonl", rows(300))
    whole = imported(tmp_path, "whole")
    monkeypatch.setattr(spool, "HELD", held)
    monkeypatch.setattr(spool, "HELD_CHARACTERS", 200)
    parts = imported(tmp_path, "parts")
    assert parts.summary == whole.summary
    assert parts.summary.rejects["label_conflict"] > 0
    assert parts.summary.figures["merged"] > 0
    assert sorted(path.name for path in parts.folder.iterdir()) == sorted(path.name for path in whole.folder.iterdir())
    for path in whole.folder.glob("*.parquet"):
        assert pl.read_parquet(path).equals(pl.read_parquet(parts.folder / path.name)), path.name
    monkeypatch.setattr(spool, "READ", held)
    assert check_source_accounts(parts.folder).passed


def test_one_text_stands_in_one_stretch_in_order_of_arrival(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "HELD", 5)
    found = Spool(tmp_path, to_frame)
    for number in range(40):
        found.add(f"row {number}", conversation(number % 11))
    frames = list(found.stretches())
    together = pl.concat(frames)
    assert together["id"].is_sorted()
    assert sum(frame["id"].n_unique() for frame in frames) == 11
    assert together.sort("order")["position"].to_list() == [f"row {number}" for number in range(40)]
    assert all(frame.filter(id=name)["order"].is_sorted() for frame in frames for name in frame["id"].unique())
    assert list(tmp_path.iterdir()) == [], "its parts are gone when all was given back"


def test_rows_beyond_one_row_group_read_back_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "GROUP", 8)
    found = Spool(tmp_path, to_frame)
    for number in range(30):
        found.add("row", conversation(number, extra={"at": number}))
    frame = pl.concat(found.stretches()).select(list(CONVERSATION_SCHEMA))
    path = tmp_path / "conversations.parquet"
    assert write_stretches(path, (frame.slice(at, 3) for at in range(0, 30, 3))) == 30
    assert pl.read_parquet(path).equals(frame)
    assert dict(pl.read_parquet_schema(path)) == dict(CONVERSATION_SCHEMA)
    numbers = pl.Series([29, 3, 3, 8], dtype=pl.UInt32)
    taken = Records({"a": path}).take(numbers)
    assert [json.loads(extra)["at"] for extra in taken["extra"]] == [c.extra["at"] for c in from_frame(frame[numbers])]


def test_a_source_in_row_groups_keeps_its_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "GROUP", 50)
    monkeypatch.setattr(spool, "READ", 30)
    lines(tmp_path / "sample.jsonl", rows(200))
    assert source_contract(imported(tmp_path, "out").folder).passed


def test_what_is_put_aside_keeps_its_order_and_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "HELD_CHARACTERS", 30)
    aside = Aside(tmp_path)
    for number in range(20):
        aside.add(Reject("a", f"row {number}", "odd" if number % 2 else "even", "", "x" * number))
    aside.write()
    found = pl.read_parquet(tmp_path / "rejected.parquet")
    assert found["position"].to_list() == [f"row {number}" for number in range(20)]
    assert dict(found.schema) == dict(REJECT_SCHEMA)
    assert (len(aside), dict(aside.reasons)) == (20, {"odd": 10, "even": 10})
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.parquet"]
