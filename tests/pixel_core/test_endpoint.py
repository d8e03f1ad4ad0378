"""The chat client against a server on loopback that misbehaves."""

import json
import logging
import signal
import socket
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.endpoint import Endpoint, EndpointError, Message, Request, Spent, complete, usage_of
from pixel_core.endpoint.replies import events
from tests.endpoint_server import cuts_body, cuts_stream, drips, hangs, resets, says, sends, serve_endpoint, status

KEY = "sk-this-stays-secret-0123456789"
VARIABLE = "PIXEL_TEST_ENDPOINT_KEY"
PROMPT = "my father drinks again"
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "maximum": 5}},
    "required": ["score"],
    "additionalProperties": False,
}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        yield running


def endpoint_of(server, **changes):
    given = {"key_variable": VARIABLE, "timeout": 5.0, "retries": 2, "backoff": 0.01, "price_per_million": (2.0, 10.0)}
    return Endpoint(server.url, "teacher", **(given | changes))


def ask(text, **sampling):
    return Request((Message("system", "You are terse."), Message("user", text)), sampling)


def only(answers):
    (answer,) = answers
    return answer


# What a request and an answer are


@pytest.mark.parametrize("stream", [False, True])
def test_the_request_follows_the_protocol_and_sampling_is_passed_through(server, stream):
    answer = only(complete(endpoint_of(server, stream=stream), [ask(PROMPT, temperature=0.3, seed=7, max_tokens=40)]))
    assert (answer.text, answer.finish, answer.failure, answer.cached) == ("fine", "stop", None, False)
    assert answer.spent == Spent(calls=1, tokens_in=3, tokens_out=5)
    (call,) = server.received
    assert call.path == "/v1/chat/completions"
    assert call.authorization == f"Bearer {KEY}"
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    assert call.body == {
        "model": "teacher",
        "messages": [{"role": "system", "content": "You are terse."}, {"role": "user", "content": PROMPT}],
        "temperature": 0.3,
        "seed": 7,
        "max_tokens": 40,
        **streamed,
    }


def test_no_key_is_sent_where_none_is_named(server):
    complete(endpoint_of(server, key_variable=None), [ask(PROMPT)])
    assert server.received[0].authorization is None


@pytest.mark.parametrize("stream", [False, True])
def test_a_text_comes_back_as_it_was_written(server, stream):
    server.answer = lambda body: "Zeile\u2028eins\r\n\ndata: [DONE]\n\x85 schön 🫶"
    assert only(complete(endpoint_of(server, stream=stream), [ask(PROMPT)])).text == server.answer({})


@given(st.lists(st.binary(min_size=1, max_size=12).filter(lambda event: b"\n" not in event)), st.data())
def test_events_do_not_depend_on_how_bytes_are_cut(wanted, data):
    body = b"".join(b": note\r\n\r\ndata: " + event + b"\r\n\r\n" for event in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)))))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert list(events(chunks)) == wanted


def test_answers_come_in_the_order_of_the_requests(server):
    server.answer = lambda body: time.sleep(0.002 * (9 - int(body["messages"][-1]["content"]))) or body["messages"][-1]["content"]
    assert [a.text for a in complete(endpoint_of(server, concurrency=8), [ask(str(n)) for n in range(10)])] == [str(n) for n in range(10)]


@pytest.mark.parametrize("bound", [1, 3])
def test_the_server_never_sees_more_calls_at_once_than_the_bound(server, bound):
    together = threading.Barrier(bound)

    def meet(body):
        together.wait(timeout=4)
        time.sleep(0.01)
        return "met"

    server.answer = meet
    complete(endpoint_of(server, concurrency=bound), [ask(str(n)) for n in range(12)])
    assert server.most_in_flight == bound


# Structured output


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


# Faults of the server

