"""Dialogues of two personas: what a reply's part makes of the user's, where transitions are marked, who may play a client."""

from collections import Counter
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from pixel_core.conversation import read_conversations
from pixel_core.corpus import build_edge_cases, decontaminate, held_out_texts, near_duplicates
from pixel_core.corpus.dual_persona import changes, conversation_of
from pixel_core.corpus.scenario import ScenarioError
from pixel_core.corpus.scenario_quality import check_personas_covered, check_transitions

SCENARIOS = Path(__file__).parents[3] / "data" / "scenarios"
SHIPPED = yaml.safe_load((SCENARIOS / "dual_persona.yaml").read_text(encoding="utf-8"))
SHEET = {"age": 40, "context": "Baker.", "presenting": "Sleeps badly.", "stance": "Jokes."}
DIALOGUE = {
    "id": "bread",
    "context": "everyday_help",
    "difficulty": 2,
    "turns": [
        {"user": "How long does rye take to rise?"},
        {"assistant": "Two hours in a warm kitchen."},
        {"user": "He used to time it. I haven't baked since he died.", "crisis_level": 1},
        {"therapist": "He timed it. We can leave the rye. Who was he?", "trigger": "emotional_disclosure", "told": False},
        {"user": "My father. Would you write the sign for the shop, though?"},
        {"therapist": "Gladly, later. What would he have written on it?", "trigger": "task_request", "told": False},
        {"user": "'Closed for love.' All right, back to work: the oven?"},
        {"assistant": "Closed for love. The oven at 230, and then down to 200.", "trigger": "explicit_request", "told": True},
    ],
}


def changed(turn, **marks):
    """The dialogue with one line's marks changed; a mark of None is left out."""
    dialogue = deepcopy(DIALOGUE)
    line = dialogue["turns"][turn] | marks
    dialogue["turns"][turn] = {key: value for key, value in line.items() if value is not None}
    return dialogue


def test_the_users_part_is_that_of_the_talk_so_far_and_the_reply_changes_it():
    conversation = conversation_of(DIALOGUE)
    assert [turn.part for turn in conversation.turns] == [
        "other", "assistant", "other", "therapist", "client", "therapist", "client", "assistant",
    ]  # fmt: skip
    assert [turn.learn for turn in conversation.turns] == [False, True] * 4
    assert conversation.extra["transitions"] == [
        {"turn": 3, "from": "assistant", "to": "therapist", "trigger": "emotional_disclosure", "told": False},
        {"turn": 7, "from": "therapist", "to": "assistant", "trigger": "explicit_request", "told": True},
    ]
    assert conversation.extra["held"] == [{"turn": 5, "part": "therapist", "trigger": "task_request", "told": False}]
    assert [(turn, label.output, label.value) for turn, label in conversation.labels] == [(2, "crisis.level", 1.0)]
    assert (conversation.category, conversation.group) == ("personality", "dual_persona:bread")


def test_a_client_sheet_becomes_the_system_turn_and_moves_the_marks():
    dialogue = changed(1, assistant=None, client="Two hours, like my nights.") | {"client": SHEET}
    conversation = conversation_of(dialogue)
    assert conversation.turns[0].role == "system"
    assert "Therapy training mode" in conversation.turns[0].content
    assert [turn.part for turn in conversation.turns[1:4]] == ["therapist", "client", "therapist"]
    assert conversation.extra["transitions"][0] | {"told": None} == {
        "turn": 4, "from": "client", "to": "therapist", "trigger": "emotional_disclosure", "told": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dialogue", "reason"),
    [
        (changed(1, assistant=None, client="I bake no more."), "unannounced_client"),
        (changed(7, assistant=None, client="Now I am the client."), "unannounced_client"),
        (changed(3, trigger=None, told=None), "outside_taxonomy"),
        (changed(3, trigger="boredom"), "outside_taxonomy"),
        (changed(3, told=None), "outside_taxonomy"),
        (changed(1, trigger="task_request", told=True), "unexpected_trigger"),
        (changed(2, crisis_level=7), "out_of_range"),
        (changed(2, user=None, assistant="And then?"), "out_of_turn"),
        (changed(2, assistant="Two voices."), "missing_field"),
        (DIALOGUE | {"turns": DIALOGUE["turns"][:-1]}, "out_of_turn"),
        (DIALOGUE | {"context": "court"}, "outside_taxonomy"),
        (DIALOGUE | {"difficulty": "easy"}, "bad_difficulty"),
        (DIALOGUE | {"turns": []}, "missing_field"),
        (DIALOGUE | {"client": {"age": 3}}, "missing_field"),
        ("bread", "wrong_type"),
    ],
)
def test_a_malformed_dialogue_is_refused_by_its_reason(dialogue, reason):
    with pytest.raises(ScenarioError) as error:
        conversation_of(dialogue)
    assert error.value.reason == reason


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("personas") / "out"
    return build_edge_cases(SCENARIOS / "edge_cases.yaml", out, dialogues=SCENARIOS / "dual_persona.yaml")


