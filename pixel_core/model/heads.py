"""The table of heads: one row a head; losses, masks, metrics, reports and the saved config derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pixel_core import taxonomy

Kind = Literal["regression", "class", "multilabel", "ordinal", "binary"]
Reads = Literal["reply", "client", "context"]
READS: tuple[Reads, ...] = ("reply", "client", "context")


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One head: its outputs in order, what kind of value they take, and which tokens it reads.

    `reads` goes by part, relative to the labelled turn t: `reply` is turn t; `client` the client's turns
    up to t; `context` all turns before t. `levels` counts the levels of an ordinal output and is 0 for
    other kinds. `encoding` says that the head reads the shared emotion encoding. `therapist_only` heads
    are unknown where the client speaks turn t. A head that `abstains` says nothing below a fitted confidence.
    """

    name: str
    outputs: tuple[str, ...]
    kind: Kind
    reads: Reads
    levels: int = 0
    encoding: bool = False
    therapist_only: bool = False
    abstains: bool = False

    @property
    def width(self) -> int:
        """Raw values the head predicts: one an output, or levels - 1 cumulative logits an ordinal output."""
        return len(self.outputs) * (self.levels - 1 if self.kind == "ordinal" else 1)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The outputs as labels name them: `empathy.explorations`."""
        return tuple(f"{self.name}.{output}" for output in self.outputs)

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint records of the head: enough to see whether its weights still fit the table."""
        return {
            "name": self.name,
            "outputs": list(self.outputs),
            "kind": self.kind,
            "reads": self.reads,
            "levels": self.levels,
            "encoding": self.encoding,
            "abstains": self.abstains,
            "pooling": "emotion" if self.encoding else "attention",
        }


PERSONAS = ("assistant", "therapy")
EMPATHY = ("emotional_reactions", "interpretations", "explorations")
AFFECT = ("valence", "arousal", "dominance")

HEADS: tuple[HeadSpec, ...] = (
    HeadSpec("eq", taxonomy.ids("eq_domains"), "regression", "reply", therapist_only=True),
    HeadSpec("persona", PERSONAS, "class", "context"),
    HeadSpec("emotions", taxonomy.ids("emotions"), "multilabel", "client", encoding=True),
    HeadSpec("affect", AFFECT, "regression", "client", encoding=True),
    HeadSpec("mer", taxonomy.ids("mer"), "class", "client", encoding=True),
    HeadSpec("clinical", taxonomy.ids("dsm5"), "multilabel", "client", abstains=True),
    HeadSpec("pdm2", taxonomy.ids("pdm2"), "multilabel", "client", abstains=True),
    HeadSpec("empathy", EMPATHY, "ordinal", "reply", levels=3, therapist_only=True),
    HeadSpec("appropriateness", ("appropriate",), "binary", "reply", therapist_only=True),
    HeadSpec("technique", taxonomy.ids("techniques"), "multilabel", "reply"),
    HeadSpec("intervention", taxonomy.ids("techniques"), "class", "context"),
    HeadSpec("crisis", ("level",), "ordinal", "client", levels=len(taxonomy.ids("crisis"))),
)
OBJECTIVES: tuple[str, ...] = ("language", *(spec.name for spec in HEADS))


def find_head(name: str) -> HeadSpec:
    """The head of this name; raises KeyError naming the heads there are."""
    for spec in HEADS:
        if spec.name == name:
            return spec
    raise KeyError(f"{name!r} is not a head: use one of {', '.join(spec.name for spec in HEADS)}")
