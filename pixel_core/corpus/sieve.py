"""The sieve: which conversations of all sources do not enter the corpus, because they hold evaluation texts or repeat another.

It sees every source at once, which no source does. Of near-duplicate dialogues from which the same part learns, the one with the most
labels stays, of these the longest; a long reply that several dialogues hold is learnt in one of them (see `replies`). Labelled posts and
pairs are never dropped as near-duplicates, since a word may change their label: their groups are tied, so that no split divides them,
as are those of near-duplicate dialogues.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pixel_core.artifacts import digest_of, write_table
from pixel_core.corpus.decontamination import Encode, HeldOutRule, find_held_out
from pixel_core.corpus.dedup import near_duplicates
from pixel_core.corpus.pseudonyms import replace_names
from pixel_core.corpus.records import Records
from pixel_core.corpus.replies import Repeated, repeated_replies
from pixel_core.recipe import CorpusRecipe
from pixel_core.rejects import REJECTED, Reject, as_content

logger = logging.getLogger(__name__)

HELD_OUT = "held_out.parquet"
NEAR_DUPLICATE, REPEATED_REPLY = "near_duplicate", "repeated_reply"


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
    """What a sieve lets through: the numbers of the conversations, rejects for the others, and groups that must stay together.

    `not_learnt` are turns (`number`, `turn`) of what is kept that are learnt elsewhere.
    """

    kept: pl.Series
    rejects: list[Reject]
    links: list[list[str]]
    not_learnt: pl.DataFrame


def sift(rows: pl.DataFrame, records: Records, sieve: Sieve) -> Sifted:
    """What of these conversations passes; their order changes nothing.

    `rows` has number, id, group, category, source, learners, and how many labels and characters: see `facts`.
    """
    dropped: dict[int, tuple[str, str]] = {}
    if sieve.held_out:
        for one in find_held_out(records.spoken, sieve.held_out, rule=sieve.rule, encode=sieve.encode):
            dropped[one.conversation] = (one.reason, f"it holds held-out text {one.text + 1} of {len(sieve.held_out)}")
    links: list[list[str]] = []
    if sieve.near_duplicates:
        alike = near_duplicates(records.texts, threshold=sieve.near_duplicates)
        of = {row["number"]: row for row in rows.filter(_among("number", {n for cluster in alike for n in cluster})).iter_rows(named=True)}
        for cluster in alike:
            dialogues = [of[number] for number in cluster if of[number]["category"] != "supervision" and number not in dropped]
            links.append(sorted({of[number]["group"] for number in cluster}))
            for learners in sorted({row["learners"] for row in dialogues}):
                same = [row for row in dialogues if row["learners"] == learners]
                best = min(same, key=lambda row: (-row["labels"], -row["characters"], row["id"]))
                for row in same:
                    if row is not best:
                        dropped[row["number"]] = (NEAR_DUPLICATE, f"nearly the same as the conversation {best['id']}")
    repeated = _repeated(rows.filter(~_among("number", dropped)), records, sieve)
    for number, name in repeated.dropped.iter_rows():
        dropped[number] = (REPEATED_REPLY, f"all that would be learnt is learnt in other conversations, first in {name}")
    without = pl.col("id").is_in(pl.Series(sorted(sieve.without), dtype=pl.String).implode())
    kept = rows.filter(~without & ~_among("number", dropped))["number"]
    logger.info("%d of %d conversations are kept out", rows.height - len(kept), rows.height)
    together = sorted(link for link in links if len(link) > 1)
    return Sifted(kept, _rejects(rows, records, dropped), together, repeated.turns)


def _repeated(rows: pl.DataFrame, records: Records, sieve: Sieve) -> Repeated:
    """The replies of these dialogues that are not learnt again; none where no near-duplicates are looked for."""
    if not sieve.near_duplicates:
        return Repeated.none()
    return repeated_replies(rows.filter(pl.col("category") != "supervision"), records.stretches(["turns"]), sieve.near_duplicates)


def _rejects(rows: pl.DataFrame, records: Records, dropped: Mapping[int, tuple[str, str]]) -> list[Reject]:
    """The dropped conversations in order of their ids."""
    spoken = records.spoken
    found = [
        Reject(source, f"id {name}", *dropped[number], as_content(spoken[number]))
        for number, name, source in rows.filter(_among("number", dropped)).select("number", "id", "source").iter_rows()
    ]
    return sorted(found, key=lambda reject: reject.position)


def _among(column: str, numbers: Iterable[int]) -> pl.Expr:
    return pl.col(column).is_in(pl.Series(sorted(numbers), dtype=pl.UInt32).implode())
