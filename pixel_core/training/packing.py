"""Packing: whole conversations, first-fit, into rows of one length; what is too long is split between turns.

Every token that was encoded is in a row or counted as cut. A row keeps what a batch needs: tokens,
which of them carry language loss, and the turns with their spans and labels, from which the heads'
masks and targets are derived (`pixel_core.model.batch`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pixel_core.artifacts import write_json
from pixel_core.conversation import Conversation, Label, Turn
from pixel_core.model.chat import Encoded, Span, encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LAYOUT = "layout.json"
OPEN_ROWS = 64  # rows that still take conversations; the fullest is closed first, so that packing stays linear

PACKED_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "row": pl.Int64,  # 0, 1, 2, ... in file order
        "input_ids": pl.List(pl.Int32),  # tokens of the pieces, one after another, without padding
        "learn": pl.List(pl.Boolean),  # by token: does predicting it carry language loss
        "pieces": pl.List(
            pl.Struct(
                {
                    "conversation": pl.String,  # id of the conversation
                    "group": pl.String,  # what must not be split between train and validation
                    "category": pl.String,  # of the conversation: the domain that a curriculum orders by
                    "difficulty": pl.Int64,  # 1 to 5
                    "first_turn": pl.Int64,  # index in it of the piece's first turn
                    "start": pl.Int64,  # tokens [start, end) of the row
                    "end": pl.Int64,
                }
            )
        ),
        "turns": pl.List(
            pl.Struct(
                {
                    "piece": pl.Int64,  # index in `pieces`
                    "role": pl.String,
                    "part": pl.String,
                    "learn": pl.Boolean,
                    "start": pl.Int64,  # content tokens [start, end) of the piece
                    "end": pl.Int64,
                    "labels": pl.List(pl.Struct({"output": pl.String, "value": pl.Float64, "source": pl.String})),
                }
            )
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What every row of a packed dataset has in common."""

    sequence_length: int
    vocabulary: int
    pad: int


def write_layout(folder: Path, layout: Layout) -> None:
    """Write `layout.json` into a packed dataset."""
    write_json(folder / LAYOUT, asdict(layout))


