"""The sieve: which conversations of all sources do not enter the corpus, because they hold evaluation texts or repeat another.

It sees every source at once, which no source does. Of near-duplicate dialogues from which the same part learns, the one with the most
labels stays, of these the longest. Labelled posts and pairs are never dropped as near-duplicates, since a word may change their label: their groups are
tied, so that no split divides them, and so are those of dialogues whose long turns are near-duplicates.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pixel_core.artifacts import digest_of, write_table
from pixel_core.corpus.decontamination import Encode, HeldOutRule, find_held_out
from pixel_core.corpus.dedup import near_duplicates
from pixel_core.corpus.pseudonyms import replace_names
from pixel_core.recipe import CorpusRecipe
from pixel_core.rejects import REJECTED, Reject, as_content

logger = logging.getLogger(__name__)

HELD_OUT = "held_out.parquet"
NEAR_DUPLICATE = "near_duplicate"


@dataclass(frozen=True)
class Sieve:
    """What is kept out: near-duplicates at a Jaccard similarity (0: none are looked for), and what holds one of these texts."""

    near_duplicates: float = 0.0
    held_out: tuple[str, ...] = ()
    rule: HeldOutRule = field(default_factory=HeldOutRule)
    encode: Encode | None = None
    without: frozenset[str] = frozenset()
    """Ids that are left out whatever they hold: those that another sieve kept out before."""

    @classmethod
    def of(cls, recipe: CorpusRecipe, held_out: Iterable[str], encode: Encode | None) -> Sieve:
        """The sieve that the corpus section of a recipe asks for."""
        rule = HeldOutRule(recipe.held_out_share, recipe.held_out_run, recipe.held_out_similarity)
        texts = list(held_out)
        # In public sets names became pseudonyms, so an item is looked for with these too.
        without_names = [replace_names([text])[0][0] for text in texts]
        return cls(recipe.near_duplicates, tuple(dict.fromkeys([*texts, *without_names])), rule, encode)

    @classmethod
    def of_mixture(cls, mixture: Path) -> Sieve:
        """The sieve that leaves out what the sieve of this mixture kept out."""
        kept_out = pl.read_parquet(mixture / REJECTED, columns=["position"])["position"].str.strip_prefix("id ")
        return cls(without=frozenset(kept_out))

    @property
    def digest(self) -> str:
        """SHA-256 of the texts that are held out."""
        return digest_of(list(self.held_out))

    def write(self, folder: Path) -> None:
        """Write `held_out.parquet`: the texts that nothing in this folder may hold, for the scan that looks for them."""
        write_table(folder / HELD_OUT, pl.DataFrame({"text": list(self.held_out)}, schema={"text": pl.String}))


@dataclass(frozen=True)
class Sifted:
    """What passed a sieve: the rows, rejects for the others, and groups that must stay together."""

    rows: pl.DataFrame
    rejects: list[Reject]
    links: list[list[str]]


def sift(rows: pl.DataFrame, sieve: Sieve) -> Sifted:
    """The rows of a population (columns of CONVERSATION_SCHEMA and `source`, sorted by id) that pass."""
    rows = rows.filter(~pl.col("id").is_in(sorted(sieve.without)))
    spoken = rows["turns"].list.eval(pl.element().struct.field("content")).to_list() if sieve.held_out or sieve.near_duplicates else []
    dropped: dict[int, tuple[str, str]] = {}
    if sieve.held_out:
        for one in find_held_out(spoken, sieve.held_out, rule=sieve.rule, encode=sieve.encode):
            dropped[one.conversation] = (one.reason, f"it holds held-out text {one.text + 1} of {len(sieve.held_out)}")
    links: list[list[str]] = []
    if sieve.near_duplicates:
        alike = near_duplicates(["\n".join(turns) for turns in spoken], threshold=sieve.near_duplicates)
        groups, ids, posts = rows["group"].to_list(), rows["id"].to_list(), (rows["category"] == "supervision").to_list()
        worth, learners = _worth(rows), _learners(rows)
        for cluster in alike:
            links.append(sorted({groups[number] for number in cluster}))
            dialogues = [number for number in cluster if not posts[number] and number not in dropped]
            for learner in sorted({learners[number] for number in dialogues}):
                same = [number for number in dialogues if learners[number] == learner]
                best = max(same, key=lambda number: (worth[number], -number))
                for number in same:
                    if number != best:
                        dropped[number] = (NEAR_DUPLICATE, f"nearly the same as the conversation {ids[best]}")
    keep = [number not in dropped for number in range(rows.height)]
    rejects = _rejects(rows, spoken, dropped)
    logger.info("%d of %d conversations are kept out", len(rejects), rows.height)
    return Sifted(rows.filter(pl.Series(keep, dtype=pl.Boolean)), rejects, [link for link in links if len(link) > 1])


def _worth(rows: pl.DataFrame) -> list[tuple[int, int]]:
    """Labels and characters of each row."""
    turn = pl.element().struct
    labels = pl.col("turns").list.eval(turn.field("labels").list.len()).list.sum()
    length = pl.col("turns").list.eval(turn.field("content").str.len_chars()).list.sum()
    return rows.select(labels=labels, length=length).rows()


def _learners(rows: pl.DataFrame) -> list[str]:
    """Who is learnt in each row."""
    learnt = pl.when(pl.element().struct.field("learn")).then(pl.element().struct.field("part"))
    return rows["turns"].list.eval(learnt).list.drop_nulls().list.unique().list.sort().list.join(" ").to_list()


def _rejects(rows: pl.DataFrame, spoken: Sequence[Sequence[str]], dropped: Mapping[int, tuple[str, str]]) -> list[Reject]:
    ids, sources = rows["id"].to_list(), rows["source"].to_list()
    return [
        Reject(sources[number], f"id {ids[number]}", reason, detail, as_content(spoken[number]))
        for number, (reason, detail) in sorted(dropped.items())
    ]
