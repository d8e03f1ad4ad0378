"""Quality findings: the one vocabulary in which every check of Pixel answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a failed finding is: an error may block what is downstream, a warning never does."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was observed, what was expected, and whether it held.

    `reasons` counts the failing rows by reason code. It never holds text of a record.
    """

    name: str
    passed: bool
    observed: str
    expected: str
    severity: Severity = Severity.ERROR
    reasons: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        verdict = "ok" if self.passed else self.severity.value
        return f"{self.name}: {verdict}; observed {self.observed}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of one check, in the order in which they were looked at."""

    items: tuple[Finding, ...]

    @classmethod
    def of(cls, items: Iterable[Finding]) -> Findings:
        """Findings from any iterable; raises ValueError when it is empty, since that proves nothing."""
        found = tuple(items)
        if not found:
            raise ValueError("a check produced no finding: a check that looks at nothing cannot pass")
        return cls(found)

    @property
    def passed(self) -> bool:
        """Whether no finding of severity error failed."""
        return all(item.passed for item in self.items if item.severity is Severity.ERROR)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that failed, warnings included."""
        return tuple(item for item in self.items if not item.passed)

    def __str__(self) -> str:
        return "; ".join(str(item) for item in (self.failed or self.items))


def equals(name: str, observed: object, expected: object, **more: object) -> Finding:
    """A finding that holds when observed == expected."""
    return Finding(name, observed == expected, str(observed), str(expected), **more)  # type: ignore[arg-type]


def at_least(name: str, observed: float, bound: float, **more: object) -> Finding:
    """A finding that holds when observed >= bound."""
    return Finding(name, observed >= bound, f"{observed:g}", f">= {bound:g}", **more)  # type: ignore[arg-type]


def at_most(name: str, observed: float, bound: float, **more: object) -> Finding:
    """A finding that holds when observed <= bound."""
    return Finding(name, observed <= bound, f"{observed:g}", f"<= {bound:g}", **more)  # type: ignore[arg-type]


def none_of(name: str, reasons: Mapping[str, int], **more: object) -> Finding:
    """A finding that holds when no reason counts a row."""
    bad = {reason: count for reason, count in reasons.items() if count}
    return Finding(name, not bad, f"{sum(bad.values())} failing rows", "0 failing rows", reasons=bad, **more)  # type: ignore[arg-type]
