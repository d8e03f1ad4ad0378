"""The record of one written conversation: valid, labelled within the taxonomies, backed by evidence, graded by the rule of difficulty."""

from __future__ import annotations

from collections.abc import Iterator

from pixel_core import taxonomy
from pixel_core.conversation import REST, Conversation, ConversationError, Label, validate
from pixel_core.writing.quality.conduct import conduct_faults
from pixel_core.writing.risk import IDEATION, level_labelled
from pixel_core.writing.sheets import difficulty_of

FEWEST_TURNS, MOST_TURNS = 6, 16
_TAXONOMIES = {"clinical": "dsm5", "pdm2": "pdm2", "technique": "techniques", "intervention": "techniques"}


def record_faults(conversation: Conversation) -> Iterator[str]:
    """The rules of the record that a conversation breaks, as reason codes."""
    try:
        validate(conversation)
    except ConversationError as error:
        yield error.reason
        return
    if not FEWEST_TURNS <= len(conversation.turns) <= MOST_TURNS:
        yield "turn_count"
    if any(turn.learn != (turn.part in ("therapist", "assistant")) for turn in conversation.turns):
        yield "learn_flag"
    if not all(_is_known(label) for _, label in conversation.labels):
        yield "unknown_label"
    if not any(turn.evidence for turn in conversation.turns):
        yield "no_evidence"
    yield from _evidence_faults(conversation)
    if conversation.difficulty != _graded(conversation):
        yield "difficulty_rule"
    yield from conduct_faults(conversation)


def _is_known(label: Label) -> bool:
    head, _, output = label.output.partition(".")
    if head == "crisis":
        return output == "level" and label.value in range(len(taxonomy.ids("crisis")))
    known = head in _TAXONOMIES and (output == REST or output in taxonomy.ids(_TAXONOMIES[head]))  # type: ignore[arg-type]
    return known and label.value in (0, 1)


def _evidence_faults(conversation: Conversation) -> Iterator[str]:
    """Every voiced feature stands in a client turn with a span; a class is labelled from its first feature on, not before."""
    voiced = conversation.extra.get("voiced", [])
    for entry in voiced:
        turn = next(iter(conversation.turns[entry["turn"] :]), None)
        if (
            turn is None
            or turn.part != "client"
            or not any(e.uri and e.start is not None and e.end is not None and e.start < e.end for e in turn.evidence)
        ):
            yield "voiced_without_evidence"
    first = min((entry["turn"] for entry in voiced), default=0)
    for index, turn in enumerate(conversation.turns):
        labelled = any(label.head in ("clinical", "pdm2") for label in turn.labels)
        if labelled != (turn.part == "client" and index >= first):
            yield "class_label_place"


def _graded(conversation: Conversation) -> int:
    """The difficulty as the rule gives it, read off what the conversation itself holds."""
    extra = conversation.extra
    classes = {label.output for _, label in conversation.labels if label.head in ("clinical", "pdm2") and label.value == 1}
    risk = level_labelled(label for _, label in conversation.labels)
    return difficulty_of(
        resistance=extra["sheet"]["resistance"] if "sheet" in extra else 0,
        symptoms=sum(1 for entry in extra.get("voiced", []) if entry["role"] == "symptom"),
        classes=len(classes or extra.get("classes", [])),
        risk=IDEATION if risk >= IDEATION else 0,
    )
