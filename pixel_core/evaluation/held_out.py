"""Held-out data: the test splits, and which texts stand in the training splits all the same.

A text of eight words or more stands in training when at least half of its word 8-grams do; a shorter one when it is,
apart from case and punctuation, a whole training turn. Groups keep splits apart, but not everybody who wrote the same thing.
An item is left out for its text, and for a right answer of eight words or more: whoever learned that by heart need not read the item.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from pixel_core.conversation import Conversation, Provenance, Turn
from pixel_core.evaluation.harness import Question
from pixel_core.shards import read_split, shards

Ask = Callable[[str], tuple[Turn, Provenance] | None]  # a system turn of knowledge that answers a text, if there is any
BY_TEXT, BY_ANSWER = "text_in_training", "answer_in_training"
GRAM = 8
SHARE = 0.5
_SMALL = 4 << 20  # bytes of Parquet whose n-grams are kept between two questions: more would fill the memory
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class HeldOut:
    """Where held-out items come from: shipped scenarios, the test splits of mixture and head examples, the profile."""

    scenarios: Path
    mixture: Path
    head_examples: Path
    profile: Path
    background: Callable[[], Ask] | None = None
    """Opens what gives retrieved knowledge; None where nothing is retrieved."""
    criteria: Path | None = None
    """The artifact `dsm5_criteria` that written assessments are compared with; None where none are asked for."""

    @classmethod
    def below(cls, artifacts: Path, scenarios: Path) -> HeldOut:
        """What lies in the usual places of an artifacts folder."""
        mixture, examples, profile = (artifacts / name for name in ("training_mixture", "head_examples", "personality_profile"))
        return cls(scenarios, mixture, examples, profile, criteria=artifacts / "dsm5_criteria")

    @cached_property
    def training_files(self) -> tuple[Path, ...]:
        """What was trained on: the files of the train splits; raises ArtifactError when one is missing."""
        return (*shards(self.mixture, "train"), *shards(self.head_examples, "train"))

    @cached_property
    def conversations(self) -> list[Conversation]:
        """The test split of the mixture, in id order."""
        return sorted(read_split(self.mixture, "test"), key=lambda c: c.id)

    @cached_property
    def examples(self) -> list[Conversation]:
        """The labelled test conversations: head examples and mixture, each id once, in id order."""
        labelled = {c.id: c for c in self.conversations} | {c.id: c for c in read_split(self.head_examples, "test")}
        return [labelled[key] for key in sorted(labelled)]

    @cached_property
    def training(self) -> list[tuple[Turn, ...]]:
        """The dialogues of the mixture's train split."""
        return [c.turns for c in read_split(self.mixture, "train")]

    def keep(self, questions: Iterable[Question], limit: int | None = None) -> tuple[tuple[Question, ...], dict[str, int]]:
        """The questions of which neither text nor right answer stands in training, in item order, and by reason how many were left out.

        With a limit at most so many are kept: those whose item names come first when hashed, so that a larger
        test split does not shift the choice.
        """
        asked = sorted(questions, key=lambda q: q.item)
        found = seen_in_training([q.text for q in asked], [q.answers for q in asked], self.training_files)
        kept = [q for q, reason in zip(asked, found, strict=True) if reason is None]
        if limit is not None and len(kept) > limit:
            kept = sorted(sorted(kept, key=lambda q: lot_of(q.item))[:limit], key=lambda q: q.item)
        return tuple(kept), dict(sorted(Counter(reason for reason in found if reason is not None).items()))


def in_shares(questions: Sequence[Question], limit: int, kind: str) -> tuple[Question, ...]:
    """At most so many questions, in their order, as many of each tag that begins with `kind` as there are, or one more of the first.

    Of one tag those are taken whose item names come first when hashed: more items of another shift nothing.
    """
    strata: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        strata[next(tag for tag in question.tags if tag.startswith(kind))].append(question)
    queues = [sorted(strata[tag], key=lambda q: lot_of(q.item)) for tag in sorted(strata)]
    in_turn = [queue[place] for place in range(max(map(len, queues), default=0)) for queue in queues if place < len(queue)]
    chosen = {question.item for question in in_turn[:limit]}
    return tuple(question for question in questions if question.item in chosen)


def seen_in_training(texts: Sequence[str], answers: Sequence[Sequence[str]], files: Iterable[Path]) -> list[str | None]:
    """Of each text with its right answers, what of it stands in the turns of these files: `BY_TEXT`, `BY_ANSWER` or None."""
    owners = [number for number, own in enumerate(answers) for _ in own]
    found = in_training([*texts, *(answer for own in answers for answer in own)], files)
    known = {number for number, seen in zip(owners, found[len(texts) :], strict=True) if seen}
    return [BY_TEXT if seen else BY_ANSWER if number in known else None for number, seen in enumerate(found[: len(texts)])]


def in_training(texts: Sequence[str], files: Iterable[Path]) -> list[bool]:
    """Whether each text stands in the turns of these Parquet files of conversations (see the module)."""
    asked = [(set(_grams(_WORD.findall(text.lower()))), _normal(text)) for text in texts]
    grams, turns = _standing({gram for own, _ in asked for gram in own}, {text for own, text in asked if not own}, list(files))
    return [len(own & grams) >= SHARE * len(own) if own else text in turns for own, text in asked]


def _standing(grams: set[str], turns: set[str], files: Sequence[Path]) -> tuple[set[str], set[str]]:
    """Which of these n-grams and whole turns stand in training."""
    stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    if sum(size for _, _, size in stamps) <= _SMALL:
        known, whole = _everything(stamps)
        return grams & known, turns & whole
    found: set[str] = set()
    spoken: set[str] = set()
    for turn in _turns(files):
        words = _WORD.findall(turn.lower())
        found.update(gram for gram in _grams(words) if gram in grams)
        if (text := " ".join(words)) in turns:
            spoken.add(text)
    return found, spoken


@lru_cache(maxsize=1)
def _everything(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[frozenset[str], frozenset[str]]:
    """All n-grams and turns of small files, which every task of a checkpoint is compared with."""
    turns = [_WORD.findall(turn.lower()) for turn in _turns(path for path, _, _ in stamps)]
    return frozenset(gram for words in turns for gram in _grams(words)), frozenset(" ".join(words) for words in turns)


def named(conversation: Conversation, t: int) -> str:
    """The name of a turn as item."""
    return f"{conversation.id[:16]}.{t}"


def unlabelled(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns as a model sees them: without labels and evidence."""
    return tuple(replace(turn, labels=(), evidence=()) for turn in turns)


def _turns(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        turns = pl.read_parquet(path, columns=["turns"]).explode("turns").drop_nulls()
        yield from turns["turns"].struct.field("content").unique(maintain_order=True)


def _grams(words: Sequence[str]) -> Iterator[str]:
    return (" ".join(words[start : start + GRAM]) for start in range(len(words) - GRAM + 1))


def _normal(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def lot_of(name: str) -> str:
    """The lot that a name draws, in hexadecimal: by it items are chosen, ordered and dealt, whatever else there is."""
    return hashlib.sha256(name.encode()).hexdigest()
