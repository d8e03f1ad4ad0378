"""Tracing: from a conversation's id back to the page, row or second that it came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pixel_core.conversation import CONVERSATION_SCHEMA, Conversation, Provenance, from_frame
from pixel_core.writing.material import DOCUMENT

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
    pages = _page_borders(artifacts)
    for index, turn in enumerate(first.turns):
        for e in turn.evidence:
            page = "" if e.start is None else _pages(pages.get(e.uri.removeprefix(DOCUMENT), []), e.start, e.end)
            lines.append(f"turn {index:<7} rests on {e.uri}{page}{_span(e.start, e.end, 'characters')}")
    return "\n".join(lines)


def describe_passage(passage_id: str, artifacts: Path) -> str:
    """A text for people: the document, page and characters of a knowledge passage, given by its id `<file>#<number>`.

    Holds no content. Raises TraceError when no artifact holds the passage.
    """
    file = artifacts / "knowledge_passages" / "passages.parquet"
    if not file.is_file():
        raise TraceError(f"there is no {file}: materialise knowledge_passages, or name the artifacts folder with --artifacts")
    found = pl.scan_parquet(file).filter(pl.col("id") == passage_id).collect()
    if found.is_empty():
        raise TraceError(f"no passage {passage_id!r} in {file}: is it the id column of that file?")
    row = found.row(0, named=True)
    pages = _pages(_page_borders(artifacts).get(row["file"], []), row["start"], row["end"])
    lines = [f"passage      {row['id']}", f"heading      {row['heading']}"]
    lines.append(f"stands in    {DOCUMENT}{row['file']}{pages}{_span(row['start'], row['end'], 'characters')}")
    return "\n".join(lines)


def _page_borders(artifacts: Path) -> dict[str, list[tuple[int, int]]]:
    """Where each page of each knowledge document begins: pairs of the first character and the number of the page."""
    borders: dict[str, list[tuple[int, int]]] = {}
    for file in sorted(artifacts.glob("*/pages.parquet")):
        for name, rows in pl.read_parquet(file).group_by("file", maintain_order=True):
            borders.setdefault(str(name[0]), list(rows.select("start", "number").iter_rows()))
    return borders


def _pages(borders: list[tuple[int, int]], start: int, end: int | None) -> str:
    """`, page 3` or `, pages 3 to 4`; nothing where the document has no pages."""
    first, last = (bisect_right(borders, place, key=lambda border: border[0]) for place in (start, max(start, (end or start) - 1)))
    if not first or not borders[first - 1][1]:
        return ""
    numbers = borders[first - 1][1], borders[last - 1][1] or borders[first - 1][1]
    return f", page {numbers[0]}" if numbers[0] == numbers[1] else f", pages {numbers[0]} to {numbers[1]}"


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
