"""The recipe keys of judges, apart for the size of the recipe's own file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixel_core.knowledge_recipe import Positive, Section


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
