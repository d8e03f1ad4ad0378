"""Structured output."""

import json

import pytest

from pixel_core.endpoint import Spent, complete, usage_of
from tests.endpoint_server import says, status
from tests.pixel_core.endpoint.calls import PROMPT, SCHEMA, ask, endpoint_of, only


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_is_asked_for_strictly_and_its_value_is_returned(server, stream):
    server.answer = lambda body: '{"score": 4}'
    assert only(complete(endpoint_of(server, stream=stream), [ask(PROMPT)], SCHEMA)).value == {"score": 4}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    assert server.received[0].body["response_format"] == wanted


def test_a_server_without_json_schema_gets_json_object_and_the_schema_in_words(server):
    refusing = lambda handler, body: (  # noqa: E731
        says('{"score": 1}') if body["response_format"]["type"] == "json_object" else status(400)
    )(handler, body)
    server.then(*[refusing] * 9)
    answers = complete(endpoint_of(server, concurrency=1), [ask("a"), ask("b"), ask("c")], SCHEMA)
    assert [answer.value for answer in answers] == [{"score": 1}] * 3
    forms = [call.body["response_format"]["type"] for call in server.received]
    assert forms == ["json_schema", "json_object", "json_object", "json_object"]  # asked once, then remembered
    assert json.dumps(SCHEMA) in server.received[1].body["messages"][0]["content"]
    assert len(server.received[1].body["messages"]) == 2
    usage = usage_of(endpoint_of(server), answers)
    assert (usage.calls, usage.retries) == (4, 0)


def test_a_request_that_no_form_helps_is_rejected_and_the_form_stays(server):
    server.then(status(400), status(400), about="bad")
    server.answer = lambda body: '{"score": 1}'
    bad, good = complete(endpoint_of(server, concurrency=1), [ask("bad"), ask("good")], SCHEMA)
    assert bad.failure.kind == "rejected_request"
    assert good.value == {"score": 1}
    assert [c.body["response_format"]["type"] for c in server.received] == ["json_schema", "json_object", "json_schema"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"score": 9}', "9 is greater than the maximum of 5"),
        ('{"grade": 1}', "'grade' was unexpected"),
        ('{"score": ', "no JSON"),
        ('{"score": NaN}', "a value that JSON does not have"),
        ("[" * 200_000, "no JSON"),
    ],
)
def test_an_invalid_answer_is_asked_for_again_with_the_error(server, text, told):
    server.then(says(text))
    server.answer = lambda body: '{"score": 5}'
    answer = only(complete(endpoint_of(server), [ask(PROMPT)], SCHEMA))
    assert answer.value == {"score": 5}
    assert answer.spent == Spent(calls=2, retries=1, tokens_in=6, tokens_out=10)
    *before, again, why = server.received[1].body["messages"]
    assert before == server.received[0].body["messages"]
    assert again == {"role": "assistant", "content": text}
    assert why["role"] == "user"
    assert told in why["content"]


def test_a_value_that_no_file_can_hold_is_invalid(server):
    server.then(*[says(r'"\ud800"')] * 3)
    assert only(complete(endpoint_of(server), [ask(PROMPT)], {"type": "string"})).failure.kind == "invalid_answer"


def test_a_request_without_a_valid_answer_fails_alone_and_bounded(server):
    server.answer = lambda body: json.dumps({"score": 1, PROMPT: 1} if "bad" in str(body["messages"]) else {"score": 2})
    good, bad, other = complete(endpoint_of(server), [ask("one"), ask("bad"), ask("two")], SCHEMA)
    assert (good.value, other.value) == ({"score": 2}, {"score": 2})
    assert bad.value is None
    assert bad.failure.kind == "invalid_answer"
    assert "additionalProperties" in bad.failure.detail
    assert PROMPT not in bad.failure.detail
    assert bad.spent.calls == 3 == server.prompts.count("bad")
    assert len(server.received[-1].body["messages"]) <= 4  # the last invalid answer is told, not all of them


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (says('{"score"', finish="length"), "cut_off"),
        (says("", refusal="no"), "declined"),
        (says("x", finish="content_filter"), "declined"),
    ],
)
def test_what_asking_again_cannot_help_is_not_asked_again(server, behaviour, kind):
    server.then(behaviour)
    answer = only(complete(endpoint_of(server), [ask(PROMPT)], SCHEMA))
    assert (answer.failure.kind, answer.spent.calls) == (kind, 1)
    assert usage_of(endpoint_of(server), [answer]).tokens_out == 5  # paid for all the same


def test_a_text_at_the_token_limit_says_so(server):
    server.then(says("and then", finish="length"))
    answer = only(complete(endpoint_of(server), [ask(PROMPT)]))
    assert (answer.text, answer.finish) == ("and then", "length")


def test_what_is_no_schema_is_refused_before_any_call(server):
    with pytest.raises(ValueError, match="not a JSON schema"):
        complete(endpoint_of(server), [ask(PROMPT)], {"type": "objekt"})
    assert not server.received
