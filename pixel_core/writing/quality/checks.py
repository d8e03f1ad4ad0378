"""What many written conversations must hold together: sound records, in order, appropriate and safe, varied and balanced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pixel_core.conversation import Conversation
from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, none_of
from pixel_core.writing.quality.appropriateness import appropriateness_faults
from pixel_core.writing.quality.record import record_faults
from pixel_core.writing.quality.safety import safety_faults
from pixel_core.writing.similarity import near_duplicates

MOST_DUPLICATES = 0.01
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
            none_of("appropriateness", Counter(fault for c in conversations for fault in appropriateness_faults(c))),
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
