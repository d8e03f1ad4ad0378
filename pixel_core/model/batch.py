"""Batches: packed rows of tokens, and queries that say which tokens each head reads and what is known there.

A query asks about one turn t of one conversation. What a head reads goes by part (see `HeadSpec.reads`);
what nobody labelled is NaN and costs no loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pixel_core.conversation import REST, Turn
from pixel_core.model.chat import Encoded, Span, encode
from pixel_core.model.heads import HEADS, PERSONAS, READS, HeadSpec, Reads, find_head

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LABELLED = {spec.name for spec in HEADS} - {"persona"}
_OUTPUTS = {spec.name: spec.label_names for spec in HEADS}
_KNOWN = {name: frozenset(outputs) for name, outputs in _OUTPUTS.items()}
IGNORED = -100  # a language target that costs no loss


class LabelError(ValueError):
    """A label names no output of the table or has a value its head cannot take; the message names it."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked about one turn: token spans by `reads`, and targets by head (NaN = unknown), one an output."""

    turn: int
    spans: Mapping[Reads, Sequence[Span]]
    targets: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation ready for packing: its tokens, its queries, and the group that it belongs to."""

    encoded: Encoded
    queries: tuple[Query, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class PixelBatch:
    """B rows of T tokens with Q queries about them.

    `position_ids` [B, T] restart at each packed conversation and at the padding, which keeps neighbours
    apart. `language_targets` [B, T] hold the next token, shifted within its conversation, -100 where
    nothing is learned. `lengths` [B] count the tokens before the padding. `query_rows` [Q] name the row
    of each query and `query_groups` its group; `query_masks` {reads: bool [Q, T]} the tokens read;
    `head_targets` {head: float [Q, n]} what is known, NaN elsewhere.
    """

    input_ids: Tensor
    position_ids: Tensor
    language_targets: Tensor
    lengths: Tensor
    query_rows: Tensor
    query_masks: Mapping[Reads, Tensor]
    head_targets: Mapping[str, Tensor]
    query_groups: tuple[str, ...]

    def to(self, device: torch.device | str) -> PixelBatch:
        """The same batch on another device."""
        return PixelBatch(
            input_ids=self.input_ids.to(device),
            position_ids=self.position_ids.to(device),
            language_targets=self.language_targets.to(device),
            lengths=self.lengths.to(device),
            query_rows=self.query_rows.to(device),
            query_masks={name: mask.to(device) for name, mask in self.query_masks.items()},
            head_targets={name: target.to(device) for name, target in self.head_targets.items()},
            query_groups=self.query_groups,
        )


def is_client(turn: Turn) -> bool:
    """True where the turn is spoken by who is being helped: the client, or the user of an assistant."""
    return turn.part == "client" or (turn.part == "other" and turn.role == "user")


def query_masks_of(turns: Sequence[Turn], spans: Sequence[Span], t: int) -> dict[Reads, list[Span]]:
    """The token spans that each `reads` covers for a query about turn t; no span stands empty."""
    covered: dict[Reads, list[Span]] = {
        "reply": [spans[t]],
        "client": [span for turn, span in zip(turns[: t + 1], spans, strict=False) if is_client(turn)],
        "context": list(spans[:t]),
    }
    return {name: [(start, end) for start, end in found if start < end] for name, found in covered.items()}


def head_targets_of(turns: Sequence[Turn], t: int) -> dict[str, list[float]]:
    """What is known about turn t, by head: its labels, with `<head>.*` closing the world, and the derived persona.

    A class head's positive labels make its row known as a whole (several share the probability); without
    one it is unknown. Persona is known where turn t is learned. Raises LabelError.
    """
    turn = turns[t]
    found: dict[str, list[float]] = {}
    labels: dict[str, dict[str, float]] = {}
    for label in turn.labels:
        labels.setdefault(label.head, {})[label.output] = label.value
    if strangers := labels.keys() - _LABELLED:
        names = ", ".join(sorted(_LABELLED))
        raise LabelError(f"labels of {min(strangers)!r}: labelled heads are {names} (persona is derived, never stored)")
    for spec in HEADS:
        if spec.name == "persona":
            if turn.learn:
                found[spec.name] = [float(turn.persona == persona) for persona in PERSONAS]
        elif spec.name in labels and not (spec.therapist_only and is_client(turn)):
            values = _labelled(spec, labels[spec.name], turn.part)
            if any(not math.isnan(value) for value in values):
                found[spec.name] = values
    return found


def queries_of(turns: Sequence[Turn], spans: Sequence[Span], ask: Sequence[int] | None = None) -> tuple[Query, ...]:
    """A query a turn in `ask`, or by default a turn about which something is known; only labels, parts and spans matter.

    A head whose tokens are all cut away is unknown; a turn with nothing known is no query unless it was asked for.
    """
    queries = []
    for t in range(len(turns)) if ask is None else ask:
        covered = query_masks_of(turns, spans, t)
        targets = {name: values for name, values in head_targets_of(turns, t).items() if covered[find_head(name).reads]}
        if targets or ask is not None:
            queries.append(Query(t, covered, targets))
    return tuple(queries)


def example_of(
    turns: Sequence[Turn], tokenizer: PreTrainedTokenizerBase, *, ask: Sequence[int] | None = None, length: int | None = None
) -> Example:
    """A conversation in tokens, cut to `length`, with its queries (see `queries_of`)."""
    encoded = encode(turns, tokenizer)
    if length is not None:
        encoded = encoded.cut(length)
    return Example(encoded, queries_of(turns, encoded.spans, ask))


def build_batch(rows: Sequence[Sequence[Example]], *, pad: int, length: int | None = None) -> PixelBatch:
    """One batch from rows of packed examples, padded with the token `pad` to `length` (default: the longest row)."""
    if not any(rows) or not all(example.encoded.ids for row in rows for example in row):
        raise ValueError("a batch needs an example, and every example a token: leave out what is empty")
    lengths = [sum(len(example.encoded.ids) for example in row) for row in rows]
    width = max(lengths) if length is None else length
    if max(lengths) > width:
        raise ValueError(f"a row of {max(lengths)} tokens does not fit into {width}: cut or repack its examples")
    input_ids = torch.full((len(rows), width), pad)
    position_ids = torch.zeros((len(rows), width), dtype=torch.long)
    targets = torch.full((len(rows), width), IGNORED)
    asked: list[tuple[int, int, Query, str]] = []
    for index, row in enumerate(rows):
        offset = 0
        for example in row:
            ids, learn = torch.tensor(example.encoded.ids, dtype=torch.long), torch.tensor(example.encoded.learn, dtype=torch.bool)
            end = offset + len(ids)
            input_ids[index, offset:end] = ids
            position_ids[index, offset:end] = torch.arange(len(ids))
            targets[index, offset : end - 1] = torch.where(learn[1:], ids[1:], IGNORED)
            asked += [(index, offset, query, example.group) for query in example.queries]
            offset = end
        position_ids[index, offset:] = torch.arange(width - offset)
    masks: dict[Reads, Tensor] = {name: torch.zeros((len(asked), width), dtype=torch.bool) for name in READS}
    known = {spec.name: torch.full((len(asked), len(spec.outputs)), math.nan) for spec in HEADS}
    for place, (_, offset, query, _) in enumerate(asked):
        for name, found in query.spans.items():
            for start, end in found:
                masks[name][place, offset + start : offset + end] = True
        for head, values in query.targets.items():
            known[head][place] = torch.tensor(values)
    return PixelBatch(
        input_ids=input_ids,
        position_ids=position_ids,
        language_targets=targets,
        lengths=torch.tensor(lengths, dtype=torch.long),
        query_rows=torch.tensor([index for index, _, _, _ in asked], dtype=torch.long),
        query_masks=masks,
        head_targets=known,
        query_groups=tuple(group for _, _, _, group in asked),
    )


def _labelled(spec: HeadSpec, labels: Mapping[str, float], part: str) -> list[float]:
    """The values of all outputs of a head; what is given is looked at, not every output: some heads have a hundred."""
    names, closing = _OUTPUTS[spec.name], f"{spec.name}.{REST}"
    if unknown := labels.keys() - {closing} - _KNOWN[spec.name]:
        raise LabelError(f"label {min(unknown)} names no output of the head {spec.name}: map it onto the taxonomy or reject the row")
    top = spec.levels - 1 if spec.kind == "ordinal" else 1
    for name, value in labels.items():
        fits = math.isnan(value) or (0 <= value <= top and (spec.kind in ("regression", "class") or float(value).is_integer()))
        if not fits:
            raise LabelError(f"label {name} = {value} of turn part {part!r}: a {spec.kind} output runs from 0 to {top}")
    rest = labels.get(closing, math.nan)
    values = [float(labels.get(name, rest)) for name in names]
    if spec.kind == "class":
        positive = sum(value for value in values if value > 0)
        return [value / positive if value > 0 else 0.0 for value in values] if positive else [math.nan] * len(values)
    return values
