"""A batch of requests to one endpoint: in parallel up to its bound, each repeated until it has a valid answer or its calls are spent."""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from pixel_core.endpoint.cache import keep_answer, read_answer, request_digest
from pixel_core.endpoint.exchange import Fault, client_of, exchange
from pixel_core.endpoint.records import Answer, Endpoint, EndpointError, Failure, Message, Request, Spent
from pixel_core.endpoint.replies import Reply
from pixel_core.endpoint.schema import Form, Problem, correction, judge, structured, validator_of

_log = logging.getLogger(__name__)
_LONGEST_BACKOFF = 30.0  # seconds
_LONGEST_WAIT = 300.0  # seconds a server may ask for; beyond that it is better to run again later
_LISTEN = 0.1  # seconds between two looks for Ctrl-C
_PROGRESS = 100  # answers between two lines of progress
_Key = tuple[str, int]  # digest, and the position where equal requests are asked one by one


def complete(
    endpoint: Endpoint, requests: Sequence[Request], schema: Mapping[str, Any] | None = None, *, cache: Path | None = None
) -> list[Answer]:
    """The answers to the requests, in their order.

    Under a schema each answer's `value` is valid JSON of that schema. A request without an answer has a failure, and the
    others go on. With a cache folder, equal requests are asked once, ever. Raises EndpointError when the endpoint as a
    whole cannot be used; the answers that came before it are in the cache.
    """
    return Batch(endpoint, schema, cache).answers(requests)


def _repeated(answer: Answer) -> Answer:
    """The answer for a further request that is equal: it took nothing, and its value is its own."""
    if answer.failure is not None:
        return replace(answer, spent=Spent())
    return replace(answer, value=copy.deepcopy(answer.value), cached=True)


class _StoppedError(Exception):
    """The batch was given up while this request waited; whoever stopped it raises the reason."""


