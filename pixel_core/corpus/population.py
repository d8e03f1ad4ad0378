"""Everything that the selected artifacts hold: each conversation once, with the unit that no split may divide."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pixel_core.artifacts import ArtifactError, input_digest
from pixel_core.conversation import Conversation, ConversationError, from_frame, to_frame, unite
from pixel_core.corpus.facts import COLUMNS, Facts, facts_of
from pixel_core.corpus.records import Records
from pixel_core.corpus.sieve import Sieve, sift
from pixel_core.corpus.terms import Use, refusal
from pixel_core.corpus.ties import tie, turn_key, wordings
from pixel_core.rejects import Reject, as_content

logger = logging.getLogger(__name__)


class CorpusError(ValueError):
    """What a corpus is to be built from is missing or does not fit together; the message names it and the remedy."""


@dataclass(frozen=True)
class Population:
    """The conversations of all sources, by what is known of them; what they say stays in its files (`records`).

    `rows` has number, id, category, group, difficulty, source (the artifact that it came from), labels, characters, tokens and
    unit, sorted by id; `values` are their label values. `units` maps every group to its unit, `formulae` are the keys of long
    turns that tie no groups together (see `ties`).
    """

    rows: pl.DataFrame
    values: pl.DataFrame
    units: pl.DataFrame
    formulae: frozenset[str]
    rejects: tuple[Reject, ...]
    read: int
    records: Records

    @property
    def merged(self) -> int:
        """How many rows were the same conversation once more."""
        return self.read - self.rows.height - len(self.rejects)

    @property
    def not_learnt(self) -> dict[str, int]:
        """How many replies of each artifact are kept without language loss, since another conversation has them (see `replies`)."""
        placed = self.records.not_learnt.join(self.rows.select("number", "source"), on="number")
        return dict(placed.group_by("source").len().sort("source").iter_rows())


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


def require_terms(sources: Mapping[str, Path], use: Use) -> None:
    """Raise CorpusError naming a source of the catalogue that is not for this use: it may have been built while another was wanted."""
    for name, folder in sorted(sources.items()):
        tables = [path for table in ("conversations", "pairs") if (path := folder / f"{table}.parquet").is_file()]
        if not name.startswith("source_conversations/") or not tables:
            continue
        first = pl.scan_parquet(tables[0]).select("provenance").head(1).collect()  # its rows have the terms of one entry
        for place in first.explode("provenance")["provenance"]:
            if reason := refusal(place["licence"], place["consent"], use):
                raise CorpusError(f"{name}: {reason}; set corpus.use to research, or take it out of the recipe's corpus.sources")


def gather(sources: Mapping[str, Path], sieve: Sieve | None = None) -> Population:
    """The population of the artifacts named `<asset>` or `<asset>/<partition>` as far as it passes the sieve.

    Those of preference pairs hold none of it.
    """
    files = {name: path for name, folder in sorted(sources.items()) if (path := folder / "conversations.parquet").is_file()}
    if not files:
        raise CorpusError("none of the selected sources holds conversations: name some in the recipe's corpus.sources")
    records = Records(files)
    read = len(records)
    facts, records, rejects, links = _unite_repeated(facts_of(records.stretches(COLUMNS)), records)
    if sieve:
        sifted = sift(facts.rows, records, sieve)
        facts, rejects, links = facts.only(sifted.kept), [*rejects, *sifted.rejects], [*links, *sifted.links]
        records = replace(records, not_learnt=sifted.not_learnt)
    units, keys = tie(facts.rows, facts.said, links)
    formulae = frozenset(turn_key(text) for text in _wordings(records, keys))
    rows = facts.rows.join(units, on="group", how="left").sort("id")
    logger.info("%d conversations of %d sources in %d units", rows.height, len(files), rows["unit"].n_unique())
    return Population(rows, facts.values, units, formulae, tuple(rejects), read, records)


def _wordings(records: Records, keys: frozenset[int]) -> set[str]:
    """The words of the turns with these keys; the files are read again when there are any."""
    if not keys:
        return set()
    return {text for frame in records.stretches(("category", "turns")) for text in wordings(frame, keys)}


def _unite_repeated(facts: Facts, records: Records) -> tuple[Facts, Records, list[Reject], list[list[str]]]:
    """Facts and records with the conversations that stand there several times each once; see `_unite`."""
    repeated = facts.rows.filter(pl.col("id").is_duplicated()).sort("id", pl.col("category") == "supervision", "source")
    if repeated.is_empty():
        return facts, records, [], []
    united, rejects, links = _unite(records.take(repeated["number"]))
    records = replace(records, united=united, gone=frozenset(repeated["number"]))
    first = len(records) - united.height
    once = facts.only(facts.rows.filter(~pl.col("id").is_duplicated())["number"])
    of_united = facts_of([united.with_row_index("number", offset=first)])
    return once.extended(of_united), records, rejects, links


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
