import json
import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pixel_core.artifacts import Summary, build, read_manifest
from pixel_core.conversation import Label, read_conversations, validate
from pixel_core.corpus import Composed, build_head_examples, build_mixture
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.population import CorpusError
from tests.pixel_core.corpus.worlds import artifact, conversation, post, recipe, sources


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    found = sources(root)
    build_mixture(recipe(), found, root / "training_mixture")
    return found, root / "training_mixture"


@pytest.fixture(scope="module")
def built(world, tmp_path_factory):
    return build_head_examples(*world, tmp_path_factory.mktemp("heads") / "head_examples")


def test_supervision_rows_and_the_psychology_that_the_mixture_left(built, world):
    rows = [c for split in SPLITS for c in read_conversations(built.folder / f"{split}.parquet")]
    origins = [c.provenance[0].source for c in rows]
    assert origins.count("posts") == 40
    assert origins.count("knowledge") == 60 - 30 == built.summary.figures["from_psychology"]
    assert set(origins) == {"posts", "knowledge"}
    assert built.summary.rows == len(rows) == 70
    drawn = {i for split in SPLITS for i in pl.read_parquet(world[1] / f"{split}.parquet")["id"]}
    assert not drawn & {c.id for c in rows}


def test_nothing_of_them_is_learnt_and_each_is_a_valid_record_with_its_id(built):
    for split in SPLITS:
        stored = pl.read_parquet(built.folder / f"{split}.parquet")["id"].to_list()
        rows = read_conversations(built.folder / f"{split}.parquet")
        assert [c.id for c in rows] == stored == sorted(stored)
        for one in rows:
            validate(one)
            assert one.category == "supervision"
            assert not any(turn.learn for turn in one.turns)


def test_groups_keep_the_split_that_the_mixture_gave_them(built, world):
    split_of = dict(pl.read_parquet(world[1] / "splits.parquet").select("group", "split").iter_rows())
    for split in SPLITS:
        assert {split_of[c.group] for c in read_conversations(built.folder / f"{split}.parquet")} == {split}


def test_coverage_counts_labels_by_output_and_split(built):
    coverage = json.loads((built.folder / "coverage.json").read_text())
    assert sum(coverage["crisis.level"].values()) == 40 == built.summary.figures["labels_crisis"]
    assert all(coverage["crisis.level"][split] for split in SPLITS)
    assert sum(coverage["clinical.*"].values()) == 30


def test_a_large_source_gives_no_more_training_rows_than_it_may_and_rare_labels_stay(world, tmp_path):
    found, mixture = world
    whole = build_head_examples(found, mixture, tmp_path / "whole", seed=20)
    few = build_head_examples(found, mixture, tmp_path / "few", most={"posts": 10}, seed=20)
    kept = {split: read_conversations(few.folder / f"{split}.parquet") for split in SPLITS}
    posts = [c for c in kept["train"] if c.provenance[0].source == "posts"]
    assert len(posts) == 10
    assert len({label.value for c in posts for _, label in c.labels}) == 5, "every level of crisis is still there"
    for split in ("validation", "test"):
        assert kept[split] == read_conversations(whole.folder / f"{split}.parquet"), "what is measured on stays whole"
    figures = few.summary.figures
    assert figures["read"] == few.summary.rows + figures["not_drawn"] == whole.summary.rows
    rest = build_head_examples(found, mixture, tmp_path / "rest", most={"*": 6, "posts": 8}, seed=20)
    origins = [c.provenance[0].source for c in read_conversations(rest.folder / "train.parquet")]
    assert (origins.count("posts"), origins.count("knowledge")) == (8, 6)
    other = build_head_examples(found, mixture, tmp_path / "few", most={"posts": 10}, seed=21)
    assert {c.id for c in read_conversations(other.folder / "train.parquet")} != {c.id for c in kept["train"]}
    with pytest.raises(CorpusError, match=r"corpus\.head_rows names post,"):
        build_head_examples(found, mixture, tmp_path / "none", most={"post": 1})


def test_a_rerun_is_skipped_and_gives_the_same_bytes(built, world, tmp_path):
    again = build_head_examples(*world, tmp_path / "out")
    for split in SPLITS:
        assert (again.folder / f"{split}.parquet").read_bytes() == (built.folder / f"{split}.parquet").read_bytes()
    assert build_head_examples(*world, tmp_path / "out").skipped


def test_a_mixture_of_other_sources_is_refused_with_the_command(world, tmp_path):
    found, mixture = world
    artifact(tmp_path / "sessions", [conversation(9000, source="sessions")])
    with pytest.raises(CorpusError, match=r"another source_conversations/sessions.*--select training_mixture"):
        build_head_examples(found | {"source_conversations/sessions": tmp_path / "sessions"}, mixture, tmp_path / "out")


