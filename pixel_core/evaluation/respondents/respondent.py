"""What the harness asks of whoever is evaluated: a checkpoint folder, an endpoint, or a scripted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pixel_core.conversation import Part, Turn


class NotAnsweredError(Exception):
    """A respondent has no way to answer such a question: an endpoint has no heads. Its figures say `not answered`, not zero."""


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
    """Answers items, in order and deterministically; but for rounding no answer depends on what else is asked.

    What a respondent cannot answer at all raises NotAnsweredError, which leaves the task without answers. So a task that
    both has replies written and reads heads asks `supervised` first: nothing is then written in vain.
    """

    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """For each dialogue the log-probability a UTF-8 byte of each choice as the next reply.

        NaN for a choice that was not ranked (whoever names one letter ranks one choice), for all of them where the answer
        could not be parsed.
        """

    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """The greedy reply to each dialogue, spoken as `part`; without the dialogue itself, and empty where none came."""

    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """What each head that has something to read says about turn t of each dialogue, by head name."""

    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """The language loss of each dialogue; `training` are the dialogues that the unigram model counts."""

    def supervised(self, head: str) -> Sequence[int]:
        """How many training labels each output of a head has seen; 0 is untrained."""

    def least_confidence(self, head: str) -> float:
        """The confidence below which a head says nothing in a reply; 0 for one that always speaks."""

    def prior(self, head: str) -> HeadAnswer:
        """What a head says before it has read anything: the training prior."""
