"""The history of promotions: one JSON line a decision, oldest first, never rewritten.

Each line holds the SHA-256 of the line before it, so that one which was altered, dropped or moved breaks the chain. The
file lies in the artifact `promotion` and is carried over whole whenever a decision is added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pixel_core.artifacts import ArtifactError

HISTORY = "history.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: what the pointer named before and after it, and who was considered."""

    leaderboard: str
    """Digest of the leaderboard that was decided on."""
    before: str | None
    """The checkpoint promoted until then."""
    promoted: str | None
    """The checkpoint promoted from then on."""
    refused: Mapping[str, Mapping[str, Sequence[str]]]
    """By checkpoint that was turned down: what it falls below, by axis."""

    @property
    def moved(self) -> bool:
        """Whether the pointer moved."""
        return self.promoted != self.before


def read_history(folder: Path) -> tuple[Decision, ...]:
    """The decisions of a promotion folder, oldest first; none where the file is not there.

    Raises ArtifactError naming the line where the chain breaks: what was ever promoted is then not known for sure.
    """
    path = folder / HISTORY
    if not path.is_file():
        return ()
    found, previous = [], ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            raw = json.loads(line)
            if raw.pop("previous") != previous:
                raise ArtifactError(f"{path}: line {number} does not follow from the line before it; bring the file back as it was")
            found.append(Decision(**raw))
        except ArtifactError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"{path}: line {number} is no decision ({error}); bring the file back as it was") from error
        previous = _digest(line)
    return tuple(found)


def write_history(folder: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions, oldest first, as a chain of lines; the same decisions give the same bytes."""
    lines, previous = [], ""
    for decision in decisions:
        line = json.dumps({**asdict(decision), "previous": previous}, sort_keys=True, ensure_ascii=False)
        lines.append(f"{line}\n")
        previous = _digest(line)
    (folder / HISTORY).write_text("".join(lines), encoding="utf-8")


def added(decisions: Sequence[Decision], decision: Decision) -> tuple[Decision, ...]:
    """The decisions and one more; the last one taken again is no other decision."""
    return tuple(decisions) if decisions and decisions[-1] == decision else (*decisions, decision)


def ever_promoted(decisions: Iterable[Decision]) -> list[str]:
    """Every checkpoint that the pointer ever moved to, each once, in that order."""
    return list(dict.fromkeys(d.promoted for d in decisions if d.moved and d.promoted is not None))


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
