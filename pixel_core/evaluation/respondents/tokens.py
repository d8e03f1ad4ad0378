"""Tokens of dialogues: what was tokenised once is remembered, and many texts are tokenised at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pixel_core.conversation import Turn
from pixel_core.model.chat import END

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 1024  # texts


class Remembering:
    """A tokenizer as `chat.encode` and `chat.prompt` use it, with a memory."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._ids: dict[str, list[int]] = {}
        self._markers: dict[str, Any] = {}
        self.unk_token_id = tokenizer.unk_token_id

    def __len__(self) -> int:
        return len(self._tokenizer)

    def prepare(self, dialogues: Iterable[Sequence[Turn]]) -> None:
        """Tokenise the contents of dialogues together, which is faster than one by one."""
        self.encode_all([turn.content for turns in dialogues for turn in turns])

    def encode_all(self, texts: Iterable[str]) -> list[list[int]]:
        """The tokens of each text."""
        texts = list(texts)
        new = list(dict.fromkeys(text for text in texts if text not in self._ids))
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self._ids |= zip(batch, self._tokenizer(batch, add_special_tokens=False, split_special_tokens=True)["input_ids"], strict=True)
        return [self._ids[text] for text in texts]

    def encode(self, text: str, **_: Any) -> list[int]:
        """The tokens of a text; markers that it spells out are text."""
        return self.encode_all([text])[0]

    def convert_tokens_to_ids(self, token: str) -> Any:
        """The id of a marker."""
        if token not in self._markers:
            self._markers[token] = self._tokenizer.convert_tokens_to_ids(token)
        return self._markers[token]

    def count_learned(self, dialogues: Iterable[Sequence[Turn]]) -> Counter[int]:
        """How often each token is learned in these dialogues: the content of the turns to learn, and their end."""
        texts = [turn.content for turns in dialogues for turn in turns if turn.learn]
        counts = Counter(token for ids in self.encode_all(texts) for token in ids)
        counts[self.convert_tokens_to_ids(END)] += len(texts)
        return counts


def batches(lengths: Sequence[int], tokens: int, rows: int) -> Iterator[list[int]]:
    """Places of rows of like length, together at most so many tokens with their padding, and so many rows; at least one.

    What stands together depends on the lengths and the two bounds alone.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda index: (lengths[index], index)):
        if batch and (len(batch) == rows or lengths[place] * (len(batch) + 1) > tokens):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def longest_of(rows: Sequence[Sequence[int]]) -> list[tuple[Sequence[int], list[int]]]:
    """The rows that begin no other row, each with the places of all rows that it begins with; every place once."""
    found: list[tuple[Sequence[int], list[int]]] = []
    for place in sorted(range(len(rows)), key=lambda k: tuple(rows[k]), reverse=True):
        if found and list(found[-1][0][: len(rows[place])]) == list(rows[place]):
            found[-1][1].append(place)  # in this order a row stands behind those it begins
        else:
            found.append((rows[place], [place]))
    return found
