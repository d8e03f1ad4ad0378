"""Decontamination: conversations that hold an evaluation text, whole, cut or rearranged, do not enter training.

The texts come in as plain values. One of eight words or more is held when thirteen of its words stand in a row, or when a share of
its runs of five words do, wherever they stand. A shorter one is held when it is a whole turn; one of fewer than four words, which
anybody may say, when it is all that a conversation says. With an encoder, neighbours in meaning count too.
"""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixel_core.conversation import Conversation
from pixel_core.corpus.dedup.shingles import Hashes, Places, Shingles, shingle

logger = logging.getLogger(__name__)

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]

GRAM = 5  # words of the runs that are counted
LONG_WORDS = 8  # a held-out text of so many words is looked for in pieces
WHOLE_WORDS = 4  # a shorter one only as a whole turn; with fewer words than these only as a whole conversation
FEWEST = 6  # runs that must be there however small the share: ten words in a row, or pieces that make up as much
_TABLE = 22  # bits of the table that says whether a run may be one of a held-out text
_TURNS = 1 << 16  # turns hashed at a time
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class HeldOutRule:
    """When a conversation holds an evaluation text."""

    share: float = 0.3
    """Share of a text's runs of five words that a conversation may not reach."""
    run: int = 13
    """Words of a text in a row that no conversation may hold."""
    similarity: float = 0.0
    """Cosine at which a turn is a neighbour of a text; 0: not looked at."""


@dataclass(frozen=True, slots=True)
class Contamination:
    """Which conversation holds which held-out text, by number, and how: `held_out_exact`, `held_out_passage` or `held_out_neighbour`."""

    conversation: int
    text: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decontaminated:
    """The conversations that hold no evaluation text, in their order, and what was found in the others."""

    kept: list[Conversation]
    found: list[Contamination]


def decontaminate(
    conversations: Sequence[Conversation], held_out_texts: Sequence[str], *, rule: HeldOutRule | None = None, encode: Encode | None = None
) -> Decontaminated:
    """The conversations without those that hold a held-out text; each of these is named once, with the first text that it holds.

    `encode` gives unit vectors; it is needed when the rule has a similarity.
    """
    spoken = [[turn.content for turn in conversation.turns] for conversation in conversations]
    found = find_held_out(spoken, held_out_texts, rule=rule, encode=encode)
    bad = {one.conversation for one in found}
    return Decontaminated([c for number, c in enumerate(conversations) if number not in bad], found)


def find_held_out(
    spoken: Sequence[Sequence[str]], held_out_texts: Sequence[str], *, rule: HeldOutRule | None = None, encode: Encode | None = None
) -> list[Contamination]:
    """The conversations, given as the contents of their turns, that hold a held-out text: each once, in order."""
    rule = rule or HeldOutRule()
    texts = list(held_out_texts)
    if rule.similarity and encode is None:
        raise ValueError("similarity is asked for without an encoder: pass encode, or set the similarity to 0")
    ways = [_exact(spoken, texts), _passages(spoken, texts, rule)]
    if rule.similarity and encode is not None:
        ways.append(_neighbours(spoken, texts, rule.similarity, encode))
    found: dict[int, Contamination] = {}
    for one in (one for way in ways for one in way):
        found.setdefault(one.conversation, one)
    logger.info("%d of %d conversations hold one of %d held-out texts", len(found), len(spoken), len(texts))
    return [found[number] for number in sorted(found)]


def held_out_texts(paths: Iterable[Path]) -> list[str]:
    """Every text of two words or more in files of JSON lines, JSON or CSV, however nested, each once, in order.

    Raises ValueError for a file that is missing or none of these.
    """
    found = (text for path in paths for value in _values(path) for text in _strings(value))
    return list(dict.fromkeys(text for text in found if len(text.split()) > 1))


