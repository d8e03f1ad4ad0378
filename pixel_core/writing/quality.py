"""What written conversations must hold: a valid record, labels of the taxonomies, evidence, the rule of difficulty, variety."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pixel_core import taxonomy
from pixel_core.conversation import REST, Conversation, ConversationError, Label, validate
from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, none_of
from pixel_core.writing.appropriateness import faults_of
from pixel_core.writing.conduct import conduct_faults
from pixel_core.writing.quality_safety import safety_faults
from pixel_core.writing.risk import IDEATION, level_labelled
from pixel_core.writing.sheets import difficulty_of
from pixel_core.writing.similarity import near_duplicates

FEWEST_TURNS, MOST_TURNS = 6, 16
MOST_DUPLICATES = 0.01
_TAXONOMIES = {"clinical": "dsm5", "pdm2": "pdm2", "technique": "techniques", "intervention": "techniques"}
_BALANCE = 0.5  # the rarest class has at least this part of the mean


def check_record(conversations: Sequence[Conversation]) -> Findings:
    """Whether conversations are valid, labelled within the taxonomies, backed by evidence, graded by the rule, led as their modality is."""
    reasons: Counter[str] = Counter(fault for c in conversations for fault in set(record_faults(c)))
    ids = [c.id for c in conversations]
    reasons["duplicate_id"] = len(ids) - len(set(ids))
    return Findings.of(
        [at_least("conversations", len(ids), 1), none_of("record", reasons), none_of("order", {"not_sorted": int(ids != sorted(ids))})]
    )


def check_appropriateness(conversations: Sequence[Conversation]) -> Findings:
    """Whether no client is given a diagnosis or a medication order, danger comes first, and nothing that is due for safety is left out."""
    return Findings.of(
        [
            none_of("appropriateness", Counter(fault for c in conversations for fault in faults_of(c))),
            none_of("safety", Counter(fault for c in conversations for fault in set(safety_faults(c)))),
        ]
    )


def check_variety(conversations: Sequence[Conversation]) -> Findings:
    """Whether near-duplicates are rare, the classes balanced and both personas there."""
    share = len(near_duplicates([c.text for c in conversations])) / max(1, len(conversations))
    therapy = sum(1 for c in conversations if c.turns[0].persona == "therapy") / max(1, len(conversations))
    return Findings.of(
        [
            at_most("near_duplicate_share", share, MOST_DUPLICATES),
            *(_balance(conversations, head) for head in ("clinical", "pdm2")),
            Finding("personas", 0 < therapy < 1, f"{therapy:.2f} therapy", "therapy and assistant", severity=Severity.WARNING),
        ]
    )


def _balance(conversations: Sequence[Conversation], head: str) -> Finding:
    counts = Counter(o for c in conversations for o in {label.output for _, label in c.labels if label.head == head and label.value == 1})
    fewest, mean = min(counts.values(), default=0), sum(counts.values()) / max(1, len(counts))
    return at_least(f"{head}_balance", fewest / mean if mean else 1.0, _BALANCE if mean >= 2 else 0.0)


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
