"""Settled answers: every request ends with an answer or with a failure of the model's own, both kept, so that a rerun is free.

Whether a server was lost for a while decides nothing: what it lost is asked again.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixel_core.artifacts import write_json
from pixel_core.endpoint.batch import complete
from pixel_core.endpoint.cache import request_digest
from pixel_core.endpoint.records import Answer, Endpoint, EndpointError, Failure, Request, Spent

# Failures that the model made: the same request would meet them again, so they count as its answer and are kept.
_OF_THE_MODEL = ("invalid_answer", "declined", "cut_off", "rejected_request")
_ROUNDS = 3  # in which requests that the server lost are asked again
_REFUSED = "refused"  # the folder of kept failures, beside the kept answers
Ask = Callable[[Sequence[Request]], list[Answer]]

logger = logging.getLogger(__name__)


def settle(
    endpoint: Endpoint, requests: Sequence[Request], schema: Mapping[str, Any] | None = None, *, cache: Path, ask: Ask | None = None
) -> list[Answer]:
    """The answers to the requests in their order; a failure is one that the model made, and is kept like an answer.

    `ask` replaces `complete`. Raises EndpointError when the endpoint cannot be used, or loses requests again and again.
    """
    send = ask or (lambda asked: complete(endpoint, asked, schema, cache=cache))
    digests = [request_digest(endpoint.model, request, schema) for request in requests]
    found = {i: kept for i, digest in enumerate(digests) if (kept := _refused(cache, digest)) is not None}
    for _ in range(_ROUNDS):
        open_ = [i for i in range(len(requests)) if i not in found]
        lost = []
        for i, answer in zip(open_, send([requests[i] for i in open_]), strict=True):
            if answer.failure is not None and answer.failure.kind not in _OF_THE_MODEL:
                lost.append(answer.failure)
                continue
            if answer.failure is not None:
                _keep(cache, digests[i], answer.failure, answer.spent)
            found[i] = answer
        if not lost:
            return [found[i] for i in range(len(requests))]
        logger.warning("%s lost %d of %d requests; they are asked again", endpoint.host, len(lost), len(open_))
    raise EndpointError(f"{lost[0].detail}: {len(lost)} requests stay without an answer; run again, what is answered is kept")


def _refused(cache: Path, digest: str) -> Answer | None:
    path = cache / _REFUSED / f"{digest}.json"
    if not path.is_file():
        return None
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Answer(failure=Failure(raw["kind"], raw["detail"]), spent=Spent(**raw["spent"]), cached=True)


def _keep(cache: Path, digest: str, failure: Failure, spent: Spent) -> None:
    folder = cache / _REFUSED
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{digest}.{os.getpid()}.part"
    write_json(temporary, {"kind": failure.kind, "detail": failure.detail, "spent": asdict(spent)})
    temporary.replace(folder / f"{digest}.json")
