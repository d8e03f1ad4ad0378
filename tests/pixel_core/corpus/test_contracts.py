import json
from dataclasses import replace

import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError
from pixel_core.conversation import Turn
from pixel_core.corpus import build_mixture, import_source, mixture_contract, source_contract
from pixel_core.corpus.pairs import write_pairs
from tests.broken.corpus import first, rewrite, source
from tests.broken.sealing import seal
from tests.pixel_core.corpus.worlds import entry, lines, recipe, sources


def test_sound_sources_hold_the_contract(tmp_path):
    found = source_contract(source(tmp_path))
    assert found.passed, found
    assert len(found.items) > 10


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: replace(c, group=""), "group"),
        (lambda c: replace(c, difficulty=0), "difficulty"),
        (lambda c: replace(c, category="poems"), "category"),
        (lambda c: replace(c, turns=tuple(replace(t, learn=False) for t in c.turns)), "learns"),
        (lambda c: replace(c, turns=(Turn("user", "client", "  "), *c.turns[1:])), "shortest_turn"),
        (lambda c: replace(c, provenance=()), "provenance"),
        (lambda c: replace(c, provenance=(replace(c.provenance[0], consent=""),)), "blank_provenance"),
    ],
)
def test_a_row_that_breaks_a_rule_fails_its_column_and_is_not_quoted(tmp_path, change, named):
    folder = source(tmp_path)
    rewrite(folder / "conversations.parquet", first(change))
    found = source_contract(folder)
    assert [f.name.split()[1] for f in found.failed] == [named]
    assert "worry" not in str(found)


def test_repeated_ids_and_other_columns_fail(tmp_path):
    folder = source(tmp_path)
    path = folder / "conversations.parquet"
    frame = pl.read_parquet(path)
    pl.concat([frame, frame[:1]]).with_columns(note=pl.lit("x")).write_parquet(path)
    seal(folder)
    assert {f.name.split()[1] for f in source_contract(folder).failed} == {"schema", "id"}


def test_an_empty_source_fails_unless_it_is_optional_and_missing(tmp_path):
    folder = source(tmp_path)
    rewrite(folder / "conversations.parquet", lambda rows: [])
    assert not source_contract(folder).passed
    missing = import_source(
        entry("esconv", optional=True, files=("none.jsonl",)), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus
    )
    assert source_contract(missing.folder).passed


def test_pairs_have_a_contract_of_their_own(tmp_path):
    lines(tmp_path / "sample.jsonl", [{"prompt": f"p{i}", "chosen": "x", "rejected": "y"} for i in range(3)])
    built = import_source(entry("preference", "preference"), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert source_contract(built.folder).passed
    write_pairs(built.folder / "pairs.parquet", [])
    seal(built.folder)
    assert [f.name for f in source_contract(built.folder).failed] == ["pairs rows table_row_count_to_be_between"]


def test_the_mixture_holds_its_contract_and_an_altered_file_is_no_artifact(tmp_path):
    folder = build_mixture(recipe(), sources(tmp_path / "world"), tmp_path / "mixture").folder
    found = mixture_contract(folder)
    assert found.passed, found
    json.dumps([str(f) for f in found.items])
    (folder / "test.parquet").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"test\.parquet differs"):
        mixture_contract(folder)
