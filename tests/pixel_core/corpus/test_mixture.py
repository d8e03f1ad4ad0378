import shutil
from collections import Counter
from dataclasses import replace

import polars as pl
import pytest
import yaml

from pixel_core.artifacts import verify
from pixel_core.conversation import CONVERSATION_SCHEMA, Label, read_conversations
from pixel_core.corpus import build_head_examples, build_mixture, mixture_contract
from pixel_core.corpus.apportion import apportion, table
from pixel_core.corpus.demand import SPLITS
from pixel_core.corpus.mixture import read_composition
from pixel_core.corpus.mixture_quality import check_clinical_coverage, check_leakage, check_splits, check_wanted_versus_got
from pixel_core.corpus.population import CorpusError
from pixel_core.corpus.quality import check_label_values
from pixel_core.shards import read_shards
from tests.pixel_core.corpus.test_apportion import SHARES
from tests.pixel_core.corpus.worlds import CODES, artifact, clinical, conversation, long_conversation, recipe, sources, wording


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def built(world, tmp_path_factory):
    return build_mixture(recipe(), world, tmp_path_factory.mktemp("mixture") / "training_mixture")


def counts(folder):
    return {split: Counter(pl.read_parquet(folder / f"{split}.parquet")["category"]) for split in SPLITS}


@pytest.mark.parametrize("total", [100, 97, 33])
def test_shares_are_exact_in_every_split(world, tmp_path, total):
    built = build_mixture(recipe(conversations=total), world, tmp_path / "out")
    wanted = table(apportion(total, SHARES), apportion(total, {"train": 0.8, "validation": 0.1, "test": 0.1}))
    got = counts(built.folder)
    assert {c: {s: got[s][c] for s in SPLITS} for c in SHARES} == wanted == built.wanted == built.got
    assert built.summary.rows == total
    figures = built.summary.figures
    assert figures["read"] == figures["merged"] + figures["supervision"] + figures["spare"] + total


def test_the_files_have_the_records_schema_and_are_in_order(built):
    for split in SPLITS:
        frame = pl.read_parquet(built.folder / f"{split}.parquet")
        assert frame.schema == CONVERSATION_SCHEMA
        assert frame["id"].to_list() == sorted(frame["id"])
        assert frame["id"].is_unique().all()


def test_no_group_stands_in_two_splits_and_every_group_of_every_source_has_one(built, world):
    seen = [set(pl.read_parquet(built.folder / f"{split}.parquet")["group"]) for split in SPLITS]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    groups = {c.group for folder in world.values() for c in read_conversations(folder / "conversations.parquet")}
    assert set(pl.read_parquet(built.folder / "splits.parquet")["group"]) == groups


def test_rows_are_spread_evenly_over_classes_and_sources(built):
    rows = read_conversations(built.folder / "train.parquet")
    classes = Counter(label.output for c in rows for _, label in c.labels if label.head == "clinical" and label.value == 1)
    assert max(classes.values()) - min(classes.values()) <= 1
    assert len(classes) == 5
    origins = Counter(c.provenance[0].source for c in rows if c.category == "mental_health")
    assert origins["sessions"] == 8, "a small source gives all it has in train"
    assert origins["answers"] == 8


def test_psychology_holds_every_clinical_class_and_then_its_kinds_by_their_sizes(world, tmp_path):
    pdm2 = [Label("pdm2.depressive", 1.0, "derived:test"), Label("pdm2.*", 0.0, "derived:test")]
    rows = [conversation(i, "psychology", labels=clinical(CODES[i % 5]), source="k") for i in range(40)]
    rows += [conversation(100 + i, "psychology", labels=pdm2, source="k") for i in range(40)]
    rows += [conversation(200 + i, "psychology", source="k") for i in range(80)]
    artifact(tmp_path / "k", rows, "knowledge_conversations")
    built = build_mixture(recipe(), world | {"knowledge_conversations": tmp_path / "k"}, tmp_path / "out")

    def kinds(split):
        drawn = [c for c in read_conversations(built.folder / f"{split}.parquet") if c.category == "psychology"]
        return Counter(next((label.head for _, label in c.labels), "none") for c in drawn)

    assert kinds("train") == {"clinical": 6, "pdm2": 6, "none": 12}
    assert kinds("test") == {"clinical": 3}, "no room for more than the classes"


