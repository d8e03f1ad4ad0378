"""Preference pairs of all selected sources in one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pixel_core.artifacts import Built, Summary, build
from pixel_core.corpus.pairs import read_pairs, settle_pairs, write_pairs
from pixel_core.corpus.population import source_digests
from pixel_core.rejects import count_reasons, write_rejects

VERSION = "1"
PAIRS = "pairs.parquet"


def collect_pairs(sources: Mapping[str, Path], out: Path, *, force: bool = False) -> Built:
    """Write `pairs.parquet`, sorted by id, and `rejected.parquet` from the sources that hold pairs.

    The same pair from two sources is one row; pairs that contradict one another are rejected. Raises CorpusError for a
    source without a valid manifest. With no preference source selected the table is empty.
    """
    inputs = source_digests(sources)

    def write(folder: Path) -> Summary:
        tables = [(name, path) for name, source in sorted(sources.items()) if (path := source / PAIRS).is_file()]
        found = [(f"{name} pair {pair.id[:12]}", pair) for name, path in tables for pair in read_pairs(path)]
        kept, rejects = settle_pairs(found)
        rows = write_pairs(folder / PAIRS, kept)
        write_rejects(folder, rejects)
        figures = {"read": len(found), "merged": len(found) - rows - len(rejects), "sources": len(tables)}
        return Summary(rows=rows, rejects=count_reasons(rejects), figures=figures)

    return build(out, kind="preference_pairs", version=VERSION, inputs=inputs, write=write, force=force)
