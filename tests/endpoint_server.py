"""A small chat endpoint on loopback that speaks the OpenAI protocol, streamed or not, and misbehaves on demand."""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """One call as the server saw it, with the seconds (monotonic) of its arrival."""

    path: str
    authorization: str | None
    body: Body
    at: float

    @property
    def prompt(self) -> str:
        """The first message of the user, or the text to be scored."""
        return self.body["prompt"] if "prompt" in self.body else next(m["content"] for m in self.body["messages"] if m["role"] == "user")


class EndpointServer:
    """What a test says to the server, and what the server saw: `received`, `most_in_flight`."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}/v1"
        self.received: list[Received] = []
        self.most_in_flight = 0
        self.answer: Callable[[Body], str] = lambda body: "fine"
        self.likelihood: Callable[[str], float] | None = None  # nats of a token; None: it has no /completions
        self.seconds = 0.0  # that every answer takes
        self.closing = threading.Event()
        self._in_flight = 0
        self._planned: list[tuple[str, Behaviour]] = []
        self._lock = threading.Lock()

    def then(self, *behaviours: "Behaviour", about: str = "") -> None:
        """Each of these serves one of the next calls whose prompt holds `about`; whatever comes later is answered well."""
        self._planned += [(about, behaviour) for behaviour in behaviours]

    @property
    def prompts(self) -> list[str]:
        """The prompts in the order of their arrival."""
        return [received.prompt for received in self.received]

    def arrive(self, received: Received) -> "Behaviour":
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            self.received.append(received)
            for position, (about, behaviour) in enumerate(self._planned):
                if about in received.prompt:
                    del self._planned[position]
                    return behaviour
        return says()

    def leave(self) -> None:
        with self._lock:
            self._in_flight -= 1


@contextmanager
def serve_endpoint():
    """A running EndpointServer; on leaving, calls that still hang are let go."""
    with _Server(("127.0.0.1", 0), _Handler) as http:
        http.endpoint = EndpointServer(http.server_port)
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
        thread.start()
        try:
            yield http.endpoint
        finally:
            http.endpoint.closing.set()
            http.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that hangs up on a slow answer is what the tests are about; nothing else may be silent."""
        import sys

        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet an answer: small writes wait for one another

    @property
    def endpoint(self) -> EndpointServer:
        return self.server.endpoint

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = self.endpoint.arrive(Received(self.path, self.headers["Authorization"], body, time.monotonic()))
        try:
            self.endpoint.closing.wait(self.endpoint.seconds)
            behaviour(self, body)
        finally:
            self.endpoint.leave()  # before the client can read the end of the answer, and so before its next call
            if not self.wfile.closed:
                self.wfile.flush()

    def send(self, status: int, payload: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": str(len(payload)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments):
        """Nothing: the tests look at what the client logs."""


Behaviour = Callable[[_Handler, Body], None]


def says(text: str | None = None, *, finish: str = "stop", usage: bool = True, refusal: str | None = None) -> Behaviour:
    """A good answer: `text`, or what the server's `answer` makes of the request; 3 tokens in and 5 out a call."""

    def behave(handler, body):
        if "prompt" in body:
            _echo(handler, body)
            return
        content = handler.endpoint.answer(body) if text is None else text
        if body.get("stream"):
            handler.send(200, b"".join(_events(content, finish, usage)) + b"data: [DONE]\n\n", Content_Type="text/event-stream")
        else:
            message = {"role": "assistant", "content": content} | ({"refusal": refusal} if refusal else {})
            answer = {"choices": [{"index": 0, "message": message, "finish_reason": finish}]} | (_usage() if usage else {})
            handler.send(200, json.dumps(answer).encode())

    return behave


def status(code: int, *, error: Body | None = None, **headers: str) -> Behaviour:
    """An error status; its body quotes the prompt and the key, as real servers do."""

    def behave(handler, body):
        quoted = f"{handler.headers['Authorization']} may not ask {body['prompt'] if 'prompt' in body else body['messages'][-1]['content']}"
        handler.send(code, json.dumps({"error": {"message": quoted, **(error or {})}}).encode(), **headers)

    return behave


def sends(payload: bytes, content_type: str = "application/json") -> Behaviour:
    """These bytes with status 200."""
    return lambda handler, body: handler.send(200, payload, Content_Type=content_type)


def resets(handler: _Handler, body: Body) -> None:
    """The connection is reset in place of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.wfile.close()
    handler.connection.close()
    raise ConnectionResetError


def cuts_stream(handler: _Handler, body: Body) -> None:
    """A stream that ends in its middle, as if it were over."""
    events = list(_events(handler.endpoint.answer(body), "stop", True))
    handler.send(200, b"".join(events[: len(events) // 2]), Content_Type="text/event-stream")


def cuts_body(handler: _Handler, body: Body) -> None:
    """The connection ends before the announced length."""
    handler.send(200, b'{"choices": [', Content_Length="4000")
    handler.close_connection = True


def hangs(handler: _Handler, body: Body) -> None:
    """No answer until the server closes."""
    handler.endpoint.closing.wait(20)


def drips(handler: _Handler, body: Body) -> None:
    """A stream that stays alive by comments and never says anything."""
    handler.send(200, b"", Content_Type="text/event-stream", Content_Length="100000")
    while not handler.endpoint.closing.wait(0.02):
        handler.wfile.write(b": wait\n\n")
        handler.wfile.flush()


def _echo(handler: _Handler, body: Body) -> None:
    """The text once more, word by word with the space before it, each with its log-probability; and one word written on."""
    if handler.endpoint.likelihood is None:
        handler.send(404, b'{"error": {"message": "no such path"}}')
        return
    found = [(match[0], match.start()) for match in re.finditer(r"\s*\S+|\s+$", body["prompt"])]
    tokens = [token for token, _ in found]
    told = {
        "tokens": [*tokens, " on"],
        "text_offset": [*(start for _, start in found), len(body["prompt"])],
        "token_logprobs": [None, *(handler.endpoint.likelihood(token) for token in tokens[1:]), -50.0],
    }
    handler.send(200, json.dumps({"choices": [{"text": body["prompt"] + " on", "logprobs": told}], **_usage()}).encode())


def _usage() -> Body:
    return {"usage": {"prompt_tokens": 3, "completion_tokens": 5}}


def _events(text: str, finish: str, usage: bool):
    """The events of an answer, a few characters each; not escaped, so that a text's own line ends stay as they are."""
    pieces = [text[start : start + 3] for start in range(0, len(text), 3)]
    deltas = [
        {"delta": {"role": "assistant"}},
        *({"delta": {"content": piece}} for piece in pieces),
        {"delta": {}, "finish_reason": finish},
    ]
    for delta in deltas:
        yield f"data: {json.dumps({'choices': [{'index': 0, **delta}]}, ensure_ascii=False)}\n\n".encode()
    if usage:
        yield f"data: {json.dumps({'choices': [], **_usage()})}\n\n".encode()