def test_what_is_composed_stands_in_the_training_split_alone_unless_it_holds_an_evaluation_text(built, world, tmp_path):
    found, mixture = world
    rows = [post(9000 + n, [Label("clinical.F32", 1.0, "derived:test")], source="composed") for n in range(5)]
    more = build_head_examples(found, mixture, tmp_path / "more", composed=Composed(lambda: "first", lambda _: rows))
    of = {split: read_conversations(more.folder / f"{split}.parquet") for split in SPLITS}
    before = {split: read_conversations(built.folder / f"{split}.parquet") for split in SPLITS}
    assert {c.id for c in of["train"]} == {c.id for c in [*before["train"], *rows]}
    assert (of["validation"], of["test"]) == (before["validation"], before["test"])
    assert more.summary.rows == built.summary.rows + 5 == sum(map(len, of.values()))
    assert more.summary.figures["composed"] == 5
    assert build_head_examples(found, mixture, tmp_path / "more", composed=Composed(lambda: "first", lambda _: rows[:1])).skipped
    other = build_head_examples(found, mixture, tmp_path / "more", composed=Composed(lambda: "second", lambda _: rows[:1]))
    assert other.summary.figures["composed"] == 1
    elsewhere = build_mixture(recipe(), found, tmp_path / "training_mixture", held_out_texts=[rows[0].text]).folder
    without = build_head_examples(found, elsewhere, tmp_path / "without", composed=Composed(lambda: "first", lambda _: rows))
    kept = {c.id for c in read_conversations(without.folder / "train.parquet")}
    assert {c.id for c in rows} - kept == {rows[0].id}


def test_what_is_composed_is_held_to_the_rule_of_the_mixture_and_not_to_another(world, tmp_path):
    found, mixture = world
    row = post(9200, [Label("clinical.F32", 1.0, "derived:test")], source="composed")
    near = " ".join([*row.text.split()[:8], "otherwise", "told"])  # eight of its ten words in a row

    def kept(name, encode=None, **rule):
        def write(folder):
            shutil.copytree(mixture, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
            composition = json.loads((folder / "composition.json").read_text())
            assert rule.keys() <= composition.keys()
            (folder / "composition.json").write_text(json.dumps(composition | rule))
            pl.DataFrame({"text": [near]}).write_parquet(folder / "held_out.parquet")
            return Summary(rows=1)

        stored = read_manifest(mixture)
        other = build(tmp_path / name, kind=stored.kind, version=stored.version, inputs=stored.inputs, write=write).folder
        composed = Composed(lambda: name, lambda _: [row], encode)
        return build_head_examples(found, other, tmp_path / f"{name}_heads", composed=composed).summary.figures["composed"]

    def alike(texts):
        return np.array([[1.0, 0.0] if text in (near, row.text) else [0.0, 1.0] for text in texts], np.float32)

    assert kept("in_short_pieces") == 1
    assert kept("in_a_row", held_out_run=7) == 0
    assert kept("in_pieces", held_out_share=0.1) == 1, "six runs are needed however small the share, and it holds four"
    assert kept("in_meaning", alike, held_out_similarity=0.9) == 0
    with pytest.raises(ValueError, match="encoder"):
        kept("mute", held_out_similarity=0.9)


def test_what_is_composed_says_nothing_that_validation_or_test_rows_say(built, world, tmp_path):
    found, mixture = world
    said = {split: next(c for c in read_conversations(built.folder / f"{split}.parquet")).turns[0].content for split in SPLITS}
    rows = [post(9100 + n, [Label("clinical.F32", 1.0, "derived:test")], source="composed") for n in range(3)]
    told = [
        replace(row, turns=(replace(row.turns[0], content=f"{row.text} {said[split]}"),)) for row, split in zip(rows, SPLITS, strict=True)
    ]
    more = build_head_examples(found, mixture, tmp_path / "more", composed=Composed(lambda: "told", lambda _: told))
    kept = {c.id for c in read_conversations(more.folder / "train.parquet")}
    assert [one.id in kept for one in told] == [split == "train" for split in SPLITS]

    def made(free):
        assert [free(text) for text in said.values()] == [split == "train" for split in SPLITS]
        return rows

    assert build_head_examples(found, mixture, tmp_path / "free", composed=Composed(lambda: "free", made)).summary.figures["composed"] == 3
    assert (more.summary.figures["composed"], more.summary.figures["composed_held_out"]) == (1, 2)
