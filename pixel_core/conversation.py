"""The one record that every stage speaks: a conversation of turns with labels, evidence and provenance.

Stored as Parquet with `CONVERSATION_SCHEMA`. The id is a SHA-256 over the canonical (role, part,
content) of the turns, so the same dialogue from two sources has one id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from pixel_core.artifacts import write_table

Role = Literal["system", "user", "assistant"]
Part = Literal["therapist", "client", "assistant", "other"]
Persona = Literal["therapy", "assistant"]
Category = Literal["psychology", "voice", "mental_health", "reasoning", "personality", "supervision"]
MIXTURE_CATEGORIES: tuple[Category, ...] = ("psychology", "voice", "mental_health", "reasoning", "personality")
GIVEN = ("human", "written")  # sources of labels that a figure may rest on
REST = "*"  # `clinical.*` labels every output of the head that has no label of its own


class ConversationError(ValueError):
    """A conversation breaks a rule of the record; `reason` is the reject code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Label:
    """One supervised output of one turn, e.g. `empathy.explorations` = 2.

    `source` is `human`; `written`, by whoever wrote the text for its label; `derived:<rule>` or `model:<name>`. An output without a
    label is unknown.
    The output `<head>.*` gives the value of every output of that head that has no label of its own.
    """

    output: str
    value: float
    source: str

    @property
    def head(self) -> str:
        """The head the output belongs to: the name before the first dot."""
        return self.output.partition(".")[0]

    @property
    def given(self) -> bool:
        """Whether somebody gave it: only such labels are measured against, while those of a rule or a model train alone."""
        return self.source in GIVEN


@dataclass(frozen=True, slots=True)
class Evidence:
    """The part of a source that a turn rests on: a uri and, where known, character offsets [start, end)."""

    uri: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance: who speaks (role for the chat format, part for the meaning), and what it says.

    `learn` says whether it carries language loss.
    """

    role: Role
    part: Part
    content: str
    learn: bool = False
    labels: tuple[Label, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def shown(self, head: str) -> set[str]:
        """The outputs of a multi-label head that are labelled 1 here, without the head's name."""
        return {label.output.partition(".")[2] for label in self.labels if label.head == head and label.value == 1}

    @property
    def persona(self) -> Persona:
        """`therapy` when a therapist or a client speaks, else `assistant`."""
        return "therapy" if self.part in ("therapist", "client") else "assistant"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a conversation comes from, in terms of the catalogue and never of a temporary address.

    `locator` says where within `uri`: `row 12`, `page 3`, a disorder code, an episode; `start` and `end` are
    seconds within a recording. Character spans of documents are the turns' `Evidence`.
    """

    source: str
    uri: str
    locator: str
    licence: str
    consent: str
    extractor: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Conversation:
    """A dialogue, or for category `supervision` a labelled post or pair.

    `group` names what must not be split between train, validation and test: a thread, seeker,
    transcript, video or client sheet. `difficulty` runs from 1 to 5. `extra` is JSON-able.
    """

    turns: tuple[Turn, ...]
    category: Category
    group: str
    difficulty: int
    provenance: tuple[Provenance, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """SHA-256 (hex) over the canonical (role, part, content) of the turns."""
        spoken = [[turn.role, turn.part, turn.content] for turn in self.turns]
        return hashlib.sha256(json.dumps(spoken, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()

    @property
    def labels(self) -> Iterator[tuple[int, Label]]:
        """Every label with the index of its turn."""
        return ((index, label) for index, turn in enumerate(self.turns) for label in turn.labels)

    @property
    def text(self) -> str:
        """The contents of all turns, one a line."""
        return "\n".join(turn.content for turn in self.turns)


def validate(conversation: Conversation) -> None:
    """Raise ConversationError, with its reject code, when a rule of the record is broken."""
    turns = conversation.turns
    if not turns:
        raise ConversationError("no_turns", "a conversation needs at least one turn")
    for index, turn in enumerate(turns):
        if turn.role not in get_args(Role) or turn.part not in get_args(Part):
            raise ConversationError("bad_role", f"turn {index} has role {turn.role!r} and part {turn.part!r}")
        if not turn.content.strip():
            raise ConversationError("empty_turn", f"turn {index} has no content")
        if turn.role == "system" and index:
            raise ConversationError("late_system", f"turn {index} is a system turn; only the first may be")
    if conversation.category not in get_args(Category):
        raise ConversationError("bad_category", f"category {conversation.category!r} is not known")
    if not 1 <= conversation.difficulty <= 5:
        raise ConversationError("bad_difficulty", f"difficulty {conversation.difficulty} is not between 1 and 5")
    if not conversation.group or not conversation.provenance:
        raise ConversationError("no_provenance", "a conversation needs a group and at least one provenance")
    if conversation.category != "supervision" and not any(turn.learn for turn in turns):
        raise ConversationError("nothing_to_learn", "no turn carries language loss")


def unite(first: Conversation, second: Conversation) -> Conversation:
    """One conversation from two of the same id: labels, evidence and provenance unite.

    Raises ConversationError `label_conflict` when both label an output of a turn differently.
    """
    if first.id != second.id:
        raise ValueError(f"cannot unite {first.id[:12]} with {second.id[:12]}: their ids differ")
    turns = tuple(_unite_turns(a, b) for a, b in zip(first.turns, second.turns, strict=True))
    provenance = first.provenance + tuple(p for p in second.provenance if p not in first.provenance)
    return replace(first, turns=turns, provenance=provenance, extra={**second.extra, **first.extra})


def _unite_turns(first: Turn, second: Turn) -> Turn:
    ours, theirs = ({label.output: label.value for label in turn.labels} for turn in (first, second))
    for output in sorted(ours | theirs):
        values = {value for labels in (ours, theirs) if (value := _value(labels, output)) is not None}
        if len(values) > 1:
            raise ConversationError("label_conflict", f"two sources label {output} differently")
    labels = first.labels + tuple(label for label in second.labels if label.output not in ours)
    evidence = first.evidence + tuple(e for e in second.evidence if e not in first.evidence)
    return replace(first, labels=labels, evidence=evidence, learn=first.learn or second.learn)


def _value(labels: Mapping[str, float], output: str) -> float | None:
    """The value that these labels give an output: its own, or that of the head's rest, or None."""
    return labels.get(output, labels.get(f"{output.partition('.')[0]}.{REST}"))


