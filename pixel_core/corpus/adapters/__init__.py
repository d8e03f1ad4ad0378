"""Adapters: one function a shape, from a row of a file to a conversation or a preference pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import Conversation
from pixel_core.corpus.adapters.dialogues import messages, sharegpt, tagged_text
from pixel_core.corpus.adapters.exchanges import alpaca, context_response, cot, question_answer
from pixel_core.corpus.adapters.labelled import gather_joined, labelled_pair, labelled_post
from pixel_core.corpus.adapters.preferences import preference
from pixel_core.corpus.adapters.rows import RowError, prepare
from pixel_core.corpus.adapters.sessions import gather_sessions, turn_table
from pixel_core.corpus.catalog import Shape, SourceEntry
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.pairs import PreferencePair
from pixel_core.corpus.source_rows import Row, Unreadable

__all__ = ["ADAPTERS", "GATHERERS", "RowError", "adapt"]

Adapter = Callable[[Mapping[str, Any], SourceEntry, str], Conversation | PreferencePair]
Gatherer = Callable[[Iterable[Row | Unreadable], SourceEntry, Gathering], Iterator[Row | Unreadable]]

ADAPTERS: Mapping[Shape, Adapter] = {
    "messages": messages,
    "sharegpt": sharegpt,
    "alpaca": alpaca,
    "context_response": context_response,
    "question_answer": question_answer,
    "tagged_text": tagged_text,
    "cot": cot,
    "turn_table": turn_table,
    "labelled_post": labelled_post,
    "labelled_pair": labelled_pair,
    "preference": preference,
}
# Shapes whose conversation may be spread over several rows are gathered into one row first.
GATHERERS: Mapping[Shape, Gatherer] = {
    "turn_table": gather_sessions,
    "labelled_pair": gather_joined,
}


def adapt(row: Mapping[str, Any], shape: Shape, entry: SourceEntry, position: str = "row") -> Conversation | PreferencePair:
    """The conversation or preference pair of a row of this shape; `position` becomes its locator.

    Rows of a turn table, and joined pairs, are those that `GATHERERS` makes. Raises RowError with a reject code for a row
    that does not fit, ValueError for an unknown shape.
    """
    if shape not in ADAPTERS:
        raise ValueError(f"shape {shape!r} is not known: use one of {', '.join(ADAPTERS)}")
    return ADAPTERS[shape](row if shape == "turn_table" else prepare(row, entry), entry, position)
