"""Rows of a Hugging Face set at one commit, through `datasets`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.loaders import LoadError
from pixel_core.corpus.source_rows import Row, Unreadable, row_of

logger = logging.getLogger(__name__)
_OWN = ("datasets.exceptions", "huggingface_hub")


def hub_rows(entry: SourceEntry) -> Iterator[Row | Unreadable]:
    """The rows of the entry's hub set and split at its revision, numbered from 1; streamed, or from the local cache.

    Raises LoadError when the entry has no revision, or the set cannot be had whole: a part of a set is never taken for it.
    """
    from datasets import load_dataset  # heavy, and needed for hub sets only

    if entry.hub is None or entry.revision is None:
        raise LoadError(
            f"source {entry.name!r} has no revision, and a set on the hub changes under its name: choose a commit on"
            f" https://huggingface.co/datasets/{entry.hub}/commits/main and put its 40 hex digits as `revision` into sources.yaml"
        )
    try:
        rows = load_dataset(entry.hub, entry.subset, split=entry.split, revision=entry.revision, streaming=entry.streaming)
        for number, value in enumerate(rows, 1):
            yield row_of(entry.hub, number, _plain(value))
    except Exception as error:
        # datasets, huggingface_hub, fsspec and httpx raise their own kinds; each of them means that the set was not read whole.
        raise LoadError(
            f"source {entry.name!r}: {entry.hub} at {entry.revision[:12]} could not be read ({_brief(error)});"
            " check network, access (HF_TOKEN for a gated set), subset and split, or mark the source `optional: true`"
        ) from error


def is_there(entry: SourceEntry) -> bool:
    """Whether the first row of an optional hub set can be had; says in the log why not. Raises LoadError without a revision."""
    if entry.revision is None:
        next(hub_rows(entry))
    try:
        next(hub_rows(entry), None)
    except LoadError as error:
        logger.warning("%s", error)
        return False
    return True


def _plain(value: object) -> object:
    """The row as JSON values: times and numbers of other libraries become text."""
    return json.loads(json.dumps(value, default=str)) if isinstance(value, dict) else value


def _brief(error: Exception) -> str:
    """What went wrong; only messages of the hub's own libraries are quoted, since those of parsers hold text of rows."""
    name = type(error).__name__
    return f"{name}: {str(error).splitlines()[0][:200]}" if type(error).__module__.startswith(_OWN) and str(error) else name
