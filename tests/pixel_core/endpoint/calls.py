"""Calls of the chat client that the tests of this folder make."""

from pixel_core.endpoint import Endpoint, Message, Request

KEY = "sk-this-stays-secret-0123456789"
VARIABLE = "PIXEL_TEST_ENDPOINT_KEY"
PROMPT = "my father drinks again"
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "maximum": 5}},
    "required": ["score"],
    "additionalProperties": False,
}


def endpoint_of(server, **changes):
    given = {"key_variable": VARIABLE, "timeout": 5.0, "retries": 2, "backoff": 0.01, "price_per_million": (2.0, 10.0)}
    return Endpoint(server.url, "teacher", **(given | changes))


def ask(text, **sampling):
    return Request((Message("system", "You are terse."), Message("user", text)), sampling)


def only(answers):
    (answer,) = answers
    return answer
