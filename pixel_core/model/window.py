"""The window of a backbone: how many tokens it was made to read, and what of a conversation fits into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pixel_core.conversation import Turn
from pixel_core.model.chat import encode

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase


class TooLongError(ValueError):
    """A dialogue is longer than the backbone reads; the message says by how much."""


def room_in(config: PretrainedConfig, tokens: int) -> int:
    """How many tokens may follow so many; raises TooLongError where there is room for none."""
    window = int(config.get_text_config().max_position_embeddings)
    if tokens >= window:
        raise TooLongError(f"the dialogue has {tokens} tokens and the backbone reads {window}: leave out its oldest turns, or shorten them")
    return window - tokens


def recent(turns: Sequence[Turn], tokenizer: PreTrainedTokenizerBase, tokens: int) -> list[Turn]:
    """The turns without the oldest ones, so that at most so many tokens are left; a first system turn stays, and so does the last turn."""
    sizes = [len(encode([turn], tokenizer).ids) for turn in turns]
    first = 1 if turns and turns[0].role == "system" else 0
    start, left = first, sum(sizes)
    while left > tokens and start < len(turns) - 1:
        left -= sizes[start]
        start += 1
    return [*turns[:first], *turns[start:]]
