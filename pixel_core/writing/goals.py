"""Goals of a session, and how far they got."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STATES = ("named", "explored", "worked_on", "considered", "agreed")
"""How far a goal has come: named by the client, explored, worked on by a move of the modality, a step considered, a step agreed."""


@dataclass(slots=True)
class Goal:
    """What the client wants to get on with, what was done for it, and the turns at which it reached each state."""

    about: str
    through: list[str] = field(default_factory=list)
    progress: list[tuple[int, str]] = field(default_factory=list)

    def reach(self, state: str, turn: int) -> None:
        """Note that a state is reached at a turn; one that is not further than the last is passed over."""
        if not self.progress or STATES.index(state) > STATES.index(self.progress[-1][1]):
            self.progress.append((turn, state))

    def work(self, technique: str, state: str, turn: int) -> None:
        """Note a move that serves the goal, and how far it brought it."""
        if technique not in self.through:
            self.through.append(technique)
        self.reach(state, turn)

    def to_json(self) -> dict[str, Any]:
        """The goal as it stands in `Conversation.extra`."""
        return {
            "about": self.about,
            "through": list(self.through),
            "progress": [{"turn": turn, "state": state} for turn, state in self.progress],
            "reached": self.progress[-1][1] if self.progress else "",
        }
