"""One call over HTTP: a reply, or a fault that says whether asking again may help and who is concerned."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from pixel_core.endpoint.records import Endpoint, EndpointError, FailureKind
from pixel_core.endpoint.replies import BrokenReplyError, Reply, read_object, read_stream

_LARGEST_BODY = 64 << 20  # bytes; an answer of 100,000 tokens streams as about 30 MB of events
_ENDPOINT_WIDE = {
    401: "check the key",
    402: "check the account's credit",
    404: "check base_url and model",
    405: "check base_url",
}
_PASSING: dict[int, FailureKind] = {408: "timed_out", 429: "rate_limited"}
# What a server writes beside its error code may quote the prompt or the key; of its codes only these are repeated.
_CODES = frozenset(
    {
        "context_length_exceeded",
        "insufficient_quota",
        "invalid_api_key",
        "invalid_request_error",
        "model_not_found",
        "rate_limit_exceeded",
        "string_above_max_length",
        "unsupported_parameter",
        "unsupported_value",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A call without a reply: `again` if a further call may have one, `everywhere` if no other request will have one either.

    `wait` is how many seconds the server asked to wait; `status` and `code` are the server's, where it answered.
    """

    kind: FailureKind
    detail: str
    again: bool = True
    everywhere: bool = False
    wait: float | None = None
    status: int | None = None
    code: str | None = None


def client_of(endpoint: Endpoint) -> httpx.Client:
    """A client for the workers of one batch, with one connection for each; it holds no key."""
    limits = httpx.Limits(max_connections=endpoint.concurrency)
    return httpx.Client(timeout=httpx.Timeout(endpoint.timeout, pool=None), limits=limits, verify=_certificates())


@cache
def _certificates() -> ssl.SSLContext:
    """The trusted certificates; reading them takes longer than a call to a server nearby."""
    return httpx.create_ssl_context()


def exchange(
    client: httpx.Client,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    *,
    path: str = "/chat/completions",
    read: Callable[[bytes], Reply] = read_object,
) -> Reply | Fault:
    """Post one request and read the whole answer; raises EndpointError when the key is missing.

    `read` reads a body that is no stream. A server that sends something now and then is given up at the first piece
    after the timeout.
    """
    deadline = time.monotonic() + endpoint.timeout
    try:
        with client.stream("POST", endpoint.address(path), json=body, headers=_authorization(endpoint)) as response:
            if response.status_code != httpx.codes.OK:
                return _fault_of_status(endpoint, response, deadline)
            return _read(response, deadline, read)
    except (BrokenReplyError, httpx.TransportError, httpx.DecodingError) as error:
        return _fault_of_transport(endpoint, error)


def _fault_of_transport(endpoint: Endpoint, error: Exception) -> Fault:
    host, name = endpoint.host, type(error).__name__
    if isinstance(error, BrokenReplyError):
        return Fault(error.kind, f"{host} {error}")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
        detail = f"{host} cannot be reached ({name}): check base_url, the network and that the server runs"
        return Fault("connection_lost", detail, everywhere=True)
    if isinstance(error, httpx.TimeoutException):
        return Fault("timed_out", f"{host} did not answer within {endpoint.timeout:g} s")
    if isinstance(error, httpx.DecodingError):
        return Fault("broken_response", f"{host} answered with a broken content encoding")
    return Fault("connection_lost", f"{host} broke the connection ({name})")


def _authorization(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.key_variable is None:
        return {}
    key = os.environ.get(endpoint.key_variable, "").strip()
    remedy = f"put the key of {endpoint.host} there, or set key_variable=None for an endpoint without keys"
    if not key:
        raise EndpointError(f"environment variable {endpoint.key_variable} is not set: {remedy}")
    if not key.isascii() or not key.isprintable():  # httpx would quote such a header in its error
        raise EndpointError(f"environment variable {endpoint.key_variable} holds characters that no key has: {remedy}")
    return {"Authorization": f"Bearer {key}"}


def _read(response: httpx.Response, deadline: float, read: Callable[[bytes], Reply]) -> Reply:
    media = _media_type(response)
    if media == "text/event-stream":
        return read_stream(_pieces(response, deadline))
    if media == "application/json" or media.endswith("+json"):
        return read(b"".join(_pieces(response, deadline)))
    raise BrokenReplyError("wrong_content_type", "answered with a content type that is neither JSON nor an event stream")


def _media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _pieces(response: httpx.Response, deadline: float) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > _LARGEST_BODY:
            raise BrokenReplyError("broken_response", f"answered with more than {_LARGEST_BODY} bytes")
        if time.monotonic() > deadline:
            raise BrokenReplyError("timed_out", "was still answering when the timeout passed")
        yield piece


def _fault_of_status(endpoint: Endpoint, response: httpx.Response, deadline: float) -> Fault:
    status, code = response.status_code, _code_of(response, deadline)
    said = f"{endpoint.host} answered {status}" + (f" ({code})" if code else "")
    remedy = "check the account's credit" if code == "insufficient_quota" else _ENDPOINT_WIDE.get(status)
    if status < httpx.codes.BAD_REQUEST:  # redirects are not followed: the key is for this host alone
        remedy = "which is no answer; check base_url"
    if remedy is not None:
        return Fault("rejected_request", f"{said}: {remedy}", again=False, everywhere=True, status=status, code=code)
    passing: FailureKind | None = "server_error" if status >= httpx.codes.INTERNAL_SERVER_ERROR else _PASSING.get(status)
    if passing is None:
        return Fault("rejected_request", said, again=False, status=status, code=code)
    return Fault(passing, said, wait=_retry_after(response), status=status, code=code)


def _code_of(response: httpx.Response, deadline: float) -> str | None:
    """The error code in the body if it is a known one; a body that cannot be read leaves the status to speak."""
    try:
        error = httpx.Response(200, content=b"".join(_pieces(response, deadline))).json().get("error")
        found = [error.get("code"), error.get("type")]
    except (httpx.HTTPError, ValueError, AttributeError, RecursionError):
        return None
    return next((name for name in found if isinstance(name, str) and name in _CODES), None)


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date; None without a readable one."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.replace(".", "", 1).isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
