"""Fields of comparison: what a head is asked on held-out groups, and what a peer may learn from: the same training rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixel_core.conversation import Conversation, Turn, read_conversations
from pixel_core.evaluation.held_out import lot_of, named, unlabelled
from pixel_core.evaluation.items import read_vignettes
from pixel_core.evaluation.statistics.metrics import Name
from pixel_core.model.batch import head_targets_of, query_masks_of
from pixel_core.model.heads import HeadSpec, find_head
from pixel_core.shards import read_split

SPLITS = ("train", "validation", "test")
TOP = 3
MOST_ITEMS = 1000  # of a field, to judge and to choose thresholds on
CRISIS = Path("source_conversations") / "cssrs"  # imported apart, and no part of any split: its 250 users are too few to be divided once


@dataclass(frozen=True, slots=True)
class Item:
    """A turn that a head is asked about: the dialogue up to it, what is right by output (NaN = unknown), and what no split divides.

    `own` is the text that the head reads, `before` what stands in front of it: a causal model knows it too.
    """

    item: str
    group: str
    turns: tuple[Turn, ...]
    t: int
    truth: tuple[float, ...]
    own: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """What one head is compared in: its items by split, its statistic, and the least it should reach, if that was said.

    `crosswise` fields have no splits of their own: all items stand in `test` and are judged in folds by group.
    """

    name: str
    head: str
    statistic: Name
    items: dict[str, list[Item]]
    floor: float | None = None
    top: int = 0
    crosswise: bool = False

    @property
    def spec(self) -> HeadSpec:
        """The row of the table of heads."""
        return find_head(self.head)


def items_of(head: str, conversations: Iterable[Conversation], source: str | None = None) -> list[Item]:
    """Every turn about which the labels say something that the head has something to read for; of one source, or of all."""
    spec, found = find_head(head), []
    for conversation in conversations:
        if source is not None and source not in {p.source for p in conversation.provenance}:
            continue
        for t in range(len(conversation.turns)):
            truth = head_targets_of(conversation.turns, t).get(head)
            if truth is not None and (read := _read(spec, conversation.turns, t)):
                turns = unlabelled(conversation.turns[: t + 1])
                before = "\n".join(turn.content for turn in turns[:t]) if spec.reads == "reply" else ""
                found.append(Item(named(conversation, t), conversation.group, turns, t, tuple(truth), "\n".join(read), before))
    return found


def fields_of(artifacts: Path, scenarios: Path) -> list[Field]:
    """The fields that an artifacts folder has rows for, with at most `MOST_ITEMS` items to judge and to choose thresholds on.

    Of more items those are kept whose names come first when hashed.
    """
    splits = {split: _split(artifacts, split) for split in SPLITS}

    def by_split(head: str, source: str | None = None, most: int = MOST_ITEMS) -> dict[str, list[Item]]:
        found = {split: items_of(head, conversations, source) for split, conversations in splits.items()}
        return {split: items if split == "train" else few(items, most) for split, items in found.items()}

    clinical = by_split("clinical")
    codes = find_head("clinical").outputs
    vignettes = [
        Item(v.id, v.id, (Turn("user", "client", v.text),), 0, tuple(float(code in v.codes) for code in codes), v.text)
        for v in read_vignettes(scenarios)
        if v.codes
    ]
    found = [
        Field("EPITOME", "empathy", "level_f1", by_split("empathy", "epitome"), floor=0.55),
        Field("GoEmotions", "emotions", "label_f1", by_split("emotions", "goemotions"), floor=0.39),
        Field("DiaSafety", "appropriateness", "level_f1", by_split("appropriateness", "diasafety"), floor=0.73),
        Field("vignettes", "clinical", "mean", clinical | {"test": vignettes}, top=TOP),
        Field("persona", "persona", "accuracy", by_split("persona", most=MOST_ITEMS // 4)),  # they read whole dialogues
    ]
    crisis = artifacts / CRISIS / "conversations.parquet"
    if crisis.is_file():
        users = items_of("crisis", read_conversations(crisis))
        found.append(Field("C-SSRS", "crisis", "kappa", {"train": [], "validation": [], "test": users}, crosswise=True))
    return [one for one in found if one.items["test"] and (one.crosswise or (one.items["train"] and one.items["validation"]))]


def few(items: Sequence[Item], limit: int) -> list[Item]:
    """At most so many items, in their order: those whose names come first when hashed."""
    if len(items) <= limit:
        return list(items)
    kept = set(sorted(lot_of(item.item) for item in items)[:limit])
    return [item for item in items if lot_of(item.item) in kept]


def within(items: Sequence[Item], characters: int) -> list[Item]:
    """As many items, in their order, as read so many characters together: those whose names come first when hashed."""
    kept: set[str] = set()
    used = 0
    for item in sorted(items, key=lambda item: lot_of(item.item)):
        used += len(item.own) + len(item.before)
        if used > characters and kept:
            break
        kept.add(item.item)
    return [item for item in items if item.item in kept]


def folds(items: Sequence[Item], count: int, seed: int) -> list[int]:
    """The fold of each item: groups dealt in turn after their highest level, so that every fold has some of each."""
    highest: dict[str, float] = {}
    for item in items:
        highest[item.group] = max(highest.get(item.group, 0.0), *item.truth)
    dealt = sorted(highest, key=lambda group: (highest[group], lot_of(f"{seed}:{group}")))
    place = {group: index % count for index, group in enumerate(dealt)}
    return [place[item.group] for item in items]


def _split(artifacts: Path, split: str) -> list[Conversation]:
    """The conversations of a split of mixture and head examples, each id once, in id order."""
    both = (read_split(artifacts / name, split) for name in ("head_examples", "training_mixture"))
    found = {conversation.id: conversation for part in both for conversation in part}
    return [found[key] for key in sorted(found)]


def _read(spec: HeadSpec, turns: Sequence[Turn], t: int) -> list[str]:
    places = [(index, index + 1) for index in range(len(turns))]
    return [turns[start].content for start, _ in query_masks_of(turns, places, t)[spec.reads] if turns[start].content]
