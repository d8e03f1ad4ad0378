import pytest

from pixel_core.conversation import validate
from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from pixel_core.corpus.adapters.rows import CLIENT_MODE
from tests.pixel_core.corpus.worlds import PLAIN, entry

ESCONV = {
    "emotion_type": "anxiety",
    "problem_type": "job crisis",
    "situation": "The bus depot closes.",
    "survey_score": {"seeker": {"initial_emotion_intensity": "5", "empathy": "4", "final_emotion_intensity": "2"}, "supporter": {}},
    "dialog": [
        {"speaker": "sys", "text": "Hello, I am here.", "strategy": "Others"},
        {"speaker": "usr", "text": "They put up a notice."},
        {"speaker": "sys", "text": "What went through you?", "strategy": "Question"},
        {"speaker": "usr", "text": "Fear."},
        {"speaker": "sys", "text": "That sounds frightening, and you will manage.", "strategy": "Affirmation and Reassurance"},
    ],
}
SHAREGPT = {
    "id": "p1",
    "conversations": [{"from": "system", "value": "Be Odo."}, {"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hm."}],
    "tags": ["grumpy"],
}


def values(turn):
    return {label.output: label.value for label in turn.labels}


def test_esconv_strategies_become_techniques_and_the_survey_rates_the_last_reply():
    found = adapt(ESCONV, "messages", entry("esconv"), "a.jsonl row 1")
    validate(found)
    assert [(t.role, t.part, t.learn) for t in found.turns[:2]] == [("assistant", "therapist", True), ("user", "client", False)]
    greeting, question, last = found.turns[0], found.turns[2], found.turns[4]
    assert set(values(greeting).values()) == {0}
    assert values(question)["technique.open_question"] == 1
    assert values(question)["intervention.open_question"] == 1
    assert {label.source for label in question.labels if label.value} == {"derived:question_form"}
    assert values(last)["technique.reassurance"] == 1
    assert "technique.affirmation" not in values(last), "the code does not tell whether it affirms"
    assert values(last)["eq.empathy_recognition"] == 0.75
    assert values(last)["eq.emotional_regulation"] == 0.75
    assert found.provenance[0].locator == "a.jsonl row 1"
    assert found.extra["problem_type"] == "job crisis"


@pytest.mark.parametrize("survey", [{}, {"seeker": {}}, {"seeker": {"initial_emotion_intensity": "4"}}, None])
def test_an_esconv_survey_without_scores_rates_nothing(survey):
    found = adapt(ESCONV | {"survey_score": survey}, "messages", entry("esconv"))
    assert not any(label.head == "eq" for _, label in found.labels)


def test_a_rise_of_the_emotion_is_no_regulation():
    scores = {"seeker": {"initial_emotion_intensity": "2", "final_emotion_intensity": "4"}}
    found = adapt(ESCONV | {"survey_score": scores}, "messages", entry("esconv"))
    assert [label.value for _, label in found.labels if label.output == "eq.emotional_regulation"] == [0.0]


def test_sharegpt_learns_what_the_model_says_in_the_parts_of_the_entry():
    found = adapt(SHAREGPT, "sharegpt", entry("sharegpt", "personality", PLAIN))
    assert [(t.role, t.part, t.learn) for t in found.turns] == [
        ("system", "other", False),
        ("user", "other", False),
        ("assistant", "assistant", True),
    ]
    client = adapt(SHAREGPT, "sharegpt", entry("sharegpt", "personality", {"user": "therapist", "assistant": "client"}))
    assert client.turns[2].part == "client"
    assert client.turns[2].persona == "therapy"


def test_what_only_a_client_learns_begins_with_the_announcement_of_its_mode():
    client = entry("sharegpt", "personality", {"user": "therapist", "assistant": "client"})
    with_system, without = adapt(SHAREGPT, "sharegpt", client), adapt({"conversations": SHAREGPT["conversations"][1:]}, "sharegpt", client)
    assert with_system.turns[0].content == f"{CLIENT_MODE}\nBe Odo."
    assert without.turns[0].content == CLIENT_MODE
    for found in (with_system, without):
        validate(found)
        assert {turn.part for turn in found.turns if turn.learn} == {"client"}


def test_messages_with_other_names_and_a_system_beside_them():
    row = {"system": "Be brief.", "talk": {"lines": [{"who": "A", "said": "Hi."}, {"who": "B", "said": "Hm."}]}}
    fields = {"messages": "talk.lines", "role": "who", "content": "said"}
    found = adapt(row, "messages", entry("messages", parts=PLAIN, fields=fields, roles={"A": "user", "*": "assistant"}))
    assert [(t.role, t.content) for t in found.turns] == [("system", "Be brief."), ("user", "Hi."), ("assistant", "Hm.")]


def test_tagged_text_is_cut_at_its_tags_whatever_their_case():
    found = adapt({"text": "<HUMAN>: I drank.\nAgain.\n<bot>: What came <before> it?"}, "tagged_text", entry("tagged_text"))
    assert [(t.part, t.content) for t in found.turns] == [("client", "I drank.\nAgain."), ("therapist", "What came <before> it?")]
    tags = entry("tagged_text", roles={"Client:": "user", "Helper:": "assistant"})
    assert [t.role for t in adapt({"text": "Client: a Helper: b Client: c"}, "tagged_text", tags).turns] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("shape", "row", "change", "reason"),
    [
        ("esconv", ESCONV, {"dialog": None}, "missing_field"),
        ("esconv", ESCONV, {"dialog": "hi"}, "wrong_type"),
        ("esconv", ESCONV, {"dialog": []}, "empty_field"),
        ("esconv", ESCONV, {"dialog": ["hi"]}, "wrong_type"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "sys", "text": "Hi.", "strategy": "Magic"}]}, "unknown_code"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "sys", "text": "Hi."}]}, "missing_field"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "both", "text": "Hi."}]}, "unknown_code"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "usr", "text": "Hi."}]}, "no_reply"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "usr", "text": " "}]}, "empty_field"),
        ("esconv", ESCONV, {"survey_score": {"seeker": {"empathy": "9"}}}, "out_of_range"),
        ("esconv", ESCONV, {"survey_score": {"seeker": {"empathy": "much"}}}, "wrong_type"),
        ("sharegpt", SHAREGPT, {"conversations": [{"from": "robot", "value": "x"}]}, "unknown_code"),
        ("sharegpt", SHAREGPT, {"conversations": [{"from": "gpt", "value": ["x"]}]}, "wrong_type"),
        ("tagged_text", {}, {"text": "nobody says this"}, "no_tags"),
        ("tagged_text", {}, {"text": "stray <human>: Hi. <bot>: Hm."}, "untagged_text"),
        ("tagged_text", {}, {"text": "<human>: <bot>: Hm."}, "empty_field"),
        ("tagged_text", {}, {"text": "<human>: Magic"}, "no_reply"),
    ],
)
def test_a_row_that_does_not_fit_has_a_reason_and_is_not_quoted(shape, row, change, reason):
    found = entry(shape, "mental_health")
    with pytest.raises(RowError) as error:
        adapt(row | change, found.shape, found)
    assert error.value.reason == reason
    assert "Magic" not in str(error.value)


def test_an_unknown_shape_lists_the_known_ones():
    with pytest.raises(ValueError, match="use one of messages"):
        adapt({}, "poems", entry("messages"))
