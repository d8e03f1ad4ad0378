"""An independent scan of written Parquet for evaluation texts: word by word in plain sets, with nothing of the code that removes them.

Its bounds are a little wider than those of decontamination, so that what is found here was let through, not judged differently.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from pixel_core.corpus.spool import read_stretches
from pixel_core.findings import Finding, none_of

GRAM = 6  # words of the runs that are counted
SHARE = 0.35  # of a text's runs
FEWEST = 8  # runs, whatever the share
ROW = 16  # words in a row
LONG = 8  # words of a text that is looked for in pieces
WHOLE = 4  # words of a text that is looked for as a whole turn; a shorter one is looked for as a whole row
_PAIR = ("prompt", "chosen", "rejected")
_WORD = re.compile(r"[^\W_]+")


def scan_held_out(paths: Iterable[Path], texts: Sequence[str]) -> Finding:
    """The finding that no row of these files holds a held-out text whole, cut or rearranged."""
    marks = _Marks(texts)
    return none_of("rows that hold an evaluation text", {path.stem: sum(map(marks.stand_in, _rows(path))) for path in paths})


def _rows(path: Path) -> Iterator[list[list[str]]]:
    """The words of each turn of each row, or of each text of a preference pair."""
    pairs = "prompt" in pl.read_parquet_schema(path)
    texts = pl.concat_list(_PAIR) if pairs else pl.col("turns").list.eval(pl.element().struct.field("content"))
    for frame in read_stretches(path, _PAIR if pairs else ["turns"]):
        for said in frame.select(said=texts)["said"]:
            yield [_WORD.findall(text.lower()) for text in said]


class _Marks:
    """What the held-out texts are known by."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._whole: set[tuple[str, ...]] = set()
        self._rows: set[str] = set()
        self._runs: dict[str, set[int]] = defaultdict(set)
        self._need: dict[int, int] = {}
        for number, text in enumerate(texts):
            words = _WORD.findall(text.lower())
            self._whole.add(tuple(words))
            if len(words) >= LONG:
                runs = set(_runs(words, GRAM))
                self._need[number] = max(min(FEWEST, len(runs)), round(SHARE * len(runs) + 0.5))
                for run in runs:
                    self._runs[run].add(number)
                self._rows |= set(_runs(words, ROW))
        self._whole.discard(())

    def stand_in(self, turns: Sequence[Sequence[str]]) -> bool:
        """Whether one of the texts stands in these turns."""
        if any(tuple(words) in self._whole and (len(turns) == 1 or len(words) >= WHOLE) for words in turns):
            return True
        shared: dict[int, set[str]] = defaultdict(set)
        for words in turns:
            for run in _runs(words, GRAM):
                for number in self._runs.get(run, ()):
                    shared[number].add(run)
        if not shared:
            return False
        return any(len(runs) >= self._need[number] for number, runs in shared.items()) or any(
            run in self._rows for words in turns for run in _runs(words, ROW)
        )


def _runs(words: Sequence[str], length: int) -> Iterator[str]:
    return (" ".join(words[i : i + length]) for i in range(len(words) - length + 1))
