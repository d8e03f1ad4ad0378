"""Peers on data in which it is known what can be learned: a rule in the words, a rule in nothing, and levels that are rare."""

import random

import numpy as np
import pytest
import torch

from pixel_core.__main__ import main
from pixel_core.artifacts import ArtifactError, Summary, build
from pixel_core.conversation import Conversation, Label, Provenance, Turn, write_conversations
from pixel_core.evaluation.peers.classifiers import fit_majority, fit_regression, sentences, truth_of, words
from pixel_core.evaluation.peers.comparison import OURS, compare, rows_of, to_text
from pixel_core.evaluation.peers.decisions import decide, expected_level, hits, likeliest
from pixel_core.evaluation.peers.fields import few, fields_of, folds, items_of, within
from pixel_core.evaluation.peers.states import fit_head, head_peer, random_model, scores_of, states_of
from pixel_core.model.decoding import prior_bias
from pixel_core.model.heads import find_head
from pixel_core.model.pixel import PixelModel
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.evaluation.world import ROOT
from tests.pixel_core.model.small import small_backbone

SCENARIOS = ROOT / "data" / "scenarios"
FEELINGS = ("I am so sorry", "My heart aches", "It moves me")
PLAIN = ("The bus was late", "My cat sleeps", "We had soup")
WORDS = ("alone", "tired", "lost", "numb", "afraid", "low")


def where(source):
    return (Provenance(source, f"file:{source}", "row 1", "CC0-1.0", "synthetic", "tests"),)


def pair(index, source="epitome"):
    """A post and a reply: a question explores, a feeling reacts, and what is interpreted nobody can tell."""
    draw = random.Random(index)
    asks, feels = draw.random() < 0.4, draw.random() < 0.5
    reply = f"{draw.choice(FEELINGS if feels else PLAIN)} {draw.choice(WORDS)}{'?' if asks else '.'}"
    levels = {"emotional_reactions": 2 * feels, "interpretations": draw.choice((0, 0, 1, 2)), "explorations": 2 * asks}
    labels = tuple(Label(f"empathy.{name}", level, "human") for name, level in levels.items())
    turns = (Turn("user", "client", f"I feel {draw.choice(WORDS)} {index}"), Turn("assistant", "therapist", reply, labels=labels))
    return Conversation(turns, "supervision", f"seeker-{index // 2}", 2, where(source))


def post(index):
    level = index % 5
    turn = Turn("user", "client", f"{WORDS[level]} {WORDS[level]} day {index}", labels=(Label("crisis.level", level, "human"),))
    return Conversation((turn,), "supervision", f"user-{index}", 2, where("cssrs"))


def dialogue(index):
    part, asked = ("therapist", "I feel lost") if index % 2 else ("assistant", "How much is two and two")
    turns = (Turn("user", "client" if index % 2 else "other", f"{asked} {index}"), Turn("assistant", part, "Let us see.", learn=True))
    return Conversation(turns, "psychology", f"dialogue-{index}", 1, where("knowledge"))


def vectors(texts):
    """Words counted by the remainder of their letters: a fixed encoder that knows nothing of any label."""
    found = np.zeros((len(texts), 32), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.replace("?", " ?").split():
            found[row, sum(map(ord, word)) % 32] += 1
    return found


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """Mixture, head examples and the users of C-SSRS, with splits by group."""
    home = tmp_path_factory.mktemp("artifacts")
    ranges = {"train": range(240), "validation": range(240, 320), "test": range(320, 440)}

    def folder(path, tables):
        def write(staging):
            for name, conversations in tables.items():
                write_conversations(staging / f"{name}.parquet", conversations)
            return Summary(rows=sum(map(len, tables.values())))

        build(path, kind=path.name, version="1", inputs={}, write=write)

    folder(home / "head_examples", {split: [pair(n) for n in own] for split, own in ranges.items()})
    folder(home / "training_mixture", {split: [dialogue(n) for n in own[::8]] for split, own in ranges.items()})
    folder(home / "source_conversations" / "cssrs", {"conversations": [post(n) for n in range(60)]})
    return home


@pytest.fixture(scope="module")
def fields(artifacts):
    return {field.name: field for field in fields_of(artifacts, SCENARIOS)}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, fields):
    """A small model whose heads start at the prior and saw labels of empathy and persona; its empathy head was fitted to its states."""
    tokenizer = train_tokenizer([item.own for item in fields["EPITOME"].items["train"]] + ["system user assistant"], 400)
    empathy = fields["EPITOME"]
    train, spec = empathy.items["train"], empathy.spec
    priors = {"empathy": prior_bias(spec, torch.tensor(truth_of(train)))}
    model = PixelModel(
        small_backbone(tokenizer), tokenizer=tokenizer, priors=priors, supervised={"empathy": [240] * 3, "persona": [30] * 2}
    )
    fitted = fit_head(spec, states_of(model.eval(), spec, train), train, seed=1)
    model.heads.by_name["empathy"].load_state_dict(fitted[0].state_dict())
    folder = tmp_path_factory.mktemp("runs") / "run-1" / "checkpoint-7"
    model.save(folder)
    return folder


