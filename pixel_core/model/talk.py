"""A conversation with a model: each message is heard, the part that answers is chosen, and the reply is scored."""

from __future__ import annotations

from dataclasses import dataclass

from pixel_core.conversation import Part, Turn
from pixel_core.model.overall import OverallEq, overall_eq
from pixel_core.model.persona import SYSTEM, TRANSITION, PersonaTracker, Step
from pixel_core.model.pixel import PixelModel, Scores
from pixel_core.model.window import recent, room_in

_OPENING = 16  # tokens: more than the opening of a turn and what stands for the coming one
_OPEN = "..."  # stands for the turn that is to come; what is asked of the heads here does not read it


@dataclass(frozen=True, slots=True)
class Said:
    """A reply, who spoke it and why, and what the heads say of it."""

    text: str
    step: Step
    scores: Scores

    @property
    def eq(self) -> OverallEq | None:
        """Overall emotional intelligence of the reply (see `overall_eq`)."""
        return overall_eq(self.scores["eq"])


class Talk:
    """A conversation with `model`; the tracker says which part answers.

    `system` replaces the system turn of all parts. For a tracker that is set to `client` it is the sheet of who is played, and
    required: raises ValueError without one.
    """

    def __init__(self, model: PixelModel, tracker: PersonaTracker | None = None, *, system: str | None = None) -> None:
        self._model = model
        self._tracker = tracker or PersonaTracker()
        self._system = system
        if self._tracker.part not in SYSTEM and system is None:
            raise ValueError(f"a talk in which the model plays the {self._tracker.part} needs system=, the sheet of who is played")
        self.turns: list[Turn] = []

    def say(self, text: str, *, max_new_tokens: int = 128) -> Said:
        """The reply to a message; both are added to `turns`.

        Of a talk longer than the backbone's window its oldest turns are not read again; a message that alone is longer raises
        TooLongError.
        """
        before = self._tracker.part
        asked = [*self._recent([*self.turns, self._message(text, before)], max_new_tokens), Turn("assistant", "assistant", _OPEN)]
        heard = self._model.scores(asked, len(asked) - 1)
        step = self._tracker.step(text, heard["persona"]["therapy"], heard["crisis"]["level"])
        message = self._message(text, step.part)
        system = Turn("system", "other", self._system or self._system_of(step))
        asked = self._recent([system, *self.turns, message], max_new_tokens)
        reply = self._model.reply(asked, part=step.part, max_new_tokens=max_new_tokens)
        self.turns += [message, Turn("assistant", step.part, reply.text)]
        return Said(reply.text, step, reply.scores)

    def _recent(self, turns: list[Turn], reply: int) -> list[Turn]:
        """What of the talk fits into the backbone's window beside a reply of so many tokens, or of half the window."""
        tokenizer, window = self._model.tokenizer, room_in(self._model.language_model.config, 0)
        return turns if tokenizer is None else recent(turns, tokenizer, window - min(reply, window // 2) - _OPENING)

    @staticmethod
    def _system_of(step: Step) -> str:
        return f"{SYSTEM[step.part]} {TRANSITION[step.part]}" if step.changed else SYSTEM[step.part]

    @staticmethod
    def _message(text: str, answered_by: Part) -> Turn:
        """What the other one says: a client to a therapist, a therapist to a client, anybody to an assistant."""
        spoken: dict[Part, Part] = {"therapist": "client", "client": "therapist"}
        return Turn("user", spoken.get(answered_by, "other"), text)
