"""One question and one answer: alpaca, context and response, question and answer with metadata, question with reasoning and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pixel_core.conversation import Conversation
from pixel_core.corpus.adapters.labelling import Spoken, label
from pixel_core.corpus.adapters.rows import RowError, column_of, content, conversation, look, turn
from pixel_core.corpus.catalog import SourceEntry


def alpaca(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """`instruction`, with `input` below it if there is one, and `output`; `system` before them if there is one.

    With `instruction: system` in the entry's roles the instruction is the system turn and the input what is asked: some sets
    repeat one instruction in every row.
    """
    instruction = content(row, entry, "instruction", "instruction")
    more = look(row, column_of(entry, "input", "input"))
    if more is not None and not isinstance(more, str):
        raise RowError("wrong_type", f"input is {type(more).__name__}, not text")
    more = (more or "").strip()
    system = look(row, column_of(entry, "system", "system"))
    if entry.roles.get("instruction") == "system" and more:
        system, instruction, more = instruction, more, ""
    asked = f"{instruction}\n{more}" if more else instruction
    return _exchange(row, entry, position, asked, content(row, entry, "output", "output"), system=system)


def context_response(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """`Context` and `Response`: what a client wrote and what a counsellor answered."""
    return _exchange(row, entry, position, content(row, entry, "context", "Context"), content(row, entry, "response", "Response"))


def question_answer(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """`question` and `answer`; the entry's `keep` names the metadata that goes along."""
    asked, answer = content(row, entry, "question", "question"), content(row, entry, "answer", "answer")
    return _exchange(row, entry, position, asked, answer, difficulty=_level(row))


def cot(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """`question`, the `reasoning` between `<think>` marks, and after it the `answer`."""
    asked, answer = content(row, entry, "question", "question"), content(row, entry, "answer", "answer")
    reasoning = content(row, entry, "reasoning", "reasoning")
    if "</think>" in reasoning or "<think>" in answer:
        raise RowError("reasoning_marks", "reasoning or answer holds marks of reasoning itself, so the two cannot be told apart")
    return _exchange(row, entry, position, asked, f"<think>\n{reasoning}\n</think>\n\n{answer}", difficulty=_level(row))


def _exchange(
    row: Mapping[str, Any],
    entry: SourceEntry,
    position: str,
    asked: str,
    answer: str,
    *,
    system: object = None,
    difficulty: int | None = None,
) -> Conversation:
    before = [Spoken(turn(entry, "system", system.strip()))] if isinstance(system, str) and system.strip() else []
    spoken = [*before, Spoken(turn(entry, "user", asked)), Spoken(turn(entry, "assistant", answer))]
    return conversation(row, entry, label(spoken, (row,), entry), position, alike=asked, difficulty=difficulty)


def _level(row: Mapping[str, Any]) -> int | None:
    """The row's own `metadata.difficulty`, where it is one of ours (1-5)."""
    level = look(row, "metadata.difficulty")
    return level if type(level) is int and 1 <= level <= 5 else None
