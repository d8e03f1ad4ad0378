"""The teacher of a recipe: which endpoint writes conversations, where its answers are kept, and its key by name only."""

import os

from pixel_assets import paths
from pixel_core.endpoint import Endpoint
from pixel_core.knowledge.conversations import Teacher
from pixel_core.recipe import KnowledgeRecipe

ADDRESS = "PIXEL_TEACHER_URL"


def teacher_of(recipe: KnowledgeRecipe) -> Teacher | None:
    """The teacher when the recipe's writer is one, else None. Raises ValueError when nobody says where it answers."""
    if recipe.writer != "teacher":
        return None
    given = recipe.teacher
    address = given.base_url or os.environ.get(ADDRESS)
    if not address:
        raise ValueError(f"knowledge.writer is teacher: set knowledge.teacher.base_url or {ADDRESS} to where it answers")
    endpoint = Endpoint(
        address,
        given.model,
        given.key_variable,
        timeout=given.timeout,
        concurrency=given.concurrency,
        retries=given.retries,
        price_per_million=given.price_per_million,
        stream=given.stream,
    )
    sampling = {"temperature": given.temperature, "max_tokens": given.max_tokens}
    return Teacher(endpoint, paths.cache("teacher"), sampling, paths.artifact("knowledge_index"), given.passages)