def test_the_shipped_dialogues_pass_their_checks_and_none_is_lost(built):
    assert check_transitions(built.folder).passed
    assert check_personas_covered(built.folder).passed
    assert not built.summary.rejects
    assert built.summary.figures["dialogues"] == len(SHIPPED) >= 40
    lengths = [len(dialogue["turns"]) for dialogue in SHIPPED]
    assert min(lengths) >= 8
    assert max(lengths) <= 14


def test_no_shipped_scenario_holds_an_evaluation_text_or_repeats_another(built):
    rows = read_conversations(built.folder / "conversations.parquet")
    names = ("eq_items", "persona_items", "persona_sessions", "seeker_posts", "vignettes")
    items = [SCENARIOS / f"{name}.jsonl" for name in names]
    texts = held_out_texts(items)
    assert decontaminate(rows, texts).found == []
    planted = rows[0].turns[1].content
    assert decontaminate(rows, [*texts, planted]).found  # the function does find what stands there
    helped = [c for c in rows if c.extra.get("learner") != "client"]
    assert near_duplicates([c.text for c in helped], threshold=0.5) == []


def test_a_message_never_makes_the_model_a_client():
    told = [c for c in map(conversation_of, SHIPPED) if any(m["to"] == "client" for m in c.extra["transitions"])]
    assert told, "one dialogue returns to the client's part, so that the rule is tried"
    assert all(c.turns[0].role == "system" for c in told)
    asked = next(c for c in map(conversation_of, SHIPPED) if c.group == "dual_persona:asked_to_be_the_patient")
    assert list(changes(asked.turns)) == []
    assert len(asked.extra["held"]) == 2


def test_user_and_model_take_turns_in_every_shipped_dialogue():
    for conversation in map(conversation_of, SHIPPED):
        spoken = [turn.role for turn in conversation.turns if turn.role != "system"]
        assert all(a != b for a, b in pairwise(spoken))
        assert spoken[-1] == "assistant"


def test_a_trigger_alone_does_not_tell_who_speaks_next(built):
    """The best guess from the trigger is right hardly more often than from nothing, on the rows that are trained on."""
    found = [c for c in read_conversations(built.folder / "conversations.parquet") if "transitions" in c.extra]
    marks = [(m["trigger"], m["to"]) for c in found for m in c.extra["transitions"]]
    marks += [(m["trigger"], m["part"]) for c in found for m in c.extra["held"]]
    parts = {trigger: Counter(part for one, part in marks if one == trigger) for trigger, _ in marks}
    assert len(parts) == 7
    assert all(min(count["therapist"], count["assistant"]) >= 4 for count in parts.values())
    guessed = sum(max(count.values()) for count in parts.values()) / len(marks)
    assert guessed <= 0.65


def test_dialogues_in_which_a_trigger_leads_to_one_part_fail(built, tmp_path):
    one_sided = [d for d in SHIPPED if all(line.get("trigger") != "task_request" or "assistant" in line for line in d["turns"])]
    path = tmp_path / "dialogues.yaml"
    path.write_text(yaml.safe_dump(one_sided, allow_unicode=True), encoding="utf-8")
    folder = build_edge_cases(SCENARIOS / "edge_cases.yaml", tmp_path / "out", dialogues=path).folder
    assert "replies to task_request in its most frequent part" in {f.name for f in check_personas_covered(folder).failed}
