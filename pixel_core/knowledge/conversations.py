"""Conversations written from the knowledge: the psychology share of the mixture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, tree_digest, write_json, write_table
from pixel_core.conversation import Conversation
from pixel_core.conversation import write_conversations as write_parquet
from pixel_core.endpoint import Endpoint
from pixel_core.knowledge.material import load_material
from pixel_core.rejects import write_rejects
from pixel_core.writing.bias import Swap, swaps
from pixel_core.writing.feedback import Batch, Written, write_steered
from pixel_core.writing.grammar import GrammarWriter
from pixel_core.writing.judge import judge
from pixel_core.writing.material import Material
from pixel_core.writing.orders import Plan
from pixel_core.writing.originality import Licensed
from pixel_core.writing.passages import Retrieve
from pixel_core.writing.phrases import bank
from pixel_core.writing.record import VERSION as GRAMMAR
from pixel_core.writing.similarity import near_duplicates
from pixel_core.writing.standards import Standards
from pixel_core.writing.teacher import TeacherWriter

VERSION = "4"
TABLE = "conversations.parquet"
BATCHES = "batches.parquet"
STANDARDS, SWAPS, LICENSED = "standards.json", "swaps.json", "licensed.npy"
_BATCH_SCHEMA = pl.Schema({"batch": pl.Int64, "asked": pl.Int64, "kept": pl.Int64, "reasons": pl.String})
_NEAR, _DIVERSE = 0.4, 0.3  # cosine or lexical score of the passages that moves can rest on, and how much they repeat each other less
_SWAPPED = 12  # orders that are written once more for each attribute
_STRETCHES = 10  # into which the batches are divided for the figures


@dataclass(frozen=True, slots=True)
class Teacher:
    """A language model that writes: where it answers, how it samples, where its answers are kept, and its passages of `index`."""

    endpoint: Endpoint
    cache: Path
    sampling: Mapping[str, Any] = field(default_factory=dict)
    index: Path | None = None
    passages: int = 0

    @property
    def digest(self) -> str:
        """What decides its answers: model, sampling, prompt, passages."""
        index = input_digest(self.index) if self.index and self.passages else ""
        return digest_of([self.endpoint.model, dict(self.sampling), bank("teacher"), self.passages, index])

    def writer(self, material: Material) -> TeacherWriter:
        """The writer from this material."""
        retrieve = None
        if self.index is not None and self.passages:
            from pixel_core.knowledge.retrieval import Retriever

            retrieve = Retriever.open(self.index).retrieve
        return TeacherWriter(material, self.endpoint, self.cache, self.sampling, retrieve=retrieve, passages=self.passages)


def write_knowledge_conversations(
    dsm5: Path,
    framework: Path,
    out: Path,
    *,
    count: int,
    seed: int,
    classes: Sequence[str] | None = None,
    batch: int = 100,
    teacher: Teacher | None = None,
    licensed: Path | None = None,
    index: Path | None = None,
    force: bool = False,
) -> Built:
    """`count` conversations written from two artifact folders, spread evenly over the classes, as `conversations.parquet`.

    They are written by the grammar, or by a `teacher`, in batches of which each is judged and steers the next; what is turned down
    lies in `rejected.parquet`. `classes` are the codes of the disorders to write about, None all of them. No run of thirteen words
    of the texts in the folder `licensed` is let through. With a `knowledge_index` folder as `index`, what the grammar's
    helpers tell rests on its passages too. Raises WritingError when the knowledge or the writer cannot carry the
    conversations, KnowledgeError when it holds none of the disorders, EndpointError when the teacher cannot be asked.
    """
    wanted = None if classes is None else sorted(set(classes))

    def write(stage: Path) -> Summary:
        material = load_material(dsm5, framework, wanted)
        writer: GrammarWriter | TeacherWriter
        writer = teacher.writer(material) if teacher else GrammarWriter(material, _retrieve(index) if index else None)
        return _write(stage, material, (count, seed, batch), writer, licensed)

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
            "batch": str(batch),
            "writer": teacher.digest if teacher else "grammar",
            "licensed": tree_digest(licensed) if licensed else "none",
            "index": input_digest(index) if index and not teacher else "none",
        },
        write=write,
        force=force,
    )


def _write(
    stage: Path, material: Material, size: tuple[int, int, int], writer: GrammarWriter | TeacherWriter, licensed: Path | None
) -> Summary:
    count, seed, batch = size
    standards, texts = Standards.of(material), Licensed.read(licensed) if licensed else None
    plan = Plan(material, count=count, seed=seed, leads=True)
    written = write_steered(writer, plan, lambda conversation: judge(conversation, standards, texts), batch=batch)
    repeats = isinstance(writer, GrammarWriter)
    swapped = swaps(lambda: GrammarWriter(material), Plan(material, count=count, seed=seed).next(_SWAPPED)) if repeats else []
    write_parquet(stage / TABLE, written.conversations)
    write_rejects(stage, written.rejects)
    write_table(stage / BATCHES, _table(written.batches))
    write_json(stage / STANDARDS, standards.to_json())
    write_json(stage / SWAPS, [asdict(swap) for swap in swapped])
    if texts is not None:
        np.save(stage / LICENSED, texts.runs, allow_pickle=False)
    figures = _figures(written.conversations) | _feedback(written) | (writer.figures if isinstance(writer, TeacherWriter) else {})
    return Summary(len(written.conversations), dict(sorted(Counter(r.reason for r in written.rejects).items())), figures)


def _retrieve(index: Path) -> Retrieve:
    """The passages of an index that are near enough to a query, the later ones unlike the earlier."""
    from pixel_core.knowledge.retrieval import Retriever

    retriever = Retriever.open(index)
    return lambda query, k: retriever.retrieve(query, k, min_score=_NEAR, diversity=_DIVERSE)


def read_swaps(folder: Path) -> list[Swap]:
    """The swaps of an artifact folder."""
    raw = json.loads((folder / SWAPS).read_text(encoding="utf-8"))
    return [Swap(**entry | {"changed": tuple(entry["changed"])}) for entry in raw]


def read_batches(folder: Path) -> list[Batch]:
    """The batches of an artifact folder, in their order."""
    rows = pl.read_parquet(folder / BATCHES).iter_rows(named=True)
    return [Batch(row["asked"], row["kept"], json.loads(row["reasons"])) for row in rows]


def _table(batches: Sequence[Batch]) -> pl.DataFrame:
    rows = [
        {"batch": n, "asked": b.asked, "kept": b.kept, "reasons": json.dumps(dict(b.reasons), sort_keys=True)}
        for n, b in enumerate(batches, start=1)
    ]
    return pl.DataFrame(rows, schema=_BATCH_SCHEMA)


def _feedback(written: Written) -> dict[str, int | float]:
    """Candidates, batches, and the reject share over the course of the writing."""
    batches, count = written.batches, len(written.batches)
    parts = min(_STRETCHES, count)
    stretches = [batches[i * count // parts : (i + 1) * count // parts] for i in range(parts)]
    asked = sum(b.asked for b in batches)
    return {
        "read": asked,
        "batches": count,
        "reject_share": 1 - len(written.conversations) / asked,
        **{
            f"reject_share_part_{n:02d}": 1 - sum(b.kept for b in part) / sum(b.asked for b in part)
            for n, part in enumerate(stretches, start=1)
        },
    }


def _figures(written: Sequence[Conversation]) -> dict[str, int | float]:
    kinds = Counter(c.extra["kind"] for c in written)
    modalities = Counter(c.extra["modality"] for c in written if c.extra.get("modality"))
    classes = Counter(output for c in written for output in _positives(c))
    clinical = [n for output, n in classes.items() if output.startswith("clinical.")]
    turns = [turn for c in written for turn in c.turns]
    moves = [move for c in written for move in c.extra["moves"]]
    return {
        **{f"kind_{kind}": n for kind, n in sorted(kinds.items())},
        **{f"modality_{name.replace(' ', '_').replace('-', '_').lower()}": n for name, n in sorted(modalities.items())},
        "clinical_classes": len(clinical),
        "clinical_fewest": min(clinical, default=0),
        "pdm2_classes": sum(1 for output in classes if output.startswith("pdm2.")),
        "turns": len(turns),
        "moves": len(moves),
        "moves_from_passages": sum(1 for move in moves if any(key.startswith("passage:") for key in move["rests_on"])),
        "words": sum(len(turn.content.split()) for turn in turns),
        "therapy_share": sum(1 for c in written if c.turns[0].persona == "therapy") / len(written),
        "near_duplicate_share": len(near_duplicates([c.text for c in written])) / len(written),
        "difficulty_mean": sum(c.difficulty for c in written) / len(written),
    }


def _positives(conversation: Conversation) -> set[str]:
    """The clinical and PDM-2 classes that a conversation is labelled with."""
    return {label.output for _, label in conversation.labels if label.value == 1 and label.head in ("clinical", "pdm2")}
