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


def tie(rows: pl.DataFrame, spoken: pl.DataFrame, links: Iterable[Sequence[str]]) -> tuple[pl.DataFrame, frozenset[int]]:
    """`group` and `unit` (named by its group that sorts first) of every group, sorted, and the keys of the turns that tie nothing.

    `rows` has number, group and category, `spoken` is what `said` finds in them, `links` are sets of groups that belong together
    whatever is said in them.
    """
    shared, linked = _shared_turns(rows, spoken), [list(link) for link in links]
    by_link = pl.DataFrame({"group": sorted({group for link in linked for group in link})}, schema={"group": pl.String})
    involved = pl.concat([shared.select(group=pl.col("groups")).explode("group").unique(), by_link])
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for group, category, count in rows.join(involved, on="group", how="semi").group_by("group", "category").len().iter_rows():
        sizes[group][category] = count
    limits = {category: max(LARGEST_UNIT * count, SMALL_UNIT) for category, count in rows.group_by("category").len().iter_rows()}
    forest = _Forest(sizes)
    for link in linked:
        forest.join(link)
    formulae: set[int] = set()
    for key, groups, may_recur in shared.iter_rows():
        together = forest.together(groups)
        if may_recur and any(count > limits[category] for category, count in together.items()):
            formulae.add(key)
        else:
            forest.join(groups)
    roots = forest.roots()
    tied = pl.DataFrame({"group": list(roots), "unit": list(roots.values())}, schema={"group": pl.String, "unit": pl.String})
    alone = rows.select("group").unique().join(tied, on="group", how="anti").with_columns(unit=pl.col("group"))
    return pl.concat([tied, alone]).sort("group"), frozenset(formulae)


def turn_key(content: str) -> str:
    """SHA-256 (hex) of a turn in small letters without punctuation, as a mixture's `formulae` hold them."""
    return hashlib.sha256(content.encode()).hexdigest()


def said(frame: pl.DataFrame) -> pl.DataFrame:
    """The long turns of a frame with number, category and turns: `number`, `key` (a hash of the words), and whether it `may_recur`."""
    return _wordings(frame).select("number", "may_recur", key=pl.col("text").hash())


def wordings(frame: pl.DataFrame, keys: Iterable[int]) -> list[str]:
    """The words of the turns with these keys that a frame holds, each once."""
    found = _wordings(frame).filter(pl.col("text").hash().is_in(pl.Series(sorted(keys), dtype=pl.UInt64).implode()))
    return found["text"].unique().sort().to_list()


def _wordings(frame: pl.DataFrame) -> pl.DataFrame:
    turn = pl.col("turn").struct
    turns = frame.select("number", "category", turn="turns").explode("turn").filter(turn.field("role") != "system")
    spoken = turns.select("number", "category", part=turn.field("part"), text=_words(turn.field("content")))
    words = pl.col("text").str.count_matches(" ", literal=True) + 1
    short = words < pl.when(pl.col("part").is_in(REPLYING)).then(REPLY_FORMULA_WORDS).otherwise(FORMULA_WORDS)
    return spoken.filter(words >= LONG_WORDS).select("number", "text", may_recur=short & (pl.col("category") != "supervision"))


def _shared_turns(rows: pl.DataFrame, spoken: pl.DataFrame) -> pl.DataFrame:
    """Long turns that several groups say: `key`, the `groups`, and whether it `may_recur` as a formula; the least shared first.

    Turns that the same groups share are alike in all that follows, so the order rests on the groups and never on the hash.
    """
    return (
        spoken.filter(pl.col("key").is_duplicated())
        .join(rows.select("number", "group"), on="number")
        .group_by("key")
        .agg(groups=pl.col("group").unique().sort(), may_recur=pl.col("may_recur").all())
        .filter(pl.col("groups").list.len() > 1)
        .sort("may_recur", pl.col("groups").list.len(), pl.col("groups").list.join("\n"))
        .select("key", "groups", "may_recur")
    )


def _words(text: pl.Expr) -> pl.Expr:
    """A text in small letters, its words parted by single spaces, without punctuation."""
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


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
