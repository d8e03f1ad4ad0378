import polars as pl
import pytest

from pixel_core.corpus import collect_pairs, import_source
from pixel_core.corpus.pairs import PAIR_SCHEMA, PreferencePair, read_pairs, write_pairs
from pixel_core.corpus.population import CorpusError
from pixel_core.corpus.quality import check_pairs
from pixel_core.corpus.sieve import Sieve
from tests.broken.sealing import seal
from tests.pixel_core.corpus.worlds import artifact, conversation, entry, lines, recipe


def source(tmp_path, name, *pairs):
    (tmp_path / name).mkdir()
    lines(tmp_path / name / "sample.jsonl", [dict(zip(("prompt", "chosen", "rejected"), pair, strict=True)) for pair in pairs])
    made = entry("preference", "preference").model_copy(update={"name": name})
    return import_source(made, tmp_path / name / "out", data_root=tmp_path / name, recipe=recipe().corpus).folder


def test_pairs_of_all_sources_stand_once_with_their_provenance(tmp_path):
    found = {
        "source_conversations/a": source(tmp_path, "a", ("p", "x", "y"), ("q", "x", "y")),
        "source_conversations/b": source(tmp_path, "b", ("p", "x", "y"), ("q", "y", "x"), ("r", "x", "y")),
    }
    artifact(tmp_path / "c", [conversation(1)])
    built = collect_pairs(found | {"source_conversations/c": tmp_path / "c"}, tmp_path / "out")
    pairs = {pair.prompt: pair for pair in read_pairs(built.folder / "pairs.parquet")}
    assert set(pairs) == {"p", "r"}
    assert [p.source for p in pairs["p"].provenance] == ["a", "b"]
    assert built.summary.rejects == {"preference_conflict": 2}
    assert dict(built.summary.figures) == {"read": 5, "merged": 1, "sources": 2}
    assert check_pairs(built.folder).passed
    assert collect_pairs(found | {"source_conversations/c": tmp_path / "c"}, tmp_path / "out").skipped


def test_a_source_that_is_not_built_is_an_error_and_none_gives_an_empty_table(tmp_path):
    with pytest.raises(CorpusError, match="source_conversations/a is selected"):
        collect_pairs({"source_conversations/a": tmp_path / "a"}, tmp_path / "out")
    built = collect_pairs({}, tmp_path / "out")
    assert pl.read_parquet_schema(built.folder / "pairs.parquet") == PAIR_SCHEMA
    assert built.summary.rows == 0


def test_pairs_survive_the_table(tmp_path):
    pair = PreferencePair("p", "x", "y", conversation(1).provenance)
    write_pairs(tmp_path / "pairs.parquet", [pair])
    assert read_pairs(tmp_path / "pairs.parquet") == [pair]
    assert pl.read_parquet(tmp_path / "pairs.parquet")["id"].to_list() == [pair.id]


ITEM = "Every third Tuesday the ferryman counts his ropes twice, once for the river and once for his mother who drowned in it."
SHORT = "Whose turn is it to feed the owl?"


def test_a_pair_that_holds_an_evaluation_text_anywhere_is_rejected_and_the_scan_of_the_file_agrees(tmp_path):
    words = ITEM.split()
    told = [
        ("How are you?", ITEM, "Fine."),
        (f"I read this. {' '.join(words[4:])}", "Yes.", "No."),
        ("And then?", "Nothing.", f"{' '.join(words[12:])} {' '.join(words[:12])}"),
        (SHORT, "Mine.", "Yours."),
        ("I feed the owl on Tuesday.", "Every third one?", "Count your ropes."),
    ]
    found = {"source_conversations/a": source(tmp_path, "a", *told)}
    assert collect_pairs(found, tmp_path / "all").summary.rows == 5
    built = collect_pairs(found, tmp_path / "out", sieve=Sieve(held_out=(ITEM, SHORT)))
    assert [pair.prompt for pair in read_pairs(built.folder / "pairs.parquet")] == ["I feed the owl on Tuesday."]
    assert built.summary.rejects == {"held_out_exact": 2, "held_out_passage": 2}
    assert check_pairs(built.folder).failed == ()
    write_pairs(built.folder / "pairs.parquet", read_pairs(tmp_path / "all" / "pairs.parquet"))
    seal(built.folder)
    failed = {finding.name: finding for finding in check_pairs(built.folder).failed}
    assert failed["rows that hold an evaluation text"].reasons == {"pairs": 4}