def test_fields_are_of_their_source_and_know_what_stands_before(fields):
    assert set(fields) == {"EPITOME", "persona", "C-SSRS"}
    item = fields["EPITOME"].items["test"][0]
    assert item.before.startswith("I feel") and item.own and item.t == 1
    assert not any(turn.labels for turn in item.turns)
    assert fields["C-SSRS"].crosswise and len(fields["C-SSRS"].items["test"]) == 60
    assert items_of("empathy", [pair(1, "another"), pair(2)], "epitome")[0].group == pair(2).group


def test_few_items_are_the_same_whatever_else_there_is(fields):
    items = fields["EPITOME"].items["test"]
    kept = few(items, 20)
    assert len(kept) == 20 and kept == [item for item in items if item in kept]
    assert set(few(items[:60], 20)) >= set(kept) & set(items[:60])


def test_costly_peers_read_so_many_characters(fields):
    items = fields["EPITOME"].items["train"]
    kept = within(items, 2000)
    read = sum(len(item.own) + len(item.before) for item in kept)
    assert 1900 < read <= 2000 and kept == [item for item in items if item in kept]
    assert within(items, 10**9) == items and len(within(items, 1)) == 1


def test_folds_divide_no_group_and_each_has_all_levels(fields):
    items = fields["C-SSRS"].items["test"]
    place = folds(items, 5, seed=1)
    assert place != folds(items, 5, seed=2)
    assert len({(item.group, fold) for item, fold in zip(items, place, strict=True)}) == len({item.group for item in items})
    for fold in range(5):
        assert {item.truth[0] for item, own in zip(items, place, strict=True) if own == fold} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("features", ["words", "sentences"])
def test_a_regression_learns_the_rule_that_is_in_the_words_and_no_other(fields, features):
    field = fields["EPITOME"]
    train, spec = field.items["train"], field.spec
    read = words(train) if features == "words" else sentences(vectors, train)
    peer, constant = fit_regression(spec, train, read, 4.0), fit_majority(spec, train)
    decisions = {
        name: decide(spec, own(field.items["validation"]), truth_of(field.items["validation"]), own(field.items["test"]))
        for name, own in {OURS: peer, "majority": constant}.items()
    }
    rows = rows_of(field, decisions, 200, seed=1)["outputs"]
    assert rows["explorations"][OURS]["value"] > 0.95 and rows["explorations"]["majority"]["verdict"] == "beaten"
    assert rows["interpretations"][OURS]["value"] < 0.5
    assert rows["interpretations"]["majority"]["verdict"] != "wins"


def test_a_rare_level_is_found_by_the_threshold_that_validation_chose():
    spec, generator = find_head("crisis"), np.random.default_rng(0)
    truth = (generator.random((400, 1)) < 0.05) * 1.0
    scores = np.zeros((400, 1, 3))
    scores[:, 0, 1] = 0.1 + 0.2 * truth[:, 0]
    scores[:, 0, 0] = 1 - scores[:, 0, 1]
    assert not scores.argmax(-1).any(), "the likeliest level alone would never say it"
    assert np.array_equal(decide(spec, scores[:200], truth[:200], scores[200:]), truth[200:])


def test_what_validation_never_saw_is_never_said():
    """A rare emotion that no validation row has: no threshold can be chosen, and the lowest would say it of every text."""
    spec, generator = find_head("emotions"), np.random.default_rng(0)
    truth, scores = np.zeros((50, 28)), generator.random((50, 28))
    truth[:, 3] = scores[:, 3] > 0.8
    said = decide(spec, scores, truth, scores)
    assert np.array_equal(said[:, 3], truth[:, 3]) and not np.delete(said, 3, axis=1).any()


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_whoever_knows_nothing_says_what_is_most_frequent(answer):
    spec, constant = find_head("appropriateness"), np.full((100, 1), 0.5)
    truth = np.where(np.arange(100)[:, None] < 30, 1 - answer, answer)
    assert (decide(spec, constant, truth, constant) == answer).all()


