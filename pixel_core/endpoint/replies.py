"""Reading the body of a chat completion: one JSON object, or server-sent events that end with `[DONE]`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pixel_core.endpoint.records import FailureKind, encodes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; token counts are None where it told none."""

    text: str = field(repr=False)
    finish: str
    declined: bool
    tokens_in: int | None
    tokens_out: int | None


class BrokenReplyError(ValueError):
    """A body that is no whole answer; the message goes on after the host's name and quotes nothing of the body."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def read_object(body: bytes) -> Reply:
    """The reply in the body of a plain response; raises BrokenReplyError."""
    raw = object_of(body)
    _refuse_error(raw)
    choice = _choice(raw)
    if choice is None:
        raise BrokenReplyError("broken_response", "answered without a choice")
    message = _mapping(choice.get("message"))
    return _reply(_text(message, "content"), choice.get("finish_reason"), bool(message.get("refusal")), raw.get("usage"))


def read_stream(chunks: Iterable[bytes]) -> Reply:
    """The reply that a stream of events spells; raises BrokenReplyError, also when it ends before `[DONE]`."""
    pieces: list[str] = []
    finish: Any = None
    declined, usage = False, None
    for event in events(chunks):
        if event.strip() == b"[DONE]":
            return _reply("".join(pieces), finish, declined, usage)
        raw = object_of(event)
        _refuse_error(raw)
        usage = raw.get("usage") or usage
        if (choice := _choice(raw)) is not None:
            delta = _mapping(choice.get("delta"))
            pieces.append(_text(delta, "content"))
            declined = declined or bool(delta.get("refusal"))
            finish = choice.get("finish_reason") or finish
    raise BrokenReplyError("cut_stream", "ended its stream before [DONE]")


def events(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each server-sent event, however the bytes are cut into chunks.

    Lines end at a line feed only: a text may hold the other characters that Unicode counts as line ends.
    """
    rest = b""
    data: list[bytes] = []
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line in (b"", b"\r"):
                if data:
                    yield b"\n".join(data)
                data = []
            elif line.startswith(b"data:"):
                data.append(_data(line))
    if rest.startswith(b"data:"):
        data.append(_data(rest))
    if data:  # some servers leave out the empty line after [DONE]
        yield b"\n".join(data)


def _data(line: bytes) -> bytes:
    return line.removeprefix(b"data:").removeprefix(b" ").removesuffix(b"\r")


def _reply(text: str, finish: Any, declined: bool, usage: Any) -> Reply:
    finish = finish if isinstance(finish, str) else ""
    declined = declined or finish == "content_filter"
    if not text and not declined and finish != "length":
        raise BrokenReplyError("broken_response", "answered without a text")
    if not encodes(text):
        raise BrokenReplyError("broken_response", "answered with half a surrogate pair")
    counts = usage if isinstance(usage, Mapping) else {}
    return Reply(text, finish, declined, count_of(counts.get("prompt_tokens")), count_of(counts.get("completion_tokens")))


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; raises BrokenReplyError."""
    try:
        raw = json.loads(body.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise BrokenReplyError("broken_response", "answered with broken JSON") from None
    return _mapping(raw)


def _choice(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    choices = raw.get("choices")
    if not isinstance(choices, list):
        raise BrokenReplyError("broken_response", "answered without choices")
    return _mapping(choices[0]) if choices else None  # n is 1; the last event of a stream has the usage and no choice


def _mapping(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BrokenReplyError("broken_response", "answered with JSON that is no chat completion")
    return raw


def _text(message: Mapping[str, Any], name: str) -> str:
    text = message.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BrokenReplyError("broken_response", f"answered with {name} that is no text")
    return text


def _refuse_error(raw: Mapping[str, Any]) -> None:
    if raw.get("error"):
        raise BrokenReplyError("server_error", "reported an error in place of an answer")


def refuse_constant(name: str) -> NoReturn:
    """For `json.loads`, which reads NaN and Infinity although JSON has neither; raises ValueError."""
    raise ValueError(f"{name} is not JSON")


def count_of(value: Any) -> int | None:
    """A number of tokens, or None for what is no such number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
