"""Usage, secrets and settings."""

import json
import logging
import traceback

import pytest

from pixel_core.endpoint import Endpoint, EndpointError, Message, Request, complete, usage_of
from tests.endpoint_server import cuts_stream, hangs, resets, says, sends, status
from tests.pixel_core.endpoint.calls import KEY, PROMPT, SCHEMA, VARIABLE, ask, endpoint_of, only


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
