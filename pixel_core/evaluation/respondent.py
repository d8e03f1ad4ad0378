"""What the harness asks of whoever is evaluated: a checkpoint folder here, an endpoint or a scripted model elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pixel_core.conversation import Part, Turn


@dataclass(frozen=True, slots=True)
class HeadAnswer:
    """What one head says about one turn, a value an output.

    `scores` are values of a regression, probabilities, or expected levels; `decisions` have the form of the labels.
    """

    scores: tuple[float, ...]
    decisions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """Language loss of one conversation over the tokens that are learned: sums in nats, and the bytes of text they spell.

    `unigram` is the loss of a model that knows the training text's token counts alone.
    """

    nats: float
    tokens: int
    content_bytes: int
    unigram: float


class Respondent(Protocol):
    """Answers items, in order and deterministically; but for rounding no answer depends on what else is asked."""

    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """For each dialogue the log-probability a UTF-8 byte of each choice as the next reply."""

    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """The greedy reply to each dialogue, spoken as `part`; without the dialogue itself."""

    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """What each head that has something to read says about turn t of each dialogue, by head name."""

    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """The language loss of each dialogue; `training` are the dialogues that the unigram model counts."""

    def supervised(self, head: str) -> Sequence[int]:
        """How many training labels each output of a head has seen; 0 is untrained."""

    def prior(self, head: str) -> HeadAnswer:
        """What a head says before it has read anything: the training prior."""
