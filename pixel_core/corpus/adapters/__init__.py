"""Adapters: one function a shape, from a row of a file to a conversation or a preference pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import Conversation
from pixel_core.corpus.adapters.dialogues import cot, counsel_chat, esconv, sharegpt
from pixel_core.corpus.adapters.labelled import cssrs, diasafety, emobank, epitome, gather_mechanisms, goemotions
from pixel_core.corpus.adapters.preferences import preference
from pixel_core.corpus.adapters.rows import RowError
from pixel_core.corpus.adapters.sessions import annomi, gather_sessions
from pixel_core.corpus.catalog import Shape, SourceEntry
from pixel_core.corpus.loaders import Row, Unreadable
from pixel_core.corpus.pairs import PreferencePair

__all__ = ["ADAPTERS", "GATHERERS", "RowError", "adapt"]

Adapter = Callable[[Mapping[str, Any], SourceEntry, str], Conversation | PreferencePair]

ADAPTERS: Mapping[Shape, Adapter] = {
    "esconv": esconv,
    "counsel_chat": counsel_chat,
    "annomi": annomi,
    "cot": cot,
    "sharegpt": sharegpt,
    "preference": preference,
    "goemotions": goemotions,
    "emobank": emobank,
    "epitome": epitome,
    "cssrs": cssrs,
    "diasafety": diasafety,
}
# Shapes whose conversation is spread over several rows are gathered into one row first.
GATHERERS: Mapping[Shape, Callable[[Iterable[Row | Unreadable]], Iterator[Row | Unreadable]]] = {
    "annomi": gather_sessions,
    "epitome": gather_mechanisms,
}


def adapt(row: Mapping[str, Any], shape: Shape, entry: SourceEntry, position: str = "row") -> Conversation | PreferencePair:
    """The conversation or preference pair of a row of this shape; `position` becomes its locator.

    Rows of `annomi` and `epitome` are those that `GATHERERS` makes. Raises RowError with a reject code for a row
    that does not fit, ValueError for an unknown shape.
    """
    if shape not in ADAPTERS:
        raise ValueError(f"shape {shape!r} is not known: use one of {', '.join(ADAPTERS)}")
    return ADAPTERS[shape](row, entry, position)
