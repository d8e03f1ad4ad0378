"""Interrupts: a signal or the death of whoever started the run asks the loop to save and leave."""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import FrameType

import psutil

from pixel_core.training.launch import INTERRUPTED

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0


class Interrupts:
    """Listens for SIGTERM, SIGINT and the end of process `parent`; `reason` says what came, or is empty.

    Signals only set the reason: the loop looks at it between steps, where all ranks can agree to save and leave. A rank
    that is still there `grace` seconds after its parent's death is stuck in a collective and ends itself.
    """

    def __init__(self, parent: int | None = None, grace: float = 120.0) -> None:
        self.reason = ""
        self._grace = grace
        self._done = threading.Event()
        self._previous = {number: signal.signal(number, self._signalled) for number in (signal.SIGTERM, signal.SIGINT)}
        if parent is not None:
            threading.Thread(target=self._watch, args=(_born(parent), parent), daemon=True).start()

    def close(self) -> None:
        """Give the signals back and stop watching."""
        self._done.set()
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.reason = signal.Signals(number).name

    def _watch(self, born: float | None, parent: int) -> None:
        while born is not None and _born(parent) == born:  # the same id may be given to a later process
            if self._done.wait(_POLL_SECONDS):
                return
        self.reason = f"the end of process {parent}, which started the run"
        if not self._done.wait(self._grace):
            logger.error("still running %.0f s after %s: leaving without saving", self._grace, self.reason)
            os._exit(INTERRUPTED)


def _born(process: int) -> float | None:
    try:
        found = psutil.Process(process)
        return None if found.status() == psutil.STATUS_ZOMBIE else found.create_time()
    except psutil.NoSuchProcess:
        return None
