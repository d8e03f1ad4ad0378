"""The recipe section of the corpus stage."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixel_core.conversation import MIXTURE_CATEGORIES
from pixel_core.recipe.section import Positive, Section, Share


class CorpusRecipe(Section):
    """Which sources are read and how the mixture is composed."""

    sources: list[str]
    """Sources (keys of sources.yaml) that mixture, head examples and preference pairs read."""
    unit: Literal["conversations", "tokens"]
    """What size, shares and splits count: conversations, or tokens as estimated before there is a tokeniser (4 bytes a token)."""
    conversations: Positive
    """Conversations in the mixture, all splits together, where they are what is counted."""
    tokens: Positive | None
    """Tokens in the mixture, all splits together, where they are what is counted."""
    shares: dict[str, Share]
    """Share of each category in the mixture; they sum to 1 and are met exactly by largest remainder."""
    splits: dict[Literal["train", "validation", "test"], Share]
    """Share of each split; groups are never divided between splits."""
    deficit: Literal["error", "redistribute", "repeat"]
    """What happens when a category has too few conversations: stop, fill from others, or repeat rows."""
    repeat_cap: Positive
    """How often one conversation may stand in the training split when `deficit` is `repeat`."""
    min_characters: Positive
    """Shortest text of a conversation that is kept."""
    max_characters: Positive
    """Longest text of a conversation that is kept."""
    near_duplicates: Share
    """Jaccard similarity of word 5-grams from which two dialogues are the same and one goes, and of 3-grams from which a reply of thirty
    words or more is learnt once; 0: none is looked for."""
    held_out_share: Annotated[float, Field(gt=0, le=1)]
    """Share of an evaluation text's word 5-grams from which a conversation holds it and is rejected."""
    held_out_run: Annotated[int, Field(ge=5)]
    """Words of an evaluation text in a row from which a conversation is rejected."""
    held_out_similarity: Share
    """Cosine of sentence vectors from which a turn is a neighbour of an evaluation text; 0: not looked at, and no encoder is loaded."""
    languages: list[str]
    """ISO 639-1 codes of the languages that are kept; none: all are."""
    use: Literal["any", "research"]
    """What the corpus is for: under `any` a source whose licence or consent does not allow every use is refused."""
    head_rows: dict[str, Annotated[int, Field(ge=0)]]
    """Most training rows that a source gives to the head examples, drawn by seed; `*` speaks for every other source; none: all."""
    statements: Annotated[int, Field(ge=0)]
    """Labelled statements that the head examples hold of each class of the knowledge, composed of its sentences; 0: none."""
    knowledge_share: Share
    """Share of the training rows that begin with a system turn of retrieved knowledge, of which nothing is learnt."""

    @model_validator(mode="after")
    def _sums(self) -> Self:
        if set(self.shares) != set(MIXTURE_CATEGORIES):
            raise ValueError(f"shares must name exactly {', '.join(MIXTURE_CATEGORIES)}; it names {', '.join(self.shares)}")
        for name, shares in (("shares", self.shares), ("splits", self.splits)):
            if abs(sum(shares.values()) - 1) > 1e-9:
                raise ValueError(f"{name} must sum to 1; they sum to {sum(shares.values()):g}")
        if self.unit == "tokens" and self.tokens is None:
            raise ValueError("unit tokens needs a size: set corpus.tokens")
        return self

    @property
    def size(self) -> int:
        """The size of the mixture in its unit."""
        return self.tokens if self.unit == "tokens" and self.tokens else self.conversations
