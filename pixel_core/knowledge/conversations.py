"""Conversations written from the knowledge: the psychology share of the mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pixel_core.artifacts import Built, Summary, build, input_digest
from pixel_core.conversation import Conversation
from pixel_core.conversation import write_conversations as write_parquet
from pixel_core.knowledge.material import load_material
from pixel_core.writing import write_conversations
from pixel_core.writing.record import VERSION as GRAMMAR
from pixel_core.writing.similarity import near_duplicates

VERSION = "1"
TABLE = "conversations.parquet"


def write_knowledge_conversations(
    dsm5: Path, framework: Path, out: Path, *, count: int, seed: int, classes: Sequence[str] | None = None, force: bool = False
) -> Built:
    """`count` conversations written from two artifact folders, spread evenly over the classes, as `conversations.parquet`.

    `classes` are the codes of the disorders to write about, None all of them. Raises WritingError when the knowledge cannot
    carry the conversations, KnowledgeError when it holds none of the disorders.
    """
    wanted = None if classes is None else sorted(set(classes))
    return build(
        out,
        kind="knowledge_conversations",
        version=f"{VERSION}.{GRAMMAR}",
        inputs={
            "dsm5": input_digest(dsm5),
            "framework": input_digest(framework),
            "count": str(count),
            "seed": str(seed),
            "classes": "all" if wanted is None else ",".join(wanted),
        },
        write=lambda stage: _write(stage, write_conversations(load_material(dsm5, framework, wanted), count=count, seed=seed)),
        force=force,
    )


def _write(stage: Path, written: Sequence[Conversation]) -> Summary:
    write_parquet(stage / TABLE, written)
    return Summary(rows=len(written), figures=_figures(written))


def _figures(written: Sequence[Conversation]) -> dict[str, int | float]:
    kinds = Counter(c.extra["kind"] for c in written)
    classes = Counter(output for c in written for output in _positives(c))
    clinical = [n for output, n in classes.items() if output.startswith("clinical.")]
    turns = [turn for c in written for turn in c.turns]
    return {
        **{f"kind_{kind}": n for kind, n in sorted(kinds.items())},
        "clinical_classes": len(clinical),
        "clinical_fewest": min(clinical, default=0),
        "pdm2_classes": sum(1 for output in classes if output.startswith("pdm2.")),
        "turns": len(turns),
        "words": sum(len(turn.content.split()) for turn in turns),
        "therapy_share": sum(1 for c in written if c.turns[0].persona == "therapy") / len(written),
        "near_duplicate_share": len(near_duplicates([c.text for c in written])) / len(written),
        "difficulty_mean": sum(c.difficulty for c in written) / len(written),
    }


def _positives(conversation: Conversation) -> set[str]:
    """The clinical and PDM-2 classes that a conversation is labelled with."""
    return {label.output for _, label in conversation.labels if label.value == 1 and label.head in ("clinical", "pdm2")}
