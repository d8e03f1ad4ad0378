"""Conduct: whether a written therapy session was led as its modality is, with goals that move on and danger put first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pixel_core import taxonomy
from pixel_core.conversation import Conversation, Turn
from pixel_core.writing.asking import asks_openly
from pixel_core.writing.goals import STATES
from pixel_core.writing.modalities import CRISIS, MODALITIES, modality, moves_of, techniques_of
from pixel_core.writing.risk import IDEATION, level_labelled

FEWEST_OWN = 2  # turns of a session that show its modality
_FEW = 2  # modalities besides its own that a telling technique belongs to, at most


def conduct_faults(conversation: Conversation) -> Iterator[str]:
    """The reasons why a session of the grammar writer is not led as it says, as codes; none for conversations without a therapist.

    Other writers know neither the moves nor the states of a goal; they are judged by flow and completeness.
    """
    extra = conversation.extra
    if "sheet" not in extra or extra.get("writer") != "grammar":
        return
    names = [extra.get("modality"), extra.get("base_modality", extra.get("modality"))]
    if not set(names) <= set(MODALITIES):
        yield "unknown_modality"
        return
    moves = {move["turn"]: move for move in extra.get("moves", [])}
    allowed = frozenset().union(*(techniques_of(str(name)) for name in names))
    known = set().union(*(moves_of(str(name)) for name in names))
    therapist = [(i, turn) for i, turn in enumerate(conversation.turns) if turn.part == "therapist"]
    if any(asks_openly(turn.content) and "open_question" not in turn.shown("technique") for _, turn in therapist):
        yield "open_question_hidden"
    if any(turn.shown("technique") - allowed for _, turn in therapist):
        yield "technique_outside_modality"
    if any(moves.get(i, {}).get("move") not in known for i, _ in therapist):
        yield "unknown_move"
    if sum(_shows(turn, moves.get(i, {}), str(names[0])) for i, turn in therapist) < FEWEST_OWN:
        yield "modality_hardly_shown"
    if (names[0] == CRISIS) != (level_labelled(label for _, label in conversation.labels) >= IDEATION):
        yield "danger_is_crisis_work"
    yield from _goals(extra.get("goals", []), len(conversation.turns))
    yield from _contrast(conversation, extra.get("differential"))


def _shows(turn: Turn, move: dict[str, Any], name: str) -> bool:
    """Whether a turn is a move of the modality's own, or of a technique that few others use."""
    telling = {t for t in techniques_of(name) if sum(t in techniques_of(other) for other in MODALITIES if other != name) <= _FEW}
    return move.get("move") in modality(name).moves or bool(turn.shown("technique") & telling)


def _goals(goals: Sequence[dict[str, Any]], count: int) -> Iterator[str]:
    """Every goal is named and goes forward only, at turns of the conversation."""
    for goal in goals:
        steps = [(step["turn"], STATES.index(step["state"])) for step in goal.get("progress", []) if step["state"] in STATES]
        if not steps or len(steps) != len(goal["progress"]):
            yield "goal_without_progress"
        if any(not 0 <= turn < count for turn, _ in steps) or any(b[0] < a[0] or b[1] <= a[1] for a, b in pairwise(steps)):
            yield "goal_goes_back"


def _contrast(conversation: Conversation, differential: dict[str, Any] | None) -> Iterator[str]:
    """A differential asks for the other class in a turn with evidence, and hears a sign of its own in the next."""
    if (conversation.extra.get("kind") == "differential") != bool(differential):
        yield "differential_missing"
    if not differential:
        return
    asked, answered = differential["asked"], differential["answered"]
    own = {(v["turn"], v["feature"]) for v in conversation.extra.get("voiced", [])}
    spans = [e for e in conversation.turns[asked].evidence if e.uri] if asked < len(conversation.turns) else []
    if not spans or answered != asked + 1 or (answered, differential["discriminating"]) not in own:
        yield "differential_without_evidence"
    if differential["against"] not in (*taxonomy.ids("dsm5"), *taxonomy.ids("pdm2")):
        yield "differential_unknown"