def test_shares_by_tokens_are_exact_where_there_is_choice(tmp_path):
    varied = [conversation(i, category, f"{category}:{i}", source=category) for category in SHARES for i in LONG[category]]
    rows = [
        replace(c, turns=(replace(c.turns[0], content=wording(i, 10 + i % 37) + "!" * (i % 5)), *c.turns[1:])) for i, c in enumerate(varied)
    ]
    artifact(tmp_path / "all", rows)
    folder = {"source_conversations/all": tmp_path / "all"}
    built = build_mixture(recipe("corpus.unit=tokens", "corpus.tokens=30000"), folder, tmp_path / "m")
    wanted = table(apportion(30_000, SHARES), apportion(30_000, {"train": 0.8, "validation": 0.1, "test": 0.1}))
    assert built.wanted == wanted
    assert {c: cells["train"] for c, cells in built.got.items()} == {c: cells["train"] for c, cells in wanted.items()}
    assert check_wanted_versus_got(built.folder).passed, "fifteen rows of one split: as near as two exchanges bring them"
    composition = read_composition(built.folder)
    assert sum(sum(cells.values()) for cells in composition["rows"].values()) == built.summary.rows
    assert built.summary.figures["tokens"] == sum(sum(cells.values()) for cells in built.got.values())
    with pytest.raises(CorpusError, match=r"3000000 tokens lacks rows.*lower corpus\.tokens"):
        build_mixture(recipe("corpus.unit=tokens", "corpus.tokens=3000000"), folder, tmp_path / "m")


LONG = {category: range(i * 200, i * 200 + 150) for i, category in enumerate(SHARES)}


def test_a_long_split_lies_in_several_files_that_every_reader_reads(world, tmp_path, monkeypatch):
    whole = build_mixture(recipe(), world, tmp_path / "whole")
    monkeypatch.setattr("pixel_core.shards.write_shards.__kwdefaults__", {"rows": 30})
    folder = build_mixture(recipe(), world, tmp_path / "sharded").folder
    assert sorted(path.name for path in folder.glob("train*")) == [f"train-0000{i}-of-00003.parquet" for i in range(3)]
    for split in SPLITS:
        assert read_shards(folder, split).equals(read_shards(whole.folder, split))
    for check in (check_wanted_versus_got, check_splits, check_clinical_coverage, check_leakage, check_label_values, mixture_contract):
        assert check(folder).passed, check
    heads = build_head_examples(world, folder, tmp_path / "heads").folder
    straight = build_head_examples(world, whole.folder, tmp_path / "straight").folder
    assert {n: (heads / n).read_bytes() for n in ("test.parquet", "coverage.json")} == {
        n: (straight / n).read_bytes() for n in ("test.parquet", "coverage.json")
    }


def test_the_card_says_what_is_in_it_and_a_hub_can_read_its_head(built):
    card = (built.folder / "README.md").read_text()
    head = yaml.safe_load(card.split("---")[1])
    assert head == {"license": "other", "license_name": "CC0-1.0", "size_categories": ["0<n<1K"]}
    assert "| psychology | 30% | 24 / 24 | 3 / 3 | 3 / 3 |" in card
    assert "| source_conversations/sessions |" in card
    assert "| 4 | 8 | 1 | 1 |" in card, "difficulty of the edge cases"
    assert "| eq.empathy_recognition | - | no source with a defensible mapping: untrained | - | 0 |" in card
    assert "](composition.png)" in card


def test_drops_stand_in_the_card(world, tmp_path):
    artifact(tmp_path / "near", [long_conversation(9100), long_conversation(9101), long_conversation(9100, " truly.")])
    built = build_mixture(recipe(), world | {"source_conversations/near": tmp_path / "near"}, tmp_path / "out")
    reasons = built.summary.rejects
    assert all(f"| mixture | {reason} | {count} |" in (built.folder / "README.md").read_text() for reason, count in reasons.items())
    assert reasons == {"near_duplicate": 1}


