"""Sentences of a transcript: recognised segments cut and joined at their punctuation, with times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.voice.words import words_of

LONGEST_GAP = 8.0  # seconds of silence after which speech starts anew
_JOIN_GAP = 1.5  # seconds within an unfinished sentence
_LONGEST = 80  # words
_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"')\]])\s+")
_FINISHED = re.compile(r"[.!?…][\"')\]]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: seconds [start, end), its text, and the run of unbroken speech that it belongs to.

    A run ends where a segment was rejected and where silence is longer than `LONGEST_GAP`.
    """

    episode: str
    start: float
    end: float
    text: str
    run: int

    @property
    def words(self) -> list[str]:
        """The words of the sentence."""
        return words_of(self.text)

    @property
    def seconds(self) -> float:
        """How long it took to say it."""
        return self.end - self.start

    @property
    def is_question(self) -> bool:
        """Whether it ends with a question mark."""
        return self.text.rstrip("\"')] ").endswith("?")


def read_sentences(segments: Path) -> dict[str, list[Sentence]]:
    """The sentences of each episode of a `segments.parquet`, by episode id, in the order spoken."""
    frame = pl.read_parquet(segments).sort("episode", "index")
    return {episode: sentences_of(part.to_dicts()) for (episode,), part in frame.group_by("episode", maintain_order=True)}


def sentences_of(segments: Iterable[Mapping[str, Any]]) -> list[Sentence]:
    """The sentences of one episode's kept segments, which are in the order of `index`.

    A segment of several sentences is cut, its time shared out by characters; an unfinished sentence is joined
    with what follows within 1.5 s, up to 80 words.
    """
    result: list[Sentence] = []
    run, previous = 0, None
    for segment in segments:
        if previous and (segment["index"] != previous["index"] + 1 or segment["start"] - previous["end"] > LONGEST_GAP):
            run += 1
        for piece in _pieces(segment, run):
            if result and _continues(result[-1], piece):
                result[-1] = Sentence(piece.episode, result[-1].start, piece.end, f"{result[-1].text} {piece.text}", run)
            else:
                result.append(piece)
        previous = segment
    return result


def _pieces(segment: Mapping[str, Any], run: int) -> list[Sentence]:
    texts = [text for text in _END.split(segment["text"].strip()) if text]
    per_character = (segment["end"] - segment["start"]) / max(1, sum(map(len, texts)))
    pieces, start = [], segment["start"]
    for text in texts:
        end = start + per_character * len(text)
        pieces.append(Sentence(segment["episode"], round(start, 3), round(end, 3), text, run))
        start = end
    return pieces


def _continues(before: Sentence, piece: Sentence) -> bool:
    return (
        before.run == piece.run
        and not _FINISHED.search(before.text)
        and piece.start - before.end <= _JOIN_GAP
        and len(before.words) + len(piece.words) <= _LONGEST
    )