class Batch:
    """What the workers of one batch share: the form that the server takes, the pause that it asked for, the stop."""

    def __init__(self, endpoint: Endpoint, schema: Mapping[str, Any] | None, cache: Path | None) -> None:
        self._endpoint, self._schema, self._cache = endpoint, schema, cache
        self._validator = None if schema is None else validator_of(schema)
        self._form: Form = "json_schema"
        self._held_until = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """See `complete`."""
        digests = [request_digest(self._endpoint.model, request, self._schema) for request in requests]
        keys = [(digest, position if self._cache is None else 0) for position, digest in enumerate(digests)]
        answers = self._answer(dict(zip(keys, requests, strict=True)))
        seen: set[_Key] = set()
        ordered = []
        for key in keys:
            ordered.append(_repeated(answers[key]) if key in seen else answers[key])
            seen.add(key)
        return ordered

    def _answer(self, requests: Mapping[_Key, Request]) -> dict[_Key, Answer]:
        """The answer to each request, from the cache where it has one."""
        answers = {key: kept for key in requests if (kept := self._kept(key[0])) is not None}
        asked = {key: request for key, request in requests.items() if key not in answers}
        if not asked:
            return answers
        workers = min(self._endpoint.concurrency, len(asked))
        with client_of(self._endpoint) as client, ThreadPoolExecutor(workers, "endpoint") as pool:
            try:
                futures = {pool.submit(self._work, client, key, request): key for key, request in asked.items()}
                for done, future in enumerate(_as_they_finish(futures), start=1):
                    if not isinstance(future.exception(), _StoppedError):  # the error that stopped it comes from another
                        answers[futures[future]] = future.result()
                    if done % _PROGRESS == 0:
                        _log.info("%s: %d of %d requests are done", self._endpoint.host, done, len(asked))
            except BaseException:
                # Calls under way are paid for: the pool waits for them and their answers are kept; no other begins.
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return answers

    def _kept(self, digest: str) -> Answer | None:
        kept = None if self._cache is None else read_answer(self._cache, digest)
        if kept is None or kept.text is None:
            return None
        value = judge(Reply(kept.text, kept.finish, False, None, None), self._validator)
        if isinstance(value, Problem):
            _log.warning("the kept answer %s is not valid (%s): it is asked for again and replaced", digest, value.detail)
            return None
        return replace(kept, value=value)

    def _work(self, client: httpx.Client, key: _Key, request: Request) -> Answer:
        try:
            return self._ask(client, key, request)
        except BaseException:
            self._stop.set()  # at once: until the main thread hears of it, other workers would begin further calls
            raise

    def _ask(self, client: httpx.Client, key: _Key, request: Request) -> Answer:
        spent = Spent()
        told: tuple[Message, ...] = ()
        for attempt in range(self._endpoint.retries + 1):
            if attempt:
                spent = replace(spent, retries=spent.retries + 1)
            self._rest(0)
            outcome, spent = self._call(client, (*request.messages, *told), request.sampling, spent)
            if isinstance(outcome, Fault):
                fault, seconds = outcome, self._pause_after(outcome, key, attempt)
            else:
                value = judge(outcome, self._validator)
                if not isinstance(value, Problem):
                    return self._keep(key, Answer(outcome.text, value, finish=outcome.finish, spent=spent))
                fault, seconds = Fault(value.kind, f"{self._endpoint.host}: {value.detail}", again=value.told is not None), 0.0
                told = correction(outcome, value.told) if value.told is not None else ()
            if not fault.again or attempt == self._endpoint.retries:
                break
            _log.info("%s; call %d of %d follows in %.1f s", fault.detail, attempt + 2, self._endpoint.retries + 1, seconds)
            self._rest(seconds)
        if fault.everywhere:
            raise EndpointError(fault.detail)
        return Answer(failure=Failure(fault.kind, fault.detail), spent=spent)

    def _call(
        self, client: httpx.Client, messages: Sequence[Message], sampling: Mapping[str, Any], spent: Spent
    ) -> tuple[Reply | Fault, Spent]:
        """One call, or two where the server does not take the strict form; the form that served is kept for the batch."""
        form = self._form
        outcome = exchange(client, self._endpoint, self._body(messages, sampling, form))
        spent = self._with_call(spent, outcome)
        if self._schema is None or form == "json_object" or not _refuses_form(outcome):
            return outcome, spent
        outcome = exchange(client, self._endpoint, self._body(messages, sampling, "json_object"))
        if isinstance(outcome, Reply):
            with self._lock:
                if self._form == "json_schema":
                    _log.warning("%s does not take the schema as json_schema: json_object is used instead", self._endpoint.host)
                self._form = "json_object"
        return outcome, self._with_call(spent, outcome)

    def _body(self, messages: Sequence[Message], sampling: Mapping[str, Any], form: Form) -> dict[str, Any]:
        chat = [{"role": message.role, "content": message.content} for message in messages]
        asked = {"messages": chat} if self._schema is None else structured(chat, self._schema, form)
        streamed = {"stream": True, "stream_options": {"include_usage": True}} if self._endpoint.stream else {}
        return {"model": self._endpoint.model, **asked, **sampling, **streamed}

    @staticmethod
    def _with_call(spent: Spent, outcome: Reply | Fault) -> Spent:
        if isinstance(outcome, Fault):
            return replace(spent, calls=spent.calls + 1)
        counted = outcome.tokens_in is not None and outcome.tokens_out is not None
        return replace(
            spent,
            calls=spent.calls + 1,
            tokens_in=spent.tokens_in + (outcome.tokens_in or 0),
            tokens_out=spent.tokens_out + (outcome.tokens_out or 0),
            unmetered=spent.unmetered + (not counted),
        )

    def _keep(self, key: _Key, answer: Answer) -> Answer:
        if self._cache is not None:
            keep_answer(self._cache, key[0], answer)
        return answer

    def _pause_after(self, fault: Fault, key: _Key, attempt: int) -> float:
        """Seconds until this request is tried again; a wait that the server asks for holds up all requests."""
        wait = fault.wait or 0.0
        if wait > _LONGEST_WAIT:
            raise EndpointError(f"{fault.detail} and asks to wait {wait:.0f} s: run again then; what a cache holds is not asked again")
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + wait)
        longest = min(_LONGEST_BACKOFF, self._endpoint.backoff * 2 ** min(attempt, 16))
        jitter = random.Random(f"{key}:{attempt}").uniform(0.5, 1.0)  # noqa: S311 - spreads calls, and is the same in every run
        return wait + longest * jitter

    def _rest(self, seconds: float) -> None:
        """Wait so long, and until nobody has to hold; raises _StoppedError when the batch is given up."""
        until = time.monotonic() + seconds
        while (left := max(until, self._held_until) - time.monotonic()) > 0 and not self._stop.wait(left):
            pass
        if self._stop.is_set():
            raise _StoppedError


def _as_they_finish(futures: Collection[Future[Answer]]) -> Iterator[Future[Answer]]:
    """The futures in the order in which they finish, with an ear for Ctrl-C.

    Importing polars makes the system resume a wait that a signal interrupts (SA_RESTART), so only a wait that
    ends by itself lets the signal through: `as_completed` would be deaf until the next answer.
    """
    finished: SimpleQueue[Future[Answer]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(finished.put)
    for _ in futures:
        while True:
            try:
                future = finished.get(timeout=_LISTEN)
                break
            except Empty:
                continue
        yield future


def _refuses_form(outcome: Reply | Fault) -> bool:
    """Whether a server may have turned the form away: 400, or 422 of those that check bodies against a model."""
    return isinstance(outcome, Fault) and outcome.status in (400, 422) and outcome.code != "context_length_exceeded"
