"""Retrieved passages of the knowledge, as writers see them: whoever retrieves is above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Passage(Protocol):
    """A retrieved passage of the knowledge: its class (`code`, None for general documents) and its place in its document."""

    @property
    def id(self) -> str:
        """Its id in the index."""
        ...

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def code(self) -> str | None:
        """The class that it speaks of."""
        ...

    @property
    def heading(self) -> str:
        """What it stands under."""
        ...

    @property
    def file(self) -> str:
        """The document that it stands in, by its path in the knowledge folder."""
        ...

    @property
    def sentences(self) -> tuple[tuple[str, int, int], ...]:
        """Its sentences with the characters that they stand at."""
        ...

    @property
    def start(self) -> int:
        """Its first character there."""
        ...

    @property
    def end(self) -> int:
        """The character after its last one."""
        ...


Retrieve = Callable[[str, int], Sequence[Passage]]
"""The k passages nearest to a query, best first; fewer where not so many are near enough."""
