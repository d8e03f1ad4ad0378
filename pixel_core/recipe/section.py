"""What every section of a recipe is, and the numbers that sections hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pixel_core.artifacts import digest_of

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A part of a recipe: frozen, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @property
    def digest(self) -> str:
        """SHA-256 of the section's values."""
        return digest_of(self.model_dump(mode="json"))
