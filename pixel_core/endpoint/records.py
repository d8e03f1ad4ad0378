"""What goes to a chat endpoint and what comes back: where it is, what is asked, the answer, what it cost.

Texts stay out of every `repr`, so that a logged or raised record quotes neither a prompt nor an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

Role = Literal["system", "developer", "user", "assistant"]
FailureKind = Literal[
    "timed_out",
    "connection_lost",
    "rate_limited",
    "server_error",
    "cut_stream",
    "broken_response",
    "wrong_content_type",
    "rejected_request",
    "invalid_answer",
    "declined",
    "cut_off",
]
_OWN_FIELDS = frozenset({"model", "messages", "response_format", "stream", "stream_options", "n"})
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


class EndpointError(RuntimeError):
    """The endpoint as a whole cannot be used (no key, refused key, unknown model, nobody there); names the remedy."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers and how it is asked.

    `base_url` ends before `/chat/completions`. The key lies in the environment variable `key_variable` (None: no key
    is sent) and is read when a call is made. `timeout` is in seconds a call, `concurrency` bounds the calls under way
    of one batch, `retries` the further calls a request after its first; `backoff` is the longest pause before the first
    of these in seconds, and doubles. `price_per_million` holds the prices of a million tokens, input and output.
    """

    base_url: str
    model: str
    key_variable: str | None = "OPENAI_API_KEY"
    timeout: float = 120.0
    concurrency: int = 4
    retries: int = 4
    price_per_million: tuple[float, float] | None = None
    stream: bool = False
    backoff: float = 0.5

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        # The address is not quoted: one with a user or a query may hold a secret.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("base_url must be an http or https address such as https://host/v1")
        if "@" in parts.netloc or "?" in self.base_url or "#" in self.base_url:
            raise ValueError(f"base_url of {parts.hostname} holds a user, a query or a fragment: a key belongs in key_variable's variable")
        if parts.path.rstrip("/").endswith("/chat/completions"):
            raise ValueError(f"base_url of {parts.hostname} must end before /chat/completions, which is added")
        if self.key_variable is not None and not _VARIABLE.fullmatch(self.key_variable):
            raise ValueError("key_variable must be the name of an environment variable in capitals, not the key itself")
        if not self.model:
            raise ValueError(f"no model is named for {self.host}")
        if self.concurrency < 1 or self.retries < 0:
            raise ValueError(f"concurrency {self.concurrency} must be 1 or more, and retries {self.retries} 0 or more")
        if not (0 < self.timeout < math.inf and 0 <= self.backoff < math.inf):
            raise ValueError(f"timeout {self.timeout} must be above 0 and backoff {self.backoff} 0 or more, both finite")
        if self.price_per_million is not None and not all(0 <= price < math.inf for price in self.price_per_million):
            raise ValueError(f"price_per_million {self.price_per_million} must hold two prices of 0 or more")

    @property
    def host(self) -> str:
        """The host, with the port where one is given: how errors and logs name the endpoint."""
        return urlsplit(self.base_url).netloc

    @property
    def url(self) -> str:
        """The address that requests are posted to."""
        return self.address("/chat/completions")

    def address(self, path: str) -> str:
        """The address of another path below `base_url`."""
        return self.base_url.rstrip("/") + path


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str = field(repr=False)

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ValueError(f"a message's role must be one of {', '.join(get_args(Role))}")
        if not encodes(self.content):
            raise ValueError("a message's content holds half a surrogate pair: clean the text before it is sent")


@dataclass(frozen=True, slots=True)
class Request:
    """A chat to be continued, and how: `sampling` (temperature, seed, max_tokens, ...) is passed through as it is."""

    messages: tuple[Message, ...]
    sampling: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("a request needs at least one message")
        if taken := sorted(_OWN_FIELDS & self.sampling.keys()):
            raise ValueError(f"sampling holds {', '.join(taken)}, which the client sets itself")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no answer: `kind` serves as a reject reason; `detail` quotes neither prompt nor answer."""

    kind: FailureKind
    detail: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What one request took: calls, how many of them repeated a failed one, tokens, and answers whose tokens nobody told."""

    calls: int = 0
    retries: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    unmetered: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: a text (and, under a schema, its valid `value`), or a failure.

    `finish` is the server's word for why the text ended (`length`: at the token limit). `spent` is what the answer
    took when it was asked for, also where this time it came from the cache (`cached`).
    """

    text: str | None = field(default=None, repr=False)
    value: Any = field(default=None, repr=False)
    failure: Failure | None = None
    finish: str = ""
    spent: Spent = Spent()
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What a batch took this time; `cost` is None without prices, and too low by the `unmetered` answers."""

    answers: int
    failures: int
    cache_hits: int
    calls: int
    retries: int
    tokens_in: int
    tokens_out: int
    unmetered: int
    cost: float | None


def usage_of(endpoint: Endpoint, answers: Iterable[Answer]) -> Usage:
    """The sum over the answers; one from the cache counts as a hit and takes no call, token or money."""
    answers = list(answers)
    spent = [answer.spent for answer in answers if not answer.cached]
    tokens_in, tokens_out = sum(s.tokens_in for s in spent), sum(s.tokens_out for s in spent)
    price = endpoint.price_per_million
    return Usage(
        answers=sum(answer.failure is None for answer in answers),
        failures=sum(answer.failure is not None for answer in answers),
        cache_hits=sum(answer.cached for answer in answers),
        calls=sum(s.calls for s in spent),
        retries=sum(s.retries for s in spent),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        unmetered=sum(s.unmetered for s in spent),
        cost=None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6,
    )


def encodes(text: str) -> bool:
    """Whether UTF-8 can hold the text: JSON escapes can spell half a surrogate pair, which no file takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