PASSING = {
    "500": (status(500), "server_error"),
    "503": (status(503), "server_error"),
    "429": (status(429), "rate_limited"),
    "408": (status(408), "timed_out"),
    "reset": (resets, "connection_lost"),
    "cut body": (cuts_body, "connection_lost"),
    "broken json": (sends(b'{"choices": [{"mess'), "broken_response"),
    "not utf-8": (sends(b'{"choices": "\xff"}'), "broken_response"),
    "deep json": (sends(b"[" * 200_000), "broken_response"),
    "other json": (sends(b'{"choices": "none"}'), "broken_response"),
    "no text": (sends(b'{"choices": [{"message": {"content": null}}]}'), "broken_response"),
    "half a pair": (sends(rb'{"choices": [{"message": {"content": "\ud800"}}]}'), "broken_response"),
    "error as 200": (sends(b'{"error": {"message": "overloaded"}}'), "server_error"),
    "html": (sends(b"<html>log in</html>", "text/html; charset=utf-8"), "wrong_content_type"),
    "cut stream": (cuts_stream, "cut_stream"),
    "empty stream": (sends(b"", "text/event-stream"), "cut_stream"),
    "broken event": (sends(b'data: {"cho\n\n', "text/event-stream"), "broken_response"),
    "error in stream": (sends(b'data: {"error": {"message": "x"}}\n\n', "text/event-stream"), "server_error"),
}


@pytest.mark.parametrize(("behaviour", "kind"), PASSING.values(), ids=PASSING)
def test_a_passing_fault_is_tried_again_and_a_lasting_one_is_a_typed_failure(server, behaviour, kind):
    server.then(behaviour, behaviour, about="passing")
    server.then(behaviour, behaviour, behaviour, about="lasting")
    endpoint = endpoint_of(server, stream="stream" in kind)
    passing, lasting, well = complete(endpoint, [ask("passing"), ask("lasting"), ask("well")])
    assert passing.text == well.text == "fine"
    assert passing.spent == Spent(calls=3, retries=2, tokens_in=3, tokens_out=5)
    assert (lasting.text, lasting.failure.kind) == (None, kind)
    assert lasting.failure.detail.startswith(server.host)
    assert lasting.spent.calls == 3
    assert usage_of(endpoint, [passing, lasting, well]).failures == 1


@pytest.mark.parametrize(("behaviour", "stream"), [(hangs, False), (drips, True)], ids=["hangs", "drips"])
def test_a_slow_answer_is_given_up_at_the_timeout(server, behaviour, stream):
    server.then(behaviour, behaviour)
    began = time.monotonic()
    slow = only(complete(endpoint_of(server, timeout=0.15, retries=1, stream=stream), [ask(PROMPT)]))
    assert slow.failure.kind == "timed_out"
    assert 0.3 <= time.monotonic() - began < 4
    assert only(complete(endpoint_of(server), [ask(PROMPT)])).text == "fine"


def test_the_seconds_of_retry_after_are_respected_by_every_request(server, caplog):
    caplog.set_level(logging.INFO, logger="pixel_core.endpoint")
    server.then(status(429, Retry_After="0.4"))
    answers = complete(endpoint_of(server, concurrency=1, retries=1), [ask(str(n)) for n in range(3)])
    assert [answer.text for answer in answers] == ["fine"] * 3
    first, *later = [call.at for call in server.received]
    assert len(later) == 3
    assert 0.4 <= min(later) - first < 5
    (planned,) = [record.args[-1] for record in caplog.records if "follows" in record.message]
    assert 0.4 < planned < 0.42  # not all at the same moment after it


def test_the_date_of_retry_after_is_respected(server):
    until = (datetime.now(UTC) + timedelta(seconds=1.4)).replace(microsecond=0)  # a date has whole seconds
    server.then(status(429, Retry_After=format_datetime(until, usegmt=True)))
    assert only(complete(endpoint_of(server, retries=1), [ask(PROMPT)])).text == "fine"
    assert datetime.now(UTC) >= until


def test_a_wait_holds_up_the_requests_of_other_workers_too(server):
    server.then(status(429, Retry_After="0.5"), about="limited")
    server.seconds = 0.05
    complete(endpoint_of(server, concurrency=2), [ask("limited"), *(ask(str(n)) for n in range(6))])
    refused = next(call.at for call in server.received if call.prompt == "limited")
    # Without the hold the other worker would have asked all six in 0.3 s.
    assert sum(call.at >= refused + 0.5 for call in server.received) >= 4


@pytest.mark.parametrize("asked", ["soon", "-3", "", "1e9", "Mon, 99 Foo"])
def test_an_unreadable_retry_after_is_an_ordinary_pause(server, asked):
    server.then(status(429, Retry_After=asked))
    assert only(complete(endpoint_of(server), [ask(PROMPT)])).text == "fine"


