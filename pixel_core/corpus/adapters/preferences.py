"""Preference pairs: a prompt with a chosen and a rejected reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pixel_core.corpus.adapters.rows import RowError, provenance, text
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.pairs import PreferencePair


def preference(row: Mapping[str, Any], entry: SourceEntry, position: str) -> PreferencePair:
    """A pair whose two replies differ."""
    prompt, chosen, rejected = text(row, "prompt"), text(row, "chosen"), text(row, "rejected")
    if chosen == rejected:
        raise RowError("no_difference", "chosen and rejected are the same text")
    return PreferencePair(prompt, chosen, rejected, (provenance(entry, position),))
