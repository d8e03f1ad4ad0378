"""Answers that are kept."""

import pytest

from pixel_core.endpoint import Endpoint, Message, Request, complete, usage_of
from tests.endpoint_server import status
from tests.pixel_core.endpoint.calls import PROMPT, SCHEMA, VARIABLE, ask, endpoint_of, only


@pytest.mark.parametrize("schema", [None, SCHEMA])
def test_a_kept_answer_costs_no_call_and_is_the_same(server, tmp_path, schema):
    server.answer = lambda body: '{"score": 3}'
    endpoint = endpoint_of(server)
    first = complete(endpoint, [ask("a"), ask("b")], schema, cache=tmp_path)
    again = complete(endpoint, [ask("b"), ask("a")], schema, cache=tmp_path)
    assert len(server.received) == 2
    assert [(a.text, a.value, a.finish, a.spent) for a in again] == [(a.text, a.value, a.finish, a.spent) for a in reversed(first)]
    assert usage_of(endpoint, first).cost == pytest.approx(2 * (3 * 2 + 5 * 10) / 1e6)
    used = usage_of(endpoint, again)
    assert (used.cache_hits, used.calls, used.tokens_in, used.tokens_out, used.cost, used.answers) == (2, 0, 0, 0, 0.0, 2)


def test_a_kept_answer_needs_no_key_and_no_server(server, tmp_path, monkeypatch):
    complete(endpoint_of(server), [ask(PROMPT)], cache=tmp_path)
    monkeypatch.delenv(VARIABLE)
    assert only(complete(Endpoint("http://nobody.invalid/v1", "teacher", VARIABLE), [ask(PROMPT)], cache=tmp_path)).text == "fine"


def test_model_messages_schema_and_sampling_decide_what_is_the_same(server, tmp_path):
    server.answer = lambda body: '{"score": 3}'
    cases = [
        (endpoint_of(server), ask("a"), None),
        (Endpoint(server.url, "other", VARIABLE), ask("a"), None),
        (endpoint_of(server), ask("b"), None),
        (endpoint_of(server), Request((Message("user", "a"),)), None),
        (endpoint_of(server), ask("a", seed=1), None),
        (endpoint_of(server), ask("a", seed=2), None),
        (endpoint_of(server), ask("a"), SCHEMA),
        (endpoint_of(server), ask("a"), {}),
    ]
    for _ in range(2):
        for endpoint, request, schema in cases:
            complete(endpoint, [request], schema, cache=tmp_path)
    assert len(server.received) == len(cases) == len(list(tmp_path.iterdir()))
    complete(endpoint_of(server, stream=True, concurrency=9, timeout=2), [ask("a")], cache=tmp_path)
    assert len(server.received) == len(cases)  # how the answer travels is not what was asked


def test_equal_requests_are_asked_once_with_a_cache_and_each_without(server, tmp_path):
    server.answer = lambda body: '{"score": 3}'
    endpoint = endpoint_of(server)
    first, second, third = complete(endpoint, [ask("a")] * 3, SCHEMA, cache=tmp_path)
    assert len(server.received) == 1
    assert (first.cached, second.cached, third.cached) == (False, True, True)
    first.value["score"] = 0
    assert second.value == third.value == {"score": 3}
    usage = usage_of(endpoint, [first, second, third])
    assert (usage.calls, usage.cache_hits, usage.tokens_in) == (1, 2, 3)
    complete(endpoint, [ask("a")] * 3, SCHEMA)
    assert len(server.received) == 4


def test_a_failure_is_never_kept_and_equal_requests_share_it(server, tmp_path):
    server.then(*[status(500)] * 3)
    endpoint = endpoint_of(server)
    failed = complete(endpoint, [ask("a")] * 2, cache=tmp_path)
    usage = usage_of(endpoint, failed)
    assert (usage.failures, usage.calls, usage.cache_hits) == (2, 3, 0)
    assert not list(tmp_path.iterdir())
    assert only(complete(endpoint, [ask("a")], cache=tmp_path)).text == "fine"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"digest": "0"}', None])
def test_a_damaged_file_is_named_and_replaced(server, tmp_path, caplog, damage):
    server.answer = lambda body: '{"score": 3}'
    complete(endpoint_of(server), [ask("a")], SCHEMA, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    good = file.read_text()
    file.write_text(good.replace("score", "grade") if damage is None else damage)
    assert only(complete(endpoint_of(server), [ask("a")], SCHEMA, cache=tmp_path)).value == {"score": 3}
    assert len(server.received) == 2
    assert file.read_text() == good
    assert list(tmp_path.iterdir()) == [file]
    assert file.stem in caplog.text