def test_the_composition_says_what_is_in_it(built, world):
    found = read_composition(built.folder)
    assert sum(sum(s.values()) for s in found["rows_by_source"].values()) == 100
    assert set(found["rows_by_source"]) == set(world) - {"source_conversations/posts"}
    assert found["licences"]["CC0-1.0"] == {"train": 80, "validation": 10, "test": 10}
    assert found["labels"]["clinical.*"]["train"] == 24
    assert (found["seed"], found["deficit"], found["conversations"]) == (20, "error", 100)
    assert (built.folder / "composition.png").read_bytes().startswith(b"\x89PNG")
    assert (built.folder / "composition.png").stat().st_size < 200_000


def test_too_few_rows_are_an_error_that_names_cells_and_ways_out(world, tmp_path):
    with pytest.raises(CorpusError, match=r"personality: \d+ wanted, \d+ available.*deficit to redistribute"):
        build_mixture(recipe(conversations=230), world, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_deficit_is_redistributed_within_each_split(world, tmp_path):
    built = build_mixture(
        recipe("corpus.deficit=redistribute", "corpus.shares.reasoning=0.65", "corpus.shares.psychology=0", "corpus.shares.voice=0.05"),
        world,
        tmp_path / "out",
    )
    got = counts(built.folder)
    assert [got[split].total() for split in SPLITS] == [80, 10, 10]
    assert sum(got[split]["reasoning"] for split in SPLITS) == 30
    assert not any(got[split]["psychology"] for split in SPLITS), "a share of zero is not filled from"


def test_rows_repeat_in_train_up_to_the_cap_and_never_elsewhere(world, tmp_path):
    shares = ("corpus.shares.reasoning=0.40", "corpus.shares.psychology=0.05", "corpus.deficit=repeat")
    with pytest.raises(CorpusError, match="train reasoning: 32 wanted"):
        build_mixture(
            recipe(*shares, "corpus.repeat_cap=1", "corpus.splits={train: 0.8, validation: 0.1, test: 0.1}"), world, tmp_path / "out"
        )
    built = build_mixture(recipe(*shares, "corpus.repeat_cap=2"), world, tmp_path / "out")
    train = pl.read_parquet(built.folder / "train.parquet").filter(category="reasoning")
    assert train.height == 32
    assert train.group_by("id").len()["len"].max() == 2
    assert built.summary.figures["repeated"] == 32 - train["id"].n_unique()
    for split in SPLITS[1:]:
        assert pl.read_parquet(built.folder / f"{split}.parquet")["id"].is_unique().all()


def test_a_selected_source_without_a_valid_manifest_is_an_error(world, tmp_path):
    mine = dict(world) | {"source_conversations/answers": tmp_path / "answers"}
    shutil.copytree(world["source_conversations/answers"], tmp_path / "answers")
    (tmp_path / "answers/conversations.parquet").write_bytes(b"half")
    with pytest.raises(CorpusError, match="source_conversations/answers is selected"):
        build_mixture(recipe(), mine, tmp_path / "out")


def test_a_split_without_a_share_is_empty(world, tmp_path):
    built = build_mixture(recipe("corpus.splits={train: 0.9, validation: 0.1}"), world, tmp_path / "out")
    assert [counts(built.folder)[split].total() for split in SPLITS] == [90, 10, 0]


def test_conflicts_between_sources_are_kept_apart(world, tmp_path):
    mine = dict(world)
    for name, code in (("a", "F32"), ("b", "F41.1")):
        mine[f"source_conversations/{name}"] = tmp_path / name
        artifact(tmp_path / name, [conversation(9500, labels=clinical(code), source=name), conversation(9600 + ord(name), source=name)])
    built = build_mixture(recipe(), mine, tmp_path / "out")
    assert built.summary.rejects == {"label_conflict": 2}
    assert pl.read_parquet(built.folder / "rejected.parquet").height == 2
    assert read_composition(built.folder)["drops"] == {"mixture": {"label_conflict": 2}}
    verify(built.folder)