def _values(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise ValueError(
            f"the evaluation items {path} do not exist: nothing could be kept out of training; correct the recipe's evaluation"
        )
    with path.open(encoding="utf-8-sig", newline="") as lines:
        if path.suffix == ".csv":
            yield from csv.reader(lines)
        elif path.suffix == ".json":
            yield json.load(lines)
        elif path.suffix in (".jsonl", ".ndjson"):
            yield from (json.loads(line) for line in lines if line.strip())
        else:
            raise ValueError(f"the evaluation items {path} are no .jsonl, .json or .csv file")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _exact(spoken: Sequence[Sequence[str]], texts: Sequence[str]) -> Iterator[Contamination]:
    """Turns that are a short held-out text, and conversations that are one of any length."""
    wanted: dict[str, int] = {}
    for number, text in enumerate(texts):
        if words := _WORD.findall(text.lower()):
            wanted.setdefault(" ".join(words), number)
    longest = 2 * max((len(text) for text in texts), default=0)
    for number, turns in enumerate(spoken):
        for turn in turns:
            if len(turn) > longest:
                continue
            key = " ".join(_WORD.findall(turn.lower()))
            if key in wanted and (len(turns) == 1 or key.count(" ") + 1 >= WHOLE_WORDS):
                yield Contamination(number, wanted[key], "held_out_exact")
                break


def _passages(spoken: Sequence[Sequence[str]], texts: Sequence[str], rule: HeldOutRule) -> Iterator[Contamination]:
    """Conversations that hold enough pieces of a long held-out text, or one long piece."""
    words = shingle(texts, 1).sizes
    long = np.flatnonzero(words >= LONG_WORDS)
    if not len(long):
        return
    chosen = [texts[number] for number in long.tolist()]
    pieces, runs = _Index.of(shingle(chosen, GRAM)), _Index.of(_long_enough(shingle(chosen, rule.run), words[long] >= rule.run))
    need = np.maximum(np.minimum(FEWEST, pieces.sizes), np.ceil(rule.share * pieces.sizes - 1e-9).astype(np.int64))
    for first, turns, owner in _stretches(spoken):
        hits = np.concatenate((pieces.full(shingle(turns, GRAM), owner, need), runs.full(shingle(turns, rule.run), owner, None)))
        for conversation, text in np.unique(hits, axis=0).tolist():
            yield Contamination(first + conversation, int(long[text]), "held_out_passage")


def _stretches(spoken: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[str], Places]]:
    """The turns of a stretch of conversations: its first conversation, the turns, and the conversation of each, counted from the first."""
    first, turns, owner = 0, list[str](), list[int]()
    for number, said in enumerate(spoken):
        turns += said
        owner += [number - first] * len(said)
        if len(turns) >= _TURNS or number == len(spoken) - 1:
            yield first, turns, np.array(owner, np.int64)
            first, turns, owner = number + 1, [], []


def _long_enough(found: Shingles, enough: npt.NDArray[np.bool_]) -> Shingles:
    """The shingles of the texts that have enough words; the others have none, so that a short text is not one run."""
    sizes = np.where(enough, found.sizes, 0)
    return Shingles(found.hashes[np.repeat(enough, found.sizes)], np.concatenate(([0], np.cumsum(sizes))))


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the shingles of held-out texts stand: pairs of hash and text, sorted, each once."""

    hashes: Hashes
    texts: Places
    sizes: Places
    possible: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, found: Shingles) -> _Index:
        owner = np.repeat(np.arange(len(found)), found.sizes)
        order = np.lexsort((owner, found.hashes))
        hashes, owner = found.hashes[order], owner[order]
        fresh = np.ones(len(hashes), bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
        hashes, owner = hashes[fresh], owner[fresh]
        possible = np.zeros(1 << _TABLE, bool)
        possible[hashes >> np.uint64(64 - _TABLE)] = True
        return cls(hashes, owner, np.bincount(owner, minlength=len(found)), possible)

    def full(self, said: Shingles, owner: Places, need: Places | None) -> npt.NDArray[np.int64]:
        """Pairs (conversation, text) that share at least as many different shingles as the text needs (None: one)."""
        places = np.flatnonzero(self.possible[said.hashes >> np.uint64(64 - _TABLE)])
        hashes = said.hashes[places]
        low, high = np.searchsorted(self.hashes, hashes, "left"), np.searchsorted(self.hashes, hashes, "right")
        count = high - low
        conversation = owner[np.searchsorted(said.starts, places, "right") - 1]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        entry = np.repeat(low, count) + within
        shared = np.unique(np.stack((np.repeat(conversation, count), entry), axis=1), axis=0)
        pairs, number = np.unique(np.stack((shared[:, 0], self.texts[shared[:, 1]]), axis=1), axis=0, return_counts=True)
        return pairs if need is None else pairs[number >= need[pairs[:, 1]]]


def _neighbours(spoken: Sequence[Sequence[str]], texts: Sequence[str], similarity: float, encode: Encode) -> Iterator[Contamination]:
    """Conversations with a turn whose vector is near that of a held-out text; both of eight words or more."""
    long = [number for number, text in enumerate(texts) if len(_WORD.findall(text)) >= LONG_WORDS]
    if not long:
        return
    wanted = encode([texts[number] for number in long])
    for first, turns, owner in _stretches(spoken):
        telling = [at for at, turn in enumerate(turns) if len(turn.split()) >= LONG_WORDS]
        if telling:
            near = encode([turns[at] for at in telling]) @ wanted.T
            for at, text in np.argwhere(near >= similarity):
                yield Contamination(first + int(owner[telling[at]]), long[text], "held_out_neighbour")
