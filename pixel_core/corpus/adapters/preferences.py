"""Preference pairs: a prompt with a chosen and a rejected reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pixel_core.corpus.adapters.rows import RowError, column_of, content, look, provenance, text
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.pairs import PreferencePair


def preference(row: Mapping[str, Any], entry: SourceEntry, position: str) -> PreferencePair:
    """A pair whose two replies differ; each may be text, or a list of messages of which the last is the reply."""
    prompt, chosen, rejected = content(row, entry, "prompt", "prompt"), _reply(row, entry, "chosen"), _reply(row, entry, "rejected")
    if chosen == rejected:
        raise RowError("no_difference", "chosen and rejected are the same text")
    return PreferencePair(prompt, chosen, rejected, (provenance(entry, position),))


def _reply(row: Mapping[str, Any], entry: SourceEntry, side: str) -> str:
    value = look(row, column_of(entry, side, side))
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        return text(value[-1], "content")
    return content(row, entry, side, side)
