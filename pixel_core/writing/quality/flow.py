"""Flow and completeness: turns alternate and answer, stages follow one another, and nothing that a record needs is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pixel_core.conversation import Conversation, Turn
from pixel_core.writing.content import filler_words
from pixel_core.writing.similarity import jaccard, shingles

LONGEST = 220  # words of a turn
_ALIKE = 0.6  # of the 3-grams of two turns of one speaker
_ANSWERED = 0.25  # of the therapist's replies take up a word of what the client just said, or do what takes none
_TAKES_UP = frozenset({"simple_reflection", "complex_reflection", "feeling_reflection", "validation", "summary", "affirmation"})
_SPEAKERS = ({"client", "therapist"}, {"other", "assistant"})
_SHEET = ("id", "concern", "person", "attachment", "defence", "traits", "resistance")
_TRAITS = 5


def flow_faults(conversation: Conversation) -> Iterator[str]:
    """The reasons why a conversation does not go as one, as codes."""
    turns = conversation.turns
    parts = [turn.part for turn in turns]
    if set(parts) not in _SPEAKERS:
        yield "other_speakers"
    if any(a == b for a, b in pairwise(parts)):
        yield "turns_do_not_alternate"
    if _repeats(turns):
        yield "repeated_turn"
    if any(len(turn.content.split()) > LONGEST for turn in turns):
        yield "overlong_turn"
    if parts[-1] in ("client", "other") and turns[-1].content.rstrip().endswith("?"):
        yield "question_left_open"
    if set(parts) == {"client", "therapist"}:
        yield from _stages(conversation.extra.get("stages", []), len(turns))
        if _deaf(turns):
            yield "does_not_answer"


def completeness_faults(conversation: Conversation) -> Iterator[str]:
    """What a conversation lacks: sheet, goals, techniques with their rationale, evidence; as codes."""
    extra = conversation.extra
    helping = [i for i, turn in enumerate(conversation.turns) if turn.part in ("therapist", "assistant")]
    moves = {move["turn"]: move for move in extra.get("moves", [])}
    if not all(conversation.turns[i].shown("technique") for i in helping):
        yield "turn_without_technique"
    if any(not moves.get(i, {}).get("rationale") for i in helping):
        yield "turn_without_rationale"
    if extra.get("kind") == "questions":
        if not any(conversation.turns[i].evidence for i in helping):
            yield "answers_without_evidence"
        return
    sheet = extra.get("sheet", {})
    if not all(name in sheet and sheet[name] not in ("", {}) for name in _SHEET) or len(sheet["traits"]) < _TRAITS:
        yield "sheet_incomplete"
    if not extra.get("goals"):
        yield "no_goal"
    if not extra.get("modality"):
        yield "no_modality"


def _stages(stages: Sequence[str], count: int) -> Iterator[str]:
    """Opening first and once, closing last, and something between; danger may come at any time."""
    if len(stages) != count:
        yield "stage_missing"
        return
    if stages[0] != "opening":
        yield "no_opening"
    if stages[-1] != "closing":
        yield "no_closing"
    blocks = [name for name, following in pairwise([*stages, ""]) if name != following]
    if blocks.count("opening") > 1 or "closing" in blocks[:-1] or len(set(blocks)) < 3:
        yield "stage_order"
    if "exploration" in blocks and "change" in blocks and blocks.index("change") < blocks.index("exploration"):
        yield "stage_order"


def _repeats(turns: Sequence[Turn]) -> bool:
    seen: dict[str, list[frozenset[tuple[str, ...]]]] = {}
    for turn in turns:
        grams = shingles(turn.content, 3)
        if any(jaccard(grams, earlier) >= _ALIKE for earlier in seen.get(turn.part, [])):
            return True
        seen.setdefault(turn.part, []).append(grams)
    return False


def _deaf(turns: Sequence[Turn]) -> bool:
    """Whether the therapist goes on as if nothing had been said."""
    replies = [(before, turn) for before, turn in pairwise(turns) if turn.part == "therapist"]
    answered = sum(
        1 for before, turn in replies if turn.shown("technique") & _TAKES_UP or _content(before.content) & _content(turn.content)
    )
    return answered < _ANSWERED * len(replies)


def _content(text: str) -> set[str]:
    """The words that carry meaning, cut to their first five letters, so that forms of a word meet."""
    return {word[:5] for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in filler_words()}
