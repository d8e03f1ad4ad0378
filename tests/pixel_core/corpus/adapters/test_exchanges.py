import pytest

from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from tests.pixel_core.corpus.worlds import PLAIN, entry

COUNSEL = {
    "questionID": "7",
    "questionTitle": "I keep paying",
    "questionText": "He died two years ago.",
    "topic": "grief",
    "answerText": "You keep his voice.",
    "therapistInfo": "Sabela Orrinmoor",
    "therapistURL": "https://example.org/x",
}
COT = {"id": "c1", "question": "Why?", "reasoning": "First, look.", "answer": "Because.", "metadata": {"topic": "x", "difficulty": 4}}
ALPACA = {"instruction": "Answer as a counsellor.", "input": "I cannot sleep.", "output": "Since when?"}
CONTEXT = {"Context": "I cannot sleep.", "Response": "Since when?"}
VERDICT = {"post": "I sit at the window.", "question": " Question: sad? ", "response": "no. Reasoning: They only sit."}


def said(found):
    return [(turn.role, turn.content) for turn in found.turns]


def test_counsel_chat_groups_by_question_and_leaves_the_counsellor_out():
    found = adapt(COUNSEL, "question_answer", entry("counsel_chat"), "a.csv row 3")
    assert [t.content for t in found.turns] == ["I keep paying\nHe died two years ago.", "You keep his voice."]
    assert found.group == "sample:7"
    assert "Sabela" not in repr(found)
    assert found.provenance[0].locator == "questionID 7, a.csv row 3"


def test_a_title_that_the_question_repeats_stands_once():
    found = adapt(COUNSEL | {"questionTitle": "He died"}, "question_answer", entry("counsel_chat"))
    assert found.turns[0].content == COUNSEL["questionText"]


def test_alpaca_asks_instruction_and_input_or_keeps_the_instruction_for_the_system():
    plain = adapt(ALPACA, "alpaca", entry("alpaca", parts=PLAIN))
    assert said(plain) == [("user", "Answer as a counsellor.\nI cannot sleep."), ("assistant", "Since when?")]
    assert plain.turns[1].learn
    repeated = adapt(ALPACA, "alpaca", entry("alpaca", roles={"instruction": "system"}))
    assert said(repeated)[:2] == [("system", "Answer as a counsellor."), ("user", "I cannot sleep.")]
    assert said(adapt(ALPACA | {"input": None, "system": "Be brief."}, "alpaca", entry("alpaca")))[:2] == [
        ("system", "Be brief."),
        ("user", "Answer as a counsellor."),
    ]


def test_contexts_that_are_alike_are_one_group():
    one = adapt(CONTEXT, "context_response", entry("context_response"))
    other = adapt({"Context": "i cannot  sleep", "Response": "Oh."}, "context_response", entry("context_response"))
    assert said(one) == [("user", "I cannot sleep."), ("assistant", "Since when?")]
    assert one.group == other.group


def test_metadata_goes_along_and_its_difficulty_counts():
    row = {"question": "Why?", "answer": "So.", "metadata": {"topic": "x", "difficulty": 5}}
    found = adapt(row, "question_answer", entry("question_answer", keep=("metadata.topic",)))
    assert (found.extra, found.difficulty) == ({"metadata.topic": "x"}, 5)


def test_reasoning_stands_apart_from_the_answer():
    found = adapt(COT, "cot", entry("cot", "reasoning", PLAIN))
    assert found.turns[1].content == "<think>\nFirst, look.\n</think>\n\nBecause."
    assert found.difficulty == 4
    assert adapt(COT | {"metadata": {"difficulty": 9}}, "cot", entry("cot", "reasoning", PLAIN)).difficulty == 2


def test_reasoning_may_lie_in_the_metadata():
    row = {"id": "1", "question": "Why?", "answer": "So.", "metadata": {"reasoning": "Look.", "difficulty": "hard"}}
    found = adapt(row, "cot", entry("cot", "reasoning", PLAIN, fields={"reasoning": "metadata.reasoning"}))
    assert found.turns[1].content.startswith("<think>\nLook.\n</think>")


def test_a_verdict_with_reasoning_is_taken_apart_and_labels_the_post():
    set_ = entry("imhi", "reasoning", PLAIN)
    found = adapt(VERDICT, "cot", set_)
    assert found.turns[1].content == "<think>\nThey only sit.\n</think>\n\nno"
    assert [(label.output, label.value, label.source) for label in found.turns[0].labels] == [
        ("clinical.F32", 0.0, "derived:imhi_depression")
    ]
    test_file = {"query": "Post: I sit at the window. Question: sad? ", "gpt-3.5-turbo": "no. Reasoning: They only sit."}
    assert adapt(test_file, "cot", set_).turns[1] == found.turns[1]


@pytest.mark.parametrize(
    ("shape", "row", "change", "reason"),
    [
        ("counsel_chat", COUNSEL, {"answerText": None}, "missing_field"),
        ("counsel_chat", COUNSEL, {"questionText": 3}, "wrong_type"),
        ("counsel_chat", COUNSEL, {"questionID": ""}, "empty_field"),
        ("cot", COT, {"reasoning": ""}, "empty_field"),
        ("cot", COT, {"reasoning": "a </think> b"}, "reasoning_marks"),
        ("alpaca", ALPACA, {"output": ""}, "empty_field"),
        ("alpaca", ALPACA, {"input": ["x"]}, "wrong_type"),
        ("context_response", CONTEXT, {"Response": None}, "missing_field"),
        ("imhi", VERDICT, {"response": "no reason at all"}, "unparsed"),
        ("imhi", VERDICT, {"response": "Perhaps. Reasoning: x"}, "unknown_code"),
        ("imhi", VERDICT, {"response": 5}, "wrong_type"),
    ],
)
def test_a_row_that_does_not_fit_has_a_reason(shape, row, change, reason):
    found = entry(shape, "mental_health")
    with pytest.raises(RowError) as error:
        adapt(row | change, found.shape, found)
    assert error.value.reason == reason
