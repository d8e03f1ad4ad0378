"""Faults of the server: what is tried again, what ends the batch, and an interrupt."""

import logging
import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from pixel_core.endpoint import Endpoint, EndpointError, Spent, complete, usage_of
from tests.endpoint_server import cuts_body, cuts_stream, drips, hangs, resets, sends, status
from tests.pixel_core.endpoint.calls import PROMPT, ask, endpoint_of, only

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
