from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.conversation import (
    CONVERSATION_SCHEMA,
    Conversation,
    ConversationError,
    Evidence,
    Label,
    Turn,
    from_frame,
    read_conversations,
    to_frame,
    unite,
    validate,
    write_conversations,
)
from tests.pixel_core.conversations import PROVENANCE, conversation

texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
labels = st.builds(Label, st.sampled_from(["clinical.F32", "clinical.*", "eq.social_cognition"]), st.floats(0, 1), st.just("human"))
turns = st.builds(
    Turn,
    st.sampled_from(["user", "assistant"]),
    st.sampled_from(["client", "therapist", "assistant", "other"]),
    texts,
    st.booleans(),
    st.lists(labels, max_size=3).map(tuple),
    st.lists(st.builds(Evidence, texts, st.none() | st.integers(0, 99), st.none()), max_size=2).map(tuple),
)


def test_levels_may_be_whole_numbers_beside_shares():
    mixed = [Label("eq.social_cognition", 0.5, "human"), Label("crisis.level", 3, "human"), Label("clinical.F32", True, "human")]
    (again,) = from_frame(to_frame([conversation(labels=mixed)]))
    assert [label.value for label in again.turns[-1].labels] == [0.5, 3.0, 1.0]


@given(st.lists(turns, min_size=1, max_size=5).map(tuple), st.dictionaries(texts, st.integers(), max_size=3))
def test_every_conversation_survives_the_table(turns, extra):
    one = Conversation(turns, "voice", "g", 3, (PROVENANCE,), extra)
    assert list(from_frame(to_frame([one]))) == [one]


def test_file_round_trip_keeps_order_schema_and_bytes(tmp_path):
    several = [conversation("a", "b"), conversation("c", "d", category="voice")]
    assert write_conversations(tmp_path / "x.parquet", several) == 2
    write_conversations(tmp_path / "y.parquet", several)
    assert read_conversations(tmp_path / "x.parquet") == several
    assert pl.read_parquet_schema(tmp_path / "x.parquet") == CONVERSATION_SCHEMA
    assert (tmp_path / "x.parquet").read_bytes() == (tmp_path / "y.parquet").read_bytes()


def test_the_id_rests_on_who_says_what_and_nothing_else():
    one = conversation("a", "b")
    assert one.id == conversation("a", "b", labels=[Label("eq.social_cognition", 1, "human")], difficulty=5, group="h").id
    assert one.id != conversation("a", "c").id
    assert one.id != replace(one, turns=(replace(one.turns[0], part="other"), one.turns[1])).id


def test_the_empty_table_keeps_the_schema():
    assert to_frame([]).schema == CONVERSATION_SCHEMA


@pytest.mark.parametrize(
    ("reason", "broken"),
    [
        ("no_turns", replace(conversation(), turns=())),
        ("bad_role", replace(conversation(), turns=(Turn("boss", "client", "x"),))),
        ("empty_turn", conversation("x", "  \n")),
        ("late_system", replace(conversation(), turns=(*conversation().turns, Turn("system", "other", "x")))),
        ("bad_category", conversation(category="poems")),
        ("bad_difficulty", conversation(difficulty=6)),
        ("no_provenance", conversation(provenance=())),
        ("no_provenance", conversation(group="")),
        ("nothing_to_learn", replace(conversation(), turns=(Turn("user", "client", "x"),))),
    ],
)
def test_each_rule_of_the_record_has_its_reject_code(reason, broken):
    validate(conversation())
    with pytest.raises(ConversationError) as error:
        validate(broken)
    assert error.value.reason == reason


def test_supervision_rows_need_nothing_to_learn():
    validate(Conversation((Turn("user", "client", "x"),), "supervision", "g", 1, (PROVENANCE,)))


def test_uniting_joins_labels_and_provenance():
    other = replace(PROVENANCE, source="letters")
    a = conversation(labels=[Label("empathy.explorations", 2, "human")])
    b = conversation(labels=[Label("empathy.interpretations", 0, "human")], provenance=(other, PROVENANCE))
    united = unite(a, b)
    assert {label.output for _, label in united.labels} == {"empathy.explorations", "empathy.interpretations"}
    assert united.provenance == (PROVENANCE, other)
    assert united.id == a.id


def test_contradicting_labels_are_a_conflict():
    a = conversation(labels=[Label("empathy.explorations", 2, "human")])
    b = conversation(labels=[Label("empathy.explorations", 1, "human")])
    with pytest.raises(ConversationError) as error:
        unite(a, b)
    assert error.value.reason == "label_conflict"


@pytest.mark.parametrize(("second", "conflict"), [(["clinical.F41.1"], True), (["clinical.F32"], False), ([], True)])
def test_a_closed_world_contradicts_what_another_source_says_is_there(second, conflict):
    def closed(outputs):
        return conversation(labels=[*(Label(output, 1, "human") for output in outputs), Label("clinical.*", 0, "human")])

    if conflict:
        with pytest.raises(ConversationError, match="clinical"):
            unite(closed(["clinical.F32"]), closed(second))
    else:
        assert unite(closed(["clinical.F32"]), closed(second)) == closed(["clinical.F32"])


def test_persona_follows_the_part():
    assert [Turn("user", part, "x").persona for part in ("client", "therapist", "assistant", "other")] == [
        "therapy",
        "therapy",
        "assistant",
        "assistant",
    ]
