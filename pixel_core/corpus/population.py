"""Everything that the selected artifacts hold: each conversation once, and the units that no split may divide.

A unit is a set of groups that share a conversation or a long turn: the same post in two public sets must not
stand in train under one name and in test under the other.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
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
from pixel_core.rejects import Reject, as_content

logger = logging.getLogger(__name__)

LONG_WORDS = 8  # a turn of at least so many words is one person's wording, not a greeting
FORMULA_WORDS = 25  # ... unless it is shorter than this
FORMULA_GROUPS = 3  # ... and more groups than this say it, as "is there anything else you would like to talk about"


class CorpusError(ValueError):
    """What a corpus is to be built from is missing or does not fit together; the message names it and the remedy."""


@dataclass(frozen=True)
class Population:
    """The conversations of all sources.

    `rows` has the columns of CONVERSATION_SCHEMA, `source` (the artifact that it came from) and `unit`, sorted by id.
    `units` maps every group to its unit. `formulae` are the keys (`turn_key`) of long turns that tie no groups together.
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


def gather(sources: Mapping[str, Path]) -> Population:
    """The population of the artifacts named `<asset>` or `<asset>/<partition>`; those of preference pairs hold none of it."""
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
    ties, formulae = _shared_turns(rows)
    units = _join(rows["group"].unique(), [*links, *ties])
    logger.info("%d conversations of %d sources in %d units", rows.height, len(frames), len(set(units.values())))
    return Population(
        rows.with_columns(unit=pl.col("group").replace_strict(units, return_dtype=pl.String)), units, formulae, tuple(rejects), frame.height
    )


def turn_key(content: str) -> str:
    """SHA-256 (hex) of a turn in small letters without punctuation, as `formulae` holds them."""
    return hashlib.sha256(content.encode()).hexdigest()


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


def _shared_turns(rows: pl.DataFrame) -> tuple[list[list[str]], frozenset[str]]:
    """The sets of groups that say the same long turn, and the keys of turns that are formulae and tie nothing together."""
    turns = rows.select("group", "category", turn="turns").explode("turn").unnest("turn").filter(pl.col("role") != "system")
    said = turns.select("group", single=pl.col("category") == "supervision", text=_words("content"))
    shared = (
        said.filter(pl.col("text").str.count_matches(" ") >= LONG_WORDS - 1)
        .group_by("text")
        .agg(pl.col("group").unique().sort(), single=pl.col("single").any())
        .filter(pl.col("group").list.len() > 1)
    )
    formula = (
        (pl.col("group").list.len() > FORMULA_GROUPS) & (pl.col("text").str.count_matches(" ") < FORMULA_WORDS - 1) & ~pl.col("single")
    )
    ties = shared.filter(~formula)["group"].to_list()
    return ties, frozenset(turn_key(text) for text in shared.filter(formula)["text"])


def _words(column: str) -> pl.Expr:
    """A text in small letters, its words parted by single spaces, without punctuation."""
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def _join(groups: Iterable[str], links: Iterable[Iterable[str]]) -> dict[str, str]:
    """The unit of every group: the name that sorts first among all groups that links connect with it."""
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for linked in links:
        first, *others = (root(parent.setdefault(group, group)) for group in linked)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    return {group: root(group) for group in sorted(parent)}