def read_layout(folder: Path) -> Layout:
    """The layout of a packed dataset."""
    return Layout(**json.loads((folder / LAYOUT).read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive turns of one conversation that stand in one row; their contents are only there as tokens."""

    conversation: str
    group: str
    first_turn: int
    turns: tuple[Turn, ...]
    encoded: Encoded
    category: str = ""
    difficulty: int = 1

    def __len__(self) -> int:
        return len(self.encoded.ids)


@dataclass(frozen=True, slots=True)
class Cut:
    """A turn that is longer than a row and lost its end."""

    conversation: str
    turn: int
    tokens: int
    kept: int


@dataclass(slots=True)
class Split:
    """The pieces of many conversations, with every token accounted for: `read` = those in pieces + those cut."""

    pieces: list[Piece] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    read: int = 0

    @property
    def tokens(self) -> int:
        """Tokens that stand in a piece."""
        return sum(len(piece) for piece in self.pieces)


def split_all(conversations: Iterable[Conversation], tokenizer: PreTrainedTokenizerBase, length: int) -> Split:
    """Conversations as pieces of at most `length` tokens, split between turns; a turn that is longer alone is cut.

    Turns are tokenised apart, so the tokens of the pieces are those of the whole conversation.
    """
    found = Split()
    for conversation in conversations:
        encoded = [encode([turn], tokenizer) for turn in conversation.turns]
        begin, used = 0, 0
        for index, turn in enumerate(encoded):
            size = len(turn.ids)
            if used and used + size > length:
                found.pieces.append(_piece(conversation, begin, encoded[begin:index], length))
                begin, used = index, 0
            used += size
            if size > length:
                found.cuts.append(Cut(conversation.id, index, size, length))
        found.pieces.append(_piece(conversation, begin, encoded[begin:], length))
        found.read += sum(len(turn.ids) for turn in encoded)
    return found


def _piece(conversation: Conversation, begin: int, encoded: Sequence[Encoded], length: int) -> Piece:
    ids: list[int] = []
    learn: list[bool] = []
    spans: list[Span] = []
    for turn in encoded:
        spans += [(len(ids) + start, len(ids) + end) for start, end in turn.spans]
        ids += turn.ids
        learn += turn.learn
    turns = conversation.turns[begin : begin + len(encoded)]
    bare = tuple(replace(turn, content="", evidence=()) for turn in turns)
    tokens = Encoded(ids, spans, learn).cut(length)
    return Piece(conversation.id, conversation.group, begin, bare, tokens, conversation.category, conversation.difficulty)


def first_fit(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    """Indices of `sizes` in bins of at most `capacity`: each goes into the first open bin with room.

    Raises ValueError for a size above the capacity.
    """
    bins: list[list[int]] = []
    room: dict[int, int] = {}  # open bins in order of opening
    for index, size in enumerate(sizes):
        if size > capacity:
            raise ValueError(f"item {index} of size {size} does not fit into {capacity}: split it first")
        place = next((b for b, left in room.items() if left >= size), None)
        if place is None:
            place = len(bins)
            bins.append([])
            room[place] = capacity
            if len(room) > OPEN_ROWS:
                del room[min(room, key=lambda b: (room[b], b))]
        bins[place].append(index)
        room[place] -= size
        if not room[place]:
            del room[place]
    return bins


def pack(pieces: Sequence[Piece], length: int) -> list[list[Piece]]:
    """Rows of pieces, filled first-fit in the given order."""
    return [[pieces[index] for index in row] for row in first_fit([len(piece) for piece in pieces], length)]


def rows_to_frame(rows: Iterable[Sequence[Piece]]) -> pl.DataFrame:
    """A frame with `PACKED_SCHEMA`, one row a packed row."""
    return pl.DataFrame([_row(index, row) for index, row in enumerate(rows)], schema=PACKED_SCHEMA)


def pieces_of_row(row: Mapping[str, Any]) -> list[Piece]:
    """The pieces of a row of a frame with `PACKED_SCHEMA`, given as a mapping by column."""
    found = []
    for number, piece in enumerate(row["pieces"]):
        own = [turn for turn in row["turns"] if turn["piece"] == number]
        start, end = piece["start"], piece["end"]
        encoded = Encoded(row["input_ids"][start:end], [(t["start"], t["end"]) for t in own], row["learn"][start:end])
        turns = tuple(Turn(t["role"], t["part"], "", t["learn"], tuple(Label(**label) for label in t["labels"])) for t in own)
        origin = (piece["conversation"], piece["group"], piece["first_turn"])
        found.append(Piece(*origin, turns, encoded, piece["category"], piece["difficulty"]))
    return found


def _row(index: int, row: Sequence[Piece]) -> dict[str, Any]:
    pieces, turns, offset = [], [], 0
    for number, piece in enumerate(row):
        end = offset + len(piece)
        origin = {"conversation": piece.conversation, "group": piece.group, "first_turn": piece.first_turn}
        origin |= {"category": piece.category, "difficulty": piece.difficulty}
        pieces.append({**origin, "start": offset, "end": end})
        for turn, (start, stop) in zip(piece.turns, piece.encoded.spans, strict=True):
            labels = [{"output": label.output, "value": label.value, "source": label.source} for label in turn.labels]
            speaks = {"role": turn.role, "part": turn.part, "learn": turn.learn}
            turns.append({"piece": number, **speaks, "start": start, "end": stop, "labels": labels})
        offset = end
    ids = [token for piece in row for token in piece.encoded.ids]
    learn = [flag for piece in row for flag in piece.encoded.learn]
    return {"row": index, "input_ids": ids, "learn": learn, "pieces": pieces, "turns": turns}