def test_pauses_double_and_are_the_same_in_every_run(server, caplog):
    caplog.set_level(logging.INFO, logger="pixel_core.endpoint")

    def pauses():
        caplog.clear()
        server.then(*[status(500)] * 3)
        complete(endpoint_of(server, retries=3, backoff=0.02), [ask(PROMPT)])
        return [record.args[-1] for record in caplog.records if "follows" in record.message]

    planned = pauses()
    taken = [later.at - earlier.at for earlier, later in pairwise(server.received)]
    assert len(planned) == len(taken) == 3
    for attempt, (seconds, waited) in enumerate(zip(planned, taken, strict=True)):
        assert 0.01 * 2**attempt <= seconds <= 0.02 * 2**attempt
        assert waited >= seconds
    assert len({seconds / 2**attempt for attempt, seconds in enumerate(planned)}) == 3  # jitter
    assert pauses() == planned


@pytest.mark.parametrize("code", [400, 403, 413, 422])
def test_a_rejected_request_fails_at_once_and_the_others_go_on(server, code):
    server.then(status(code, error={"code": "context_length_exceeded"}), about=PROMPT)
    rejected, good = complete(endpoint_of(server), [ask(PROMPT), ask("well")])
    assert rejected.failure.kind == "rejected_request"
    assert rejected.failure.detail == f"{server.host} answered {code} (context_length_exceeded)"
    assert rejected.spent == Spent(calls=1)
    assert good.text == "fine"


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (status(401, error={"code": "invalid_api_key"}), r"answered 401 \(invalid_api_key\): check the key"),
        (status(404), "answered 404: check base_url and model"),
        (status(302, Location="http://elsewhere.invalid/"), "answered 302: which is no answer; check base_url"),
        (status(429, error={"type": "insufficient_quota"}), "check the account's credit"),
        (status(429, Retry_After="4000"), "asks to wait 4000 s"),
    ],
)
def test_what_no_request_would_survive_stops_the_batch(server, tmp_path, behaviour, message):
    requests = [ask("first"), ask(PROMPT), *(ask(str(n)) for n in range(20))]
    server.then(behaviour, about=PROMPT)
    with pytest.raises(EndpointError, match=message) as caught:
        complete(endpoint_of(server, concurrency=1), requests, cache=tmp_path)
    assert server.host in str(caught.value)
    assert server.prompts == ["first", PROMPT]
    assert only(complete(endpoint_of(server), requests[:1], cache=tmp_path)).cached


def test_an_error_ends_the_pauses_of_the_others(server):
    all_asked = threading.Barrier(8)

    def paused(handler, body):
        all_asked.wait(timeout=4)  # a pause holds up every call that has not begun
        status(429, Retry_After="200")(handler, body)

    def refused(handler, body):
        all_asked.wait(timeout=4)
        time.sleep(0.2)
        status(401)(handler, body)

    server.then(*[paused] * 7, refused)
    began = time.monotonic()
    with pytest.raises(EndpointError, match="401"):
        complete(endpoint_of(server, concurrency=8), [ask(str(n)) for n in range(8)])
    assert time.monotonic() - began < 10


def test_a_host_where_nobody_answers_is_named_after_the_retries(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EndpointError, match=f"{host} cannot be reached"):
            complete(Endpoint(f"http://{host}/v1", "m", key_variable=None, retries=1, backoff=0.01), [ask(PROMPT)] * 50)


