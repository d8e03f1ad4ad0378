"""Reporters: how long work tells its progress and figures without knowing who listens."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

logger = logging.getLogger(__name__)


class Reporter(Protocol):
    """Receives progress and figures of a running stage. Text of records never goes through it."""

    def log(self, message: str) -> None:
        """Tell a person what is happening."""

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Record named figures at a step."""

    def close(self) -> None:
        """Flush and release what the reporter holds."""


class LogReporter:
    """Sends progress to the `pixel_core` logger, which the caller configures (Dagster captures it)."""

    def log(self, message: str) -> None:
        """Log at level INFO."""
        logger.info(message)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Log the figures of a step on one line."""
        logger.info("step %d: %s", step, ", ".join(f"{name} {value:.4g}" for name, value in values.items()))

    def close(self) -> None:
        """Nothing is held."""


class ProgressReporter:
    """Tells a person who waits how far a run of `steps` steps is: a line on standard error at every tenth, and for each message."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def log(self, message: str) -> None:
        """Print the message."""
        self._print(message)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Print the language loss of a step at a tenth of the run, and of every validation."""
        for name, what in (("validation_language", "validation language loss"), ("train_language", "language loss")):
            if name in values and (name.startswith("validation") or step % max(1, self._steps // 10) == 0):
                self._print(f"step {step} of {self._steps}: {what} {values[name]:.2f}")

    def close(self) -> None:
        """Nothing is held."""

    def _print(self, message: str) -> None:
        sys.stderr.write(f"    {message}\n")
        sys.stderr.flush()


class JsonlReporter:
    """Appends one JSON line a metric call to a file, flushed at once, so that a killed run keeps its curve."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def log(self, message: str) -> None:
        """Append a line `{"message": ...}`."""
        self._write({"message": message})

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Append a line `{"step": ..., name: value, ...}`."""
        self._write({"step": step, **values})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, record: Mapping[str, object]) -> None:
        self._file.write(json.dumps(record, sort_keys=True) + "\n")
        self._file.flush()


class Reporters:
    """Several reporters behind one, in order."""

    def __init__(self, *members: Reporter) -> None:
        self._members = members

    def log(self, message: str) -> None:
        """Pass the message to every member."""
        for member in self._members:
            member.log(message)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Pass the figures to every member."""
        for member in self._members:
            member.metric(step, values)

    def close(self) -> None:
        """Close every member."""
        for member in self._members:
            member.close()
