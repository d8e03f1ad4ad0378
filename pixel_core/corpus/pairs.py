"""Preference pairs: a prompt with a reply that is preferred and one that is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.conversation import CONVERSATION_SCHEMA, Provenance
from pixel_core.corpus.spool import Spool
from pixel_core.rejects import Reject, as_content

PAIR_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "id": pl.String,
        "prompt": pl.String,
        "chosen": pl.String,
        "rejected": pl.String,
        "source": pl.String,
        "licence": pl.String,
        "provenance": CONVERSATION_SCHEMA["provenance"],
    }
)


@dataclass(frozen=True)
class PreferencePair:
    """Two replies to one prompt, the chosen one better than the rejected one."""

    prompt: str
    chosen: str
    rejected: str
    provenance: tuple[Provenance, ...]

    @cached_property
    def id(self) -> str:
        """SHA-256 (hex) over prompt, chosen and rejected."""
        text = json.dumps([self.prompt, self.chosen, self.rejected], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def opposite(self) -> str:
        """The id of the pair that prefers the other reply."""
        return PreferencePair(self.prompt, self.rejected, self.chosen, ()).id


def pairs_frame(pairs: Iterable[PreferencePair]) -> pl.DataFrame:
    """A frame with `PAIR_SCHEMA`, one row a pair, in the given order; `source` and `licence` are those of the first provenance."""
    rows = [
        {
            "id": pair.id,
            "prompt": pair.prompt,
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "source": pair.provenance[0].source,
            "licence": pair.provenance[0].licence,
            "provenance": [asdict(p) for p in pair.provenance],
        }
        for pair in pairs
    ]
    return pl.DataFrame(rows, schema=PAIR_SCHEMA)


def pairs_of(frame: pl.DataFrame) -> Iterator[PreferencePair]:
    """The pairs of a frame with at least the columns of `PAIR_SCHEMA`."""
    for row in frame.iter_rows(named=True):
        yield PreferencePair(row["prompt"], row["chosen"], row["rejected"], tuple(Provenance(**p) for p in row["provenance"]))


def write_pairs(path: Path, pairs: Iterable[PreferencePair]) -> int:
    """Write pairs as Parquet in the order given; returns how many."""
    frame = pairs_frame(pairs)
    write_table(path, frame)
    return frame.height


def read_pairs(path: Path) -> list[PreferencePair]:
    """The pairs of a Parquet file, in file order."""
    return list(pairs_of(pl.read_parquet(path)))


def with_opposites(pairs: Iterable[PreferencePair]) -> pl.DataFrame:
    """The frame of pairs with the column `opposite`, as a spool holds them."""
    held = list(pairs)
    return pairs_frame(held).with_columns(opposite=pl.Series([pair.opposite for pair in held], dtype=pl.String))


def settled_pairs(spool: Spool[PreferencePair], reject: Callable[[Reject], None]) -> Iterator[pl.DataFrame]:
    """The distinct pairs of a spool (of `with_opposites`) in order of id, a stretch at a time, their provenance united.

    Two pairs that prefer opposite replies to one prompt are both handed to `reject`, as `preference_conflict`.
    """
    told = spool.columns("id", "opposite")
    contradicted = told.select(id="opposite").unique().join(told.select("id").unique(), on="id")
    for stretch in spool.stretches():
        for position, pair in _placed(stretch.join(contradicted, on="id", how="semi", maintain_order="left")):
            detail = "another pair prefers the other reply to the same prompt"
            content = as_content({"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected})
            reject(Reject(pair.provenance[0].source, position, "preference_conflict", detail, content))
        sound = stretch.join(contradicted, on="id", how="anti", maintain_order="left")
        once = sound.filter(~pl.col("id").is_duplicated()).select(list(PAIR_SCHEMA))
        yield pl.concat([once, _united(sound.filter(pl.col("id").is_duplicated()))], rechunk=True).sort("id")


def _placed(stretch: pl.DataFrame) -> Iterator[tuple[str, PreferencePair]]:
    return zip(stretch["position"], pairs_of(stretch), strict=True)


def _united(repeated: pl.DataFrame) -> pl.DataFrame:
    """Pairs that stand there several times, each once, with every provenance in order of arrival."""
    same: dict[str, list[PreferencePair]] = {}
    for pair in pairs_of(repeated):
        same.setdefault(pair.id, []).append(pair)
    places = ((members[0], dict.fromkeys(p for one in members for p in one.provenance)) for members in same.values())
    return pairs_frame(replace(pair, provenance=tuple(found)) for pair, found in places)
