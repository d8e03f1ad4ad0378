"""What a request and an answer are."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.endpoint import Spent, complete
from pixel_core.endpoint.replies import events
from tests.pixel_core.endpoint.calls import KEY, PROMPT, ask, endpoint_of, only


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
