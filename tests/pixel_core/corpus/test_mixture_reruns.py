"""The mixture is the same for the same sources, and is drawn anew where one of them changed."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixel_core.conversation import read_conversations
from pixel_core.corpus import build_mixture, import_source
from tests.pixel_core.corpus.worlds import artifact, conversation, entry, lines, long_conversation, recipe, sources, wording


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("world"))


@settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from(["conversations", "tokens"]))
def test_shuffling_the_input_changes_no_byte(world, tmp_path_factory, random, unit):
    root = tmp_path_factory.mktemp("shuffled")
    more = [("a", "b")[i % 2] for i in range(12)]  # the same dialogues in two sources, near-duplicates and a shared turn
    extra = {name: [conversation(9000 + i, source=name) for i in range(12) if more[i] == name or i < 4] for name in ("a", "b")}
    extra["a"] += [long_conversation(9100), long_conversation(9101, " truly."), long_conversation(9102)]
    extra["b"] += [long_conversation(9100, " truly."), long_conversation(9101)]
    straight, shuffled = dict(world), {}
    for name, rows in extra.items():
        straight[f"source_conversations/{name}"] = root / name
        artifact(root / name, rows)
    for name, folder in random.sample(sorted(straight.items()), len(straight)):
        rows = read_conversations(folder / "conversations.parquet")
        shuffled[name] = root / "shuffled" / name
        artifact(shuffled[name], random.sample(rows, len(rows)), in_order=False)
    ours = recipe(f"corpus.unit={unit}", "corpus.tokens=9000")
    one, two = build_mixture(ours, straight, root / "one"), build_mixture(ours, shuffled, root / "two")
    assert one.summary == two.summary
    assert one.summary.rejects["near_duplicate"] == 2
    for name in one.manifest.files:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name


def test_a_rerun_is_skipped_and_another_seed_draws_other_rows(world, tmp_path):
    one = build_mixture(recipe(), world, tmp_path / "out")
    again = build_mixture(recipe(), world, tmp_path / "out")
    assert again.skipped
    assert again.got == one.got
    assert build_mixture(recipe("corpus.min_characters=7"), world, tmp_path / "out").skipped, "not a key of the mixture"
    other = build_mixture(recipe("seed=21"), world, tmp_path / "other")
    assert other.got == one.got
    assert (other.folder / "train.parquet").read_bytes() != (one.folder / "train.parquet").read_bytes()


def test_one_changed_source_changes_the_mixture(world, tmp_path):
    mine = dict(world)
    build_mixture(recipe(), mine, tmp_path / "out")
    mine["source_conversations/sessions"] = tmp_path / "sessions"
    artifact(tmp_path / "sessions", [conversation(9000 + i, source="sessions") for i in range(10)])
    assert not build_mixture(recipe(), mine, tmp_path / "out").skipped


def test_one_changed_source_redoes_its_own_partition_and_the_mixture_alone(world, tmp_path):
    for name in ("first", "second"):
        dialogues = [
            {"dialog": [{"speaker": "usr", "text": f"{wording(9200 + 3 * i)} {name}."}, {"speaker": "sys", "text": "Tell me more."}]}
            for i in range(6)
        ]
        (tmp_path / name).mkdir()
        lines(tmp_path / name / "sample.jsonl", dialogues)

    def everything():
        done, mine = {}, dict(world)
        for name in ("first", "second"):
            out = tmp_path / "source_conversations" / name
            one = entry("esconv").model_copy(update={"name": name})
            done[name] = import_source(one, out, data_root=tmp_path / name, recipe=recipe().corpus)
            mine[f"source_conversations/{name}"] = out
        done["mixture"] = build_mixture(recipe(), mine, tmp_path / "training_mixture")
        return done, {name: (built.folder / "manifest.json").read_bytes() for name, built in done.items()}

    _, before = everything()
    again, same = everything()
    assert all(built.skipped for built in again.values())
    assert same == before
    with (tmp_path / "first" / "sample.jsonl").open("a") as file:
        file.write(
            json.dumps({"dialog": [{"speaker": "usr", "text": wording(9300)}, {"speaker": "sys", "text": "I am listening."}]}) + "\n"
        )
    built, after = everything()
    assert {name: one.skipped for name, one in built.items()} == {"first": False, "second": True, "mixture": False}
    assert after["second"] == before["second"]
    inputs = json.loads(before["mixture"])["inputs"]
    changed = {name for name, digest in built["mixture"].manifest.inputs.items() if inputs[name] != digest}
    assert changed == {"source_conversations/first"}
