"""The recipe section of the evaluation stage, and within it that of the judges."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixel_core.recipe.section import Positive, Section


class JudgesRecipe(Section):
    """Language models behind an endpoint that judge replies by yes-or-no questions; their key lies in the environment only."""

    use: bool
    """True lets them judge the replies to held-out posts; false asks nobody."""
    base_url: str | None
    """Address of an OpenAI-compatible endpoint, before `/chat/completions`."""
    key_variable: str | None
    """Environment variable that holds the key; null: the endpoint needs none."""
    models: list[str]
    """Names of the judges at the endpoint."""
    repeats: Positive
    """How often each judge is asked each question, each time put otherwise; two judges, or two repeats, at least."""
    flow: Literal["support"]
    """The flow of questions."""
    labels: str | None
    """File of human answers to the same questions that the judges are held against; null: their figures are `uncalibrated`."""
    concurrency: Positive
    """Calls under way at the same time."""
    timeout: Annotated[float, Field(gt=0)]
    """Seconds until a call is given up and asked again."""
    retries: Annotated[int, Field(ge=0)]
    """Further calls for one question after a failed one."""


class EvaluationRecipe(Section):
    """How checkpoints are measured."""

    bootstrap: Positive
    """Resamples of each confidence interval."""
    batch_size: Positive
    """Items evaluated together on a GPU (on CPU one by one, which is as fast); figures do not depend on it."""
    reply_tokens: Positive
    """Longest reply that is generated for an item."""
    replies: Positive
    """Held-out posts, and held-out dialogues, that the checkpoint answers."""
    items: Positive
    """Held-out turns of one kind that are asked about at most."""
    eq_items: Positive
    """Shipped items of emotional intelligence that are asked at most: every domain keeps its share."""
    eq_bench: str | None
    """File of the published EQ-Bench v2 questions; null: it is not asked."""
    emobench: str | None
    """Folder of the published EmoBench files `EU.jsonl` and `EA.jsonl`; null: it is not asked."""
    empathic_reactions: str | None
    """The published Empathic Reactions ratings (`messages.csv`), which the empathy head is held against; null: it is not."""
    vignettes: Positive
    """Vignettes that are asked by likelihood and as text at most: every family of disorders keeps its share. The head reads all."""
    mcq: str | None
    """CSV or JSONL of multiple-choice questions of the field (question, A, B, C, D, answer), or null."""
    clients: Positive
    """Scripted clients that the checkpoint speaks with at most: every theme keeps its share."""
    retrieval: bool
    """True asks the vignettes a second time with retrieved knowledge in front; these figures stand beside those without."""
    judges: JudgesRecipe
    """Language models that judge replies; nobody is asked by default."""
