"""Everything that the selected artifacts hold: each conversation once, with the unit that no split may divide."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pixel_core.artifacts import ArtifactError, input_digest
from pixel_core.conversation import (
    CONVERSATION_SCHEMA,
    Conversation,
    ConversationError,
    from_frame,
    to_frame,
    unite,
)
from pixel_core.corpus.sieve import Sieve, sift
from pixel_core.corpus.ties import tie
from pixel_core.rejects import Reject, as_content

logger = logging.getLogger(__name__)


class CorpusError(ValueError):
    """What a corpus is to be built from is missing or does not fit together; the message names it and the remedy."""


@dataclass(frozen=True)
class Population:
    """The conversations of all sources.

    `rows` has the columns of CONVERSATION_SCHEMA, `source` (the artifact that it came from) and `unit`, sorted by id.
    `units` maps every group to its unit, `formulae` are the keys of long turns that tie no groups together (see `ties`).
    """

    rows: pl.DataFrame
    units: Mapping[str, str]
    formulae: frozenset[str]
    rejects: tuple[Reject, ...]
    read: int

    @property
    def merged(self) -> int:
        """How many rows were the same conversation once more."""
        return self.read - self.rows.height - len(self.rejects)


def source_digests(sources: Mapping[str, Path]) -> dict[str, str]:
    """The digest of every selected artifact by name; raises CorpusError naming the one that is not valid and how to build it."""
    digests = {}
    for name, folder in sorted(sources.items()):
        asset, _, partition = name.partition("/")
        command = f"dagster asset materialize -m pixel_assets.definitions --select {asset}" + (
            f" --partition {partition}" if partition else ""
        )
        try:
            digests[name] = input_digest(folder)
        except ArtifactError as error:
            raise CorpusError(f"{name} is selected by the recipe, but has no valid manifest ({error}); build it: {command}") from error
    return digests


def gather(sources: Mapping[str, Path], sieve: Sieve | None = None) -> Population:
    """The population of the artifacts named `<asset>` or `<asset>/<partition>` as far as it passes the sieve.

    Those of preference pairs hold none of it.
    """
    frames = [
        pl.read_parquet(path, columns=list(CONVERSATION_SCHEMA)).with_columns(source=pl.lit(name))
        for name, folder in sorted(sources.items())
        if (path := folder / "conversations.parquet").is_file()
    ]
    if not frames:
        raise CorpusError("none of the selected sources holds conversations: name some in the recipe's corpus.sources")
    frame = pl.concat(frames).sort("id", pl.col("category") == "supervision", "source")
    repeated = frame.filter(pl.col("id").is_duplicated())
    united, rejects, links = _unite(repeated)
    rows = pl.concat([frame.filter(~pl.col("id").is_duplicated()), united]).sort("id")
    if sieve:
        sifted = sift(rows, sieve)
        rows, rejects, links = sifted.rows, [*rejects, *sifted.rejects], [*links, *sifted.links]
    units, formulae = tie(rows, links)
    logger.info("%d conversations of %d sources in %d units", rows.height, len(frames), len(set(units.values())))
    return Population(
        rows.with_columns(unit=pl.col("group").replace_strict(units, return_dtype=pl.String)), units, formulae, tuple(rejects), frame.height
    )


def _unite(repeated: pl.DataFrame) -> tuple[pl.DataFrame, list[Reject], list[list[str]]]:
    """The conversations that several sources hold, each once; rejects for those whose labels contradict; the groups so linked."""
    members: dict[str, list[tuple[str, Conversation]]] = {}
    for source, conversation in zip(repeated["source"], from_frame(repeated), strict=True):
        members.setdefault(conversation.id, []).append((source, conversation))
    kept: list[Conversation] = []
    origins: list[str] = []
    rejects: list[Reject] = []
    links: list[list[str]] = []
    for same in members.values():
        united = same[0][1]
        try:
            for _, other in same[1:]:
                united = unite(united, other)
        except ConversationError as error:
            content = as_content([turn.content for turn in united.turns])
            rejects += [Reject(source, f"id {c.id}", error.reason, str(error), content) for source, c in same]
            continue
        kept.append(united)
        origins.append(same[0][0])
        links.append([conversation.group for _, conversation in same])
    return to_frame(kept).with_columns(source=pl.Series(origins, dtype=pl.String)), rejects, links
