"""Preference pairs of all selected sources in one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pixel_core.artifacts import Built, Summary, build
from pixel_core.corpus.pairs import pairs_of, settled_pairs, with_opposites
from pixel_core.corpus.population import require_terms, source_digests
from pixel_core.corpus.spool import Aside, Spool, read_stretches, write_stretches
from pixel_core.corpus.terms import Use

VERSION = "1"
PAIRS = "pairs.parquet"


def collect_pairs(sources: Mapping[str, Path], out: Path, *, use: Use = "any", force: bool = False) -> Built:
    """Write `pairs.parquet`, sorted by id, and `rejected.parquet` from the sources that hold pairs.

    The same pair from two sources is one row; pairs that contradict one another are rejected. Raises CorpusError for a
    source without a valid manifest, or one that is not for this use. With no preference source selected the table is empty.
    """
    inputs = source_digests(sources)
    require_terms(sources, use)

    def write(folder: Path) -> Summary:
        tables = [(name, path) for name, source in sorted(sources.items()) if (path := source / PAIRS).is_file()]
        spool, aside, read = Spool(folder, with_opposites), Aside(folder), 0
        for name, path in tables:
            for pair in (pair for frame in read_stretches(path) for pair in pairs_of(frame)):
                spool.add(f"{name} pair {pair.id[:12]}", pair)
                read += 1
        rows = write_stretches(folder / PAIRS, settled_pairs(spool, aside.add))
        aside.write()
        figures = {"read": read, "merged": read - rows - len(aside), "sources": len(tables)}
        return Summary(rows=rows, rejects=dict(sorted(aside.reasons.items())), figures=figures)

    return build(out, kind="preference_pairs", version=VERSION, inputs=inputs, write=write, force=force)
