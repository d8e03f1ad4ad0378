"""Tracing: from a conversation's id back to the page, row or second that it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pixel_core.conversation import CONVERSATION_SCHEMA, Conversation, Provenance, from_frame

SHORTEST_PREFIX = 8


class TraceError(LookupError):
    """No artifact holds the conversation, or its id was given too short to be sure."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A conversation as it stands in one file of the artifacts."""

    file: Path
    conversation: Conversation


def find(conversation_id: str, artifacts: Path) -> list[Occurrence]:
    """Every occurrence of a conversation below an artifacts folder, in path order.

    `conversation_id` is the id or a prefix of at least 8 characters. Raises TraceError when nothing matches or
    the prefix names several conversations.
    """
    if len(conversation_id) < SHORTEST_PREFIX:
        raise TraceError(f"id {conversation_id!r} is too short: give at least {SHORTEST_PREFIX} characters of it")
    if not artifacts.is_dir():
        raise TraceError(f"there is no folder {artifacts}: build the artifacts, or name their folder with --artifacts")
    found = [Occurrence(file, conversation) for file in _tables(artifacts) for conversation in _matching(file, conversation_id)]
    if not found:
        raise TraceError(f"no conversation {conversation_id!r} below {artifacts}: is it the id column of a conversations file?")
    if len(ids := sorted({o.conversation.id for o in found})) > 1:
        raise TraceError(f"{conversation_id!r} is the beginning of {len(ids)} ids: give more characters")
    return found


def describe(occurrences: list[Occurrence], artifacts: Path) -> str:
    """A text for people: where the conversation stands, and each place that it came from.

    Holds no content of turns; evidence is named by uri and offsets.
    """
    first = occurrences[0].conversation
    lines = [f"conversation {first.id}", f"category     {first.category}", f"group        {first.group}"]
    lines += [f"stands in    {o.file.relative_to(artifacts)}" for o in occurrences]
    provenance = dict.fromkeys(p for o in occurrences for p in o.conversation.provenance)
    lines += [f"came from    {_place(p)}" for p in provenance]
    for index, turn in enumerate(first.turns):
        lines += [f"turn {index:<7} rests on {e.uri}{_span(e.start, e.end, 'characters')}" for e in turn.evidence]
    return "\n".join(lines)


def _tables(artifacts: Path) -> Iterator[Path]:
    for file in sorted(artifacts.rglob("*.parquet")):
        hidden = any(part.startswith(".") for part in file.relative_to(artifacts).parts)
        if not hidden and set(CONVERSATION_SCHEMA) <= set(pl.read_parquet_schema(file)):
            yield file


def _matching(file: Path, prefix: str) -> Iterator[Conversation]:
    yield from from_frame(pl.scan_parquet(file).filter(pl.col("id").str.starts_with(prefix)).collect())


def _place(provenance: Provenance) -> str:
    seconds = _span(provenance.start, provenance.end, "seconds")
    return f"{provenance.uri}, {provenance.locator}{seconds} (source {provenance.source}, {provenance.licence}, {provenance.extractor})"


def _span(start: float | None, end: float | None, unit: str) -> str:
    return "" if start is None or end is None else f", {unit} {start:g} to {end:g}"
