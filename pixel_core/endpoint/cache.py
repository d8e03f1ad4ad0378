"""Answers kept by request digest: one JSON file an answer, written beside and renamed, without the prompt and without a key."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixel_core.artifacts import digest_of, write_json
from pixel_core.endpoint.records import Answer, Request, Spent

_log = logging.getLogger(__name__)


def request_digest(model: str, request: Request, schema: Mapping[str, Any] | None) -> str:
    """SHA-256 (hex) over model, messages, schema and sampling: what decides an answer."""
    messages = [[message.role, message.content] for message in request.messages]
    return digest_of({"model": model, "messages": messages, "schema": schema, "sampling": dict(request.sampling)})


def read_answer(folder: Path, digest: str) -> Answer | None:
    """The kept answer without its value, or None; a damaged file is named in the log and counts as none."""
    path = _path(folder, digest)
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["digest"] != digest or not isinstance(raw["text"], str) or not isinstance(raw["finish"], str):
            raise ValueError("fields")
        return Answer(text=raw["text"], finish=raw["finish"], spent=Spent(**raw["spent"]), cached=True)
    except (ValueError, KeyError, TypeError):
        _log.warning("%s is no kept answer: it is asked for again and replaced", path)
        return None


def keep_answer(folder: Path, digest: str, answer: Answer) -> None:
    """Write an answer so that its file is whole whenever it exists, whoever else writes it at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{digest}.{os.getpid()}.{threading.get_ident()}.part"
    write_json(temporary, {"digest": digest, "text": answer.text, "finish": answer.finish, "spent": asdict(answer.spent)})
    temporary.replace(_path(folder, digest))


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.json"
