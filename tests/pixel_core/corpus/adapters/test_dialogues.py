import pytest

from pixel_core.conversation import validate
from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
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
COUNSEL = {
    "questionID": "7",
    "questionTitle": "I keep paying",
    "questionText": "He died two years ago.",
    "topic": "grief",
    "answerText": "You keep his voice.",
    "therapistInfo": "Sabela Orrinmoor",
    "therapistURL": "https://example.org/x",
}
SHAREGPT = {
    "id": "p1",
    "conversations": [{"from": "system", "value": "Be Odo."}, {"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hm."}],
    "tags": ["grumpy"],
}
COT = {"id": "c1", "question": "Why?", "reasoning": "First, look.", "answer": "Because.", "metadata": {"topic": "x", "difficulty": 4}}


def values(turn):
    return {label.output: label.value for label in turn.labels}


def test_esconv_strategies_become_techniques_and_the_survey_rates_the_last_reply():
    found = adapt(ESCONV, "esconv", entry("esconv"), "a.jsonl row 1")
    validate(found)
    assert [(t.role, t.part, t.learn) for t in found.turns[:2]] == [("assistant", "therapist", True), ("user", "client", False)]
    greeting, question, last = found.turns[0], found.turns[2], found.turns[4]
    assert set(values(greeting).values()) == {0}
    assert values(question)["technique.open_question"] == 1
    assert values(question)["intervention.open_question"] == 1
    assert {label.source for label in question.labels} == {"derived:question_form"}
    assert values(last)["technique.reassurance"] == 1
    assert "technique.affirmation" not in values(last), "the code does not tell whether it affirms"
    assert values(last)["eq.empathy_recognition"] == 0.75
    assert values(last)["eq.emotional_regulation"] == 0.75
    assert found.provenance[0].locator == "a.jsonl row 1"
    assert found.extra["problem_type"] == "job crisis"


@pytest.mark.parametrize("survey", [{}, {"seeker": {}}, {"seeker": {"initial_emotion_intensity": "4"}}, None])
def test_an_esconv_survey_without_scores_rates_nothing(survey):
    found = adapt(ESCONV | {"survey_score": survey}, "esconv", entry("esconv"))
    assert not any(label.head == "eq" for _, label in found.labels)


def test_a_rise_of_the_emotion_is_no_regulation():
    scores = {"seeker": {"initial_emotion_intensity": "2", "final_emotion_intensity": "4"}}
    found = adapt(ESCONV | {"survey_score": scores}, "esconv", entry("esconv"))
    assert [label.value for _, label in found.labels if label.output == "eq.emotional_regulation"] == [0.0]


def test_counsel_chat_groups_by_question_and_leaves_the_counsellor_out():
    found = adapt(COUNSEL, "counsel_chat", entry("counsel_chat"), "a.csv row 3")
    assert [t.content for t in found.turns] == ["I keep paying\nHe died two years ago.", "You keep his voice."]
    assert found.group == "sample:7"
    assert "Sabela" not in repr(found)
    assert found.provenance[0].locator == "question 7, a.csv row 3"


def test_a_title_that_the_question_repeats_stands_once():
    found = adapt(COUNSEL | {"questionTitle": "He died"}, "counsel_chat", entry("counsel_chat"))
    assert found.turns[0].content == COUNSEL["questionText"]


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


def test_reasoning_stands_apart_from_the_answer():
    found = adapt(COT, "cot", entry("cot", "reasoning", PLAIN))
    assert found.turns[1].content == "<think>\nFirst, look.\n</think>\n\nBecause."
    assert found.difficulty == 4
    assert adapt(COT | {"metadata": {"difficulty": 9}}, "cot", entry("cot", "reasoning", PLAIN)).difficulty == 2


@pytest.mark.parametrize(
    ("shape", "row", "change", "reason"),
    [
        ("esconv", ESCONV, {"dialog": None}, "wrong_type"),
        ("esconv", ESCONV, {"dialog": []}, "empty_field"),
        ("esconv", ESCONV, {"dialog": ["hi"]}, "wrong_type"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "sys", "text": "Hi.", "strategy": "Magic"}]}, "unknown_code"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "both", "text": "Hi."}]}, "unknown_code"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "usr", "text": "Hi."}]}, "no_reply"),
        ("esconv", ESCONV, {"dialog": [{"speaker": "usr", "text": " "}]}, "empty_field"),
        ("esconv", ESCONV, {"survey_score": {"seeker": {"empathy": "9"}}}, "out_of_range"),
        ("esconv", ESCONV, {"survey_score": {"seeker": {"empathy": "much"}}}, "wrong_type"),
        ("counsel_chat", COUNSEL, {"answerText": None}, "missing_field"),
        ("counsel_chat", COUNSEL, {"questionText": 3}, "wrong_type"),
        ("counsel_chat", COUNSEL, {"questionID": ""}, "empty_field"),
        ("sharegpt", SHAREGPT, {"conversations": [{"from": "robot", "value": "x"}]}, "unknown_code"),
        ("sharegpt", SHAREGPT, {"conversations": [{"from": "gpt", "value": ["x"]}]}, "wrong_type"),
        ("cot", COT, {"reasoning": ""}, "empty_field"),
        ("cot", COT, {"id": 3.5}, "wrong_type"),
    ],
)
def test_a_row_that_does_not_fit_has_a_reason_and_is_not_quoted(shape, row, change, reason):
    with pytest.raises(RowError) as error:
        adapt(row | change, shape, entry(shape, "mental_health"))
    assert error.value.reason == reason
    assert "Magic" not in str(error.value)


def test_an_unknown_shape_lists_the_known_ones():
    with pytest.raises(ValueError, match="use one of esconv"):
        adapt({}, "poems", entry("esconv"))
