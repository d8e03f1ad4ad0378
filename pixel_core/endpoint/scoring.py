"""How likely a server holds a continuation to be: the echoed log-probabilities of `/completions`, where it offers them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from pixel_core.endpoint.batch import Batch
from pixel_core.endpoint.exchange import Fault, exchange
from pixel_core.endpoint.records import Answer, Endpoint, EndpointError, Message, Request, Spent
from pixel_core.endpoint.replies import BrokenReplyError, Reply, count_of, object_of

# `max_tokens` 0 would do, but some servers refuse it; the token that is written is left out of the sum.
ECHO: Mapping[str, Any] = {"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0}


def scoring(prompt: str, continuation: str) -> Request:
    """The request that asks how likely a continuation of a prompt is."""
    return Request((Message("user", prompt), Message("assistant", continuation)), ECHO)


def score(endpoint: Endpoint, requests: Sequence[Request], *, cache: Path | None = None) -> list[Answer]:
    """The answers to requests made by `scoring`: `text` is the log-probability in nats as a number. See `complete`."""
    return Scoring(endpoint, None, cache).answers(requests)


def offers_scores(endpoint: Endpoint, *, cache: Path) -> bool:
    """Whether the endpoint says how likely a given text is.

    Raises EndpointError when it was lost over the question, so that a fault on the way changes no figure.
    """
    try:
        answer = score(endpoint, [scoring("The sky is", " blue")], cache=cache)[0]
    except EndpointError:  # such as 404: it has no /completions; what is wrong with it as a whole, the first chat will tell
        return False
    if answer.failure is None:
        return True
    if answer.failure.kind in ("rejected_request", "invalid_answer"):
        return False
    raise EndpointError(f"{answer.failure.detail}: whether it scores texts is not known; run again, or say which way to ask")


class Scoring(Batch):
    """A batch whose requests are texts to be scored."""

    def _call(
        self, client: httpx.Client, messages: Sequence[Message], sampling: Mapping[str, Any], spent: Spent
    ) -> tuple[Reply | Fault, Spent]:
        prompt, continuation = messages[0].content, messages[1].content
        body = {"model": self._endpoint.model, "prompt": prompt + continuation, **sampling}
        outcome = exchange(client, self._endpoint, body, path="/completions", read=lambda raw: read_score(raw, prompt, continuation))
        if isinstance(outcome, Fault) and outcome.kind == "invalid_answer":
            outcome = replace(outcome, again=False)  # it answers, and tells no log-probabilities: nor will it next time
        return outcome, self._with_call(spent, outcome)


def read_score(body: bytes, prompt: str, continuation: str) -> Reply:
    """The log-probability of the continuation in the body of an echoed completion; raises BrokenReplyError without one.

    A token that spans the end of the prompt belongs to the continuation.
    """
    raw = object_of(body)
    try:
        told = raw["choices"][0]["logprobs"]
        tokens, offsets, values = told["tokens"], told["text_offset"], told["token_logprobs"]
        within = [
            float(value)
            for token, offset, value in zip(tokens, offsets, values, strict=True)
            if offset + len(token) > len(prompt) and offset < len(prompt + continuation)
        ]
    except (KeyError, IndexError, TypeError, ValueError):
        raise BrokenReplyError("invalid_answer", "answered without the log-probabilities of the text") from None
    if not within or not all(map(math.isfinite, within)):
        raise BrokenReplyError("invalid_answer", "answered without the log-probabilities of the continuation")
    told_usage = raw.get("usage")
    usage = told_usage if isinstance(told_usage, dict) else {}
    spent = (count_of(usage.get(f"{side}_tokens")) for side in ("prompt", "completion"))
    return Reply(json.dumps(math.fsum(within)), "stop", False, *spent)