def test_levels_classes_and_first_three():
    assert expected_level(np.array([[[0.1, 0.2, 0.7]], [[0.6, 0.3, 0.1]]])).tolist() == [[2.0], [0.0]]
    assert likeliest(np.array([[0.2, 0.8], [0.9, 0.1]])).tolist() == [[0, 1], [1, 0]]
    assert hits(np.array([[0.4, 0.3, 0.2, 0.1]] * 2), np.array([[0, 0, 1, 0], [0, 0, 0, 1.0]]), 3).tolist() == [[1.0], [0.0]]


def test_a_difference_counts_only_where_its_interval_leaves_zero(fields):
    field = fields["EPITOME"]
    truth = truth_of(field.items["test"])
    wrong = truth.copy()
    wrong[:1] = 2 - wrong[:1]
    rows = rows_of(field, {OURS: truth, "nearly": wrong, "never": np.zeros_like(truth)}, 300, seed=1)
    verdicts = {peer: row["verdict"] for peer, row in rows["outputs"]["all"].items()}
    assert verdicts == {OURS: "", "nearly": "even", "never": "beaten"}
    assert rows_of(field, {OURS: wrong * 0, "right": truth}, 300, seed=1)["outputs"]["all"]["right"]["verdict"] == "wins"
    assert "never" in to_text({"EPITOME": rows})


def test_scores_and_states_are_those_of_single_items(fields, checkpoint):
    model, field = PixelModel.load(checkpoint, dtype=torch.float32), fields["EPITOME"]
    items, spec = field.items["test"][:7], field.spec
    together, apart = scores_of(model, spec, items), np.concatenate([scores_of(model, spec, [item]) for item in items])
    np.testing.assert_allclose(together, apart, atol=1e-4)
    said = model.scores(items[0].turns, 1)["empathy"]
    np.testing.assert_allclose((together[0] * np.arange(3)).sum(-1), list(said.values()), atol=1e-4)
    assert states_of(model, spec, items).shape == (7, 64)
    assert random_model(model, 1).language_model.config.hidden_size == 192
    peer = head_peer(model, spec, field.items["train"][:40], seed=1)
    assert peer(items).shape == (7, 3, 3)


@pytest.mark.slow
def test_a_checkpoint_is_compared_in_every_field_that_it_was_trained_for(artifacts, checkpoint, tmp_path):
    found = compare(checkpoint, artifacts, SCENARIOS, tmp_path / "out", encode=vectors, seed=3, bootstrap=100)
    assert set(found) == {"EPITOME", "persona", "C-SSRS"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.json", "comparison.png"}
    assert found["C-SSRS"]["seeds"] == 3
    assert found["C-SSRS"]["outputs"]["all"]["TF-IDF + regression"]["value"] > 0.9, "the level stands in the words"
    peers = found["EPITOME"]["outputs"]["all"]
    assert set(peers) == {OURS, "majority", "TF-IDF + regression", "frozen MiniLM + regression", "heads on random states"}
    assert peers[OURS]["verdict"] == "" and peers["majority"]["value"] < peers["TF-IDF + regression"]["value"]

    def refuse(texts):
        raise AssertionError("peers are fitted once for the same data")

    again = compare(checkpoint, artifacts, SCENARIOS, tmp_path / "again", encode=refuse, seed=3, bootstrap=100)
    assert again == found


def test_the_command_names_what_is_no_checkpoint(tmp_path, capsys):
    assert main(["peers", str(tmp_path / "run-1" / "checkpoint-7"), "--artifacts", str(tmp_path)]) == 1
    assert "is no Pixel checkpoint" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_a_field_that_is_not_there_is_named_and_nothing_is_written(artifacts, checkpoint, tmp_path):
    with pytest.raises(ArtifactError, match=r"EPITOM is no field that .* has rows for: there are EPITOME, persona, C-SSRS"):
        compare(checkpoint, artifacts, SCENARIOS, tmp_path / "out", encode=vectors, seed=3, bootstrap=100, only=["EPITOM"])
    assert not (tmp_path / "out").exists()
