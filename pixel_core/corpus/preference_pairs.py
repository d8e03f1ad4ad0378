"""Preference pairs of all selected sources in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of
from pixel_core.corpus.decontamination import find_held_out
from pixel_core.corpus.pairs import pairs_of, settled_pairs, with_opposites
from pixel_core.corpus.population import require_terms, source_digests
from pixel_core.corpus.sieve import Sieve
from pixel_core.corpus.spool import Aside, Spool, read_stretches, write_stretches
from pixel_core.corpus.terms import Use
from pixel_core.rejects import Reject, as_content

VERSION = "2"
PAIRS = "pairs.parquet"


def collect_pairs(sources: Mapping[str, Path], out: Path, *, use: Use = "any", sieve: Sieve | None = None, force: bool = False) -> Built:
    """Write `pairs.parquet`, sorted by id, `rejected.parquet` and `held_out.parquet` from the sources that hold pairs.

    The same pair from two sources is one row. Pairs that contradict one another are rejected, and those of which a text holds an
    evaluation text of the sieve; its near-duplicates are not looked for, since two replies to one prompt are nearly the same. Raises
    CorpusError for a source without a valid manifest, or one that is not for this use. With no preference source selected the table is
    empty.
    """
    sieve = sieve or Sieve()
    inputs = {"held_out": sieve.digest, "rule": digest_of(asdict(sieve.rule)), **source_digests(sources)}
    require_terms(sources, use)

    def write(folder: Path) -> Summary:
        tables = [(name, path) for name, source in sorted(sources.items()) if (path := source / PAIRS).is_file()]
        spool, aside, read = Spool(folder, with_opposites), Aside(folder), 0
        for name, path in tables:
            for pair in (pair for frame in read_stretches(path) for pair in pairs_of(frame)):
                spool.add(f"{name} pair {pair.id[:12]}", pair)
                read += 1
        rows = write_stretches(folder / PAIRS, _sifted(settled_pairs(spool, aside.add), sieve, aside.add))
        aside.write()
        sieve.write(folder)
        figures = {"read": read, "merged": read - rows - len(aside), "sources": len(tables)}
        return Summary(rows=rows, rejects=dict(sorted(aside.reasons.items())), figures=figures)

    return build(out, kind="preference_pairs", version=VERSION, inputs=inputs, write=write, force=force)


def _sifted(stretches: Iterable[pl.DataFrame], sieve: Sieve, reject: Callable[[Reject], None]) -> Iterator[pl.DataFrame]:
    """The pairs of which no text holds one that is held out; the others go to `reject`."""
    for frame in stretches:
        spoken = [list(texts) for texts in frame.select("prompt", "chosen", "rejected").iter_rows()]
        found = find_held_out(spoken, sieve.held_out, rule=sieve.rule, encode=sieve.encode) if sieve.held_out else []
        for one in found:
            detail = f"it holds held-out text {one.text + 1} of {len(sieve.held_out)}"
            source, name = frame["source"][one.conversation], frame["id"][one.conversation]
            reject(Reject(source, f"id {name}", one.reason, detail, as_content(spoken[one.conversation])))
        yield frame.with_row_index("number").filter(~pl.col("number").is_in([one.conversation for one in found])).drop("number")
