"""Ties: which groups are one unit, because they share a conversation or a long turn.

The same post in two public sets must not stand in train under one name and in test under the other. Posts, and long
texts of clients, always tie groups. Replies and short turns do as long as the unit stays small; those that would lump
a category together are formulae: listed, and tying nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

REPLYING = ("therapist", "assistant")

LONG_WORDS = 8  # a turn of at least so many words is somebody's own wording, not a greeting
FORMULA_WORDS = 25  # a shorter turn of a dialogue may be a formula all the same, as "is there anything else you would like to tell me"
REPLY_FORMULA_WORDS = 60  # ... and so may a shorter reply, since helpers, and writers of synthetic dialogues, repeat themselves
LARGEST_UNIT = 0.05  # of the rows of a category: what would tie more than this together counts as a formula
SMALL_UNIT = 10  # rows of a category that may be tied together however small it is


def tie(rows: pl.DataFrame, links: Iterable[Sequence[str]]) -> tuple[dict[str, str], frozenset[str]]:
    """The unit of every group, named by its group that sorts first, and the keys (`turn_key`) of the turns that tie nothing.

    `links` are sets of groups that belong together whatever is said in them.
    """
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for group, category, count in rows.group_by("group", "category").len().iter_rows():
        sizes[group][category] = count
    limits = {category: max(LARGEST_UNIT * count, SMALL_UNIT) for category, count in rows.group_by("category").len().iter_rows()}
    forest = _Forest(sizes)
    for linked in links:
        forest.join(linked)
    formulae: set[str] = set()
    for text, groups, may_recur in _shared_turns(rows).iter_rows():
        together = forest.together(groups)
        if may_recur and any(count > limits[category] for category, count in together.items()):
            formulae.add(turn_key(text))
        else:
            forest.join(groups)
    return forest.roots(), frozenset(formulae)


def turn_key(content: str) -> str:
    """SHA-256 (hex) of a turn in small letters without punctuation, as `formulae` holds them."""
    return hashlib.sha256(content.encode()).hexdigest()


def _shared_turns(rows: pl.DataFrame) -> pl.DataFrame:
    """Long turns that several groups say: `text`, the `groups`, and whether it `may_recur` as a formula; the least shared first."""
    turns = rows.select("group", "category", turn="turns").explode("turn").unnest("turn").filter(pl.col("role") != "system")
    said = turns.select("group", "category", "part", text=_words("content")).with_columns(words=pl.col("text").str.count_matches(" ") + 1)
    short = pl.col("words") < pl.when(pl.col("part").is_in(REPLYING)).then(REPLY_FORMULA_WORDS).otherwise(FORMULA_WORDS)
    return (
        said.filter(pl.col("words") >= LONG_WORDS)
        .group_by("text")
        .agg(groups=pl.col("group").unique().sort(), may_recur=(short & (pl.col("category") != "supervision")).all())
        .filter(pl.col("groups").list.len() > 1)
        .sort("may_recur", pl.col("groups").list.len(), "text")
    )


def _words(column: str) -> pl.Expr:
    """A text in small letters, its words parted by single spaces, without punctuation."""
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


class _Forest:
    """Groups joined into units, with the rows of each unit by category."""

    def __init__(self, sizes: Mapping[str, Counter[str]]) -> None:
        self._parent: dict[str, str] = {group: group for group in sizes}
        self._sizes = {group: Counter(size) for group, size in sizes.items()}

    def root(self, group: str) -> str:
        """The unit of a group; one whose own rows are gone still links others."""
        self._sizes.setdefault(group, Counter())
        parent = self._parent
        parent.setdefault(group, group)
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    def roots(self) -> dict[str, str]:
        """The unit of every group."""
        return {group: self.root(group) for group in sorted(self._parent)}

    def together(self, groups: Iterable[str]) -> Counter[str]:
        """Rows by category of the unit that joining these groups would make; nothing when they are one already."""
        roots = {self.root(group) for group in groups}
        return sum((self._sizes[root] for root in roots), Counter()) if len(roots) > 1 else Counter()

    def join(self, groups: Iterable[str]) -> None:
        """Make one unit of these groups, named by the root that sorts first."""
        first, *others = sorted({self.root(group) for group in groups})
        for other in others:
            self._parent[other] = first
            self._sizes[first] += self._sizes.pop(other)