@pytest.fixture(autouse=True)
def _interrupts():
    """Ctrl-C as an interpreter has it: libraries that earlier tests load put handlers of their own in its place."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


def test_an_interrupt_ends_the_batch_and_keeps_what_was_under_way(server, tmp_path):
    main, both = threading.get_ident(), threading.Barrier(2)

    def interrupt(body):
        if both.wait(timeout=4) == 0:
            time.sleep(0.05)  # so that the main thread waits for answers
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.4)
        return "kept"

    server.answer = interrupt
    with pytest.raises(KeyboardInterrupt):
        complete(endpoint_of(server, concurrency=2), [ask(str(n)) for n in range(100)], cache=tmp_path)
    assert len(server.received) == len(list(tmp_path.iterdir())) == 2


def test_an_interrupt_ends_a_pause(server):
    main = threading.get_ident()
    server.then(status(429, Retry_After="200"))

    def interrupt():
        while not server.received:
            time.sleep(0.01)
        time.sleep(0.2)
        signal.pthread_kill(main, signal.SIGINT)

    began = time.monotonic()
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        complete(endpoint_of(server), [ask(PROMPT)])
    assert time.monotonic() - began < 10


# The cache


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


# Usage, secrets, settings


def test_usage_adds_up_and_names_what_it_cannot_count(server):
    server.then(says(usage=False), about="unmetered")
    server.then(status(500), about="again")
    endpoint = endpoint_of(server)
    answers = complete(endpoint, [ask("unmetered"), ask("again"), ask("well")])
    usage = usage_of(endpoint, answers)
    assert (usage.answers, usage.failures, usage.calls, usage.retries, usage.unmetered) == (3, 0, 4, 1, 1)
    assert (usage.tokens_in, usage.tokens_out) == (6, 10)
    assert usage.cost == pytest.approx((6 * 2 + 10 * 10) / 1e6)
    assert usage_of(endpoint_of(server, price_per_million=None), answers).cost is None
    assert usage_of(endpoint, []).cost == 0


def test_neither_key_nor_prompt_nor_answer_reaches_logs_errors_or_reprs(server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    private = "she hides the bottles"
    server.answer = lambda body: json.dumps({"score": private})
    said = []
    faults = [says(), status(400), status(400), status(500), status(429, Retry_After="0"), resets, cuts_stream, sends(KEY.encode()), hangs]
    for position, fault in enumerate(faults):
        server.then(*[fault] * 2)
        request = ask(f"{PROMPT} {position}")
        timeout = 0.1 if fault is hangs else 5.0
        answers = complete(endpoint_of(server, timeout=timeout, retries=1), [request], SCHEMA, cache=tmp_path)
        assert only(answers).failure
        said += [repr(request), repr(answers)]
    for fault in (status(401), status(404)):
        server.then(fault)
        with pytest.raises(EndpointError) as caught:
            complete(endpoint_of(server), [ask(PROMPT)], cache=tmp_path)
        said += traceback.format_exception(caught.value)
    answers = complete(endpoint_of(server), [ask(PROMPT)], {"type": "object"}, cache=tmp_path)
    said += [repr(answers), repr(endpoint_of(server)), caplog.text]
    assert len(caplog.records) > 30
    for text in said:
        assert KEY not in text
        assert PROMPT not in text
        assert private not in text
    kept = [path.read_text() for path in tmp_path.iterdir()]
    assert len(kept) == 1
    assert KEY not in kept[0]
    assert PROMPT not in kept[0]


@pytest.mark.parametrize(
    ("key", "why"), [(None, "is not set"), ("  \n", "is not set"), (f"{KEY}\n{KEY}", "characters"), ("schlüssel", "characters")]
)
def test_a_missing_or_broken_key_names_its_variable_only(server, monkeypatch, key, why):
    monkeypatch.delenv(VARIABLE) if key is None else monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(EndpointError, match=f"{VARIABLE} .*{why}") as caught:
        complete(endpoint_of(server), [ask(PROMPT)])
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert "schlüssel" not in shown
    assert not server.received


def test_the_key_is_read_when_a_call_is_made(server, monkeypatch):
    endpoint = endpoint_of(server)
    monkeypatch.setenv(VARIABLE, "sk-rotated\n")
    complete(endpoint, [ask(PROMPT)])
    assert server.received[0].authorization == "Bearer sk-rotated"
    assert "sk-rotated" not in repr(endpoint)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "localhost:8000"},
        {"base_url": "ftp://host/v1"},
        {"base_url": f"https://user:{KEY}@host/v1"},
        {"base_url": f"https://host/v1?key={KEY}"},
        {"base_url": "https://host/v1/chat/completions"},
        {"base_url": "https://host:port/v1"},
        {"key_variable": KEY},
        {"model": ""},
        {"concurrency": 0},
        {"retries": -1},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"backoff": -1},
        {"price_per_million": (1, -1)},
    ],
)
def test_settings_that_cannot_work_are_refused_without_quoting_a_key(changes):
    with pytest.raises(ValueError) as caught:
        Endpoint(**({"base_url": "https://host/v1", "model": "m"} | changes))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Request(()),
        lambda: Message("therapist", "hello"),
        lambda: Message("user", "half \ud800"),
        lambda: ask("a", model="other"),
        lambda: ask("a", stream=True),
        lambda: complete(Endpoint("https://host/v1", "m"), [ask("a", temperature=float("nan"))]),
    ],
)
def test_requests_that_cannot_be_asked_are_refused(build):
    with pytest.raises(ValueError):
        build()


def test_nothing_asked_is_nothing_answered():
    assert complete(Endpoint("https://host.invalid/v1", "m"), []) == []