_LABEL = pl.Struct({"output": pl.String, "value": pl.Float64, "source": pl.String})
_EVIDENCE = pl.Struct({"uri": pl.String, "start": pl.Int64, "end": pl.Int64})
_TURN = pl.Struct(
    {
        "role": pl.String,
        "part": pl.String,
        "content": pl.String,
        "learn": pl.Boolean,
        "labels": pl.List(_LABEL),
        "evidence": pl.List(_EVIDENCE),
    }
)
_PROVENANCE = pl.Struct(
    {
        "source": pl.String,
        "uri": pl.String,
        "locator": pl.String,
        "licence": pl.String,
        "consent": pl.String,
        "extractor": pl.String,
        "start": pl.Float64,
        "end": pl.Float64,
    }
)
CONVERSATION_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "id": pl.String,
        "category": pl.String,
        "group": pl.String,
        "difficulty": pl.Int64,
        "turns": pl.List(_TURN),
        "provenance": pl.List(_PROVENANCE),
        "extra": pl.String,
    }
)


def to_frame(conversations: Iterable[Conversation]) -> pl.DataFrame:
    """A frame with `CONVERSATION_SCHEMA`, one row a conversation, in the given order."""
    rows = [
        {
            "id": c.id,
            "category": c.category,
            "group": c.group,
            "difficulty": c.difficulty,
            "turns": [_row_of(turn) for turn in c.turns],
            "provenance": [asdict(p) for p in c.provenance],
            "extra": json.dumps(c.extra, sort_keys=True, ensure_ascii=False),
        }
        for c in conversations
    ]
    return pl.DataFrame(rows, schema=CONVERSATION_SCHEMA)


def _row_of(turn: Turn) -> dict[str, Any]:
    found = asdict(turn)
    for label in found["labels"]:
        label["value"] = float(label["value"])  # a level is often given as a whole number, and Polars takes no mixture of both
    return found


def from_frame(frame: pl.DataFrame) -> Iterator[Conversation]:
    """The conversations of a frame with at least the columns of `CONVERSATION_SCHEMA`."""
    for row in frame.select(list(CONVERSATION_SCHEMA)).iter_rows(named=True):
        yield Conversation(
            turns=tuple(_turn(turn) for turn in row["turns"]),
            category=row["category"],
            group=row["group"],
            difficulty=row["difficulty"],
            provenance=tuple(Provenance(**p) for p in row["provenance"]),
            extra=json.loads(row["extra"]),
        )


def _turn(row: Mapping[str, Any]) -> Turn:
    return Turn(
        role=row["role"],
        part=row["part"],
        content=row["content"],
        learn=row["learn"],
        labels=tuple(Label(**label) for label in row["labels"]),
        evidence=tuple(Evidence(**evidence) for evidence in row["evidence"]),
    )


def write_conversations(path: Path, conversations: Iterable[Conversation]) -> int:
    """Write conversations as Parquet in the order given; returns how many."""
    frame = to_frame(conversations)
    write_table(path, frame)
    return frame.height


def read_conversations(path: Path) -> list[Conversation]:
    """The conversations of a Parquet file, in file order."""
    return list(from_frame(pl.read_parquet(path)))
