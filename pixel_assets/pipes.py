"""A Pipes client that owns its child's whole process group, so that no rank outlives the step that started it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

import dagster as dg
import psutil
from dagster import PipesTempFileContextInjector, PipesTempFileMessageReader, open_pipes_session

PARENT = "PIXEL_PARENT_PID"  # the child watches this process and leaves when it is gone
_LAST_LINES = 30
_POLL_SECONDS = 0.1


class ProcessGroupPipes(dg.PipesClient):
    """Runs a command in a process group of its own and ends the whole group, whatever happens.

    On an interrupt or termination of the step the group gets SIGINT, then SIGTERM, then SIGKILL, with `graces` seconds
    after each. A launcher that dies leaves no rank behind either.
    """

    def __init__(self, graces: tuple[float, float, float] = (60.0, 40.0, 10.0)) -> None:
        self._graces = graces

    def run(  # type: ignore[override]
        self,
        *,
        context: dg.AssetExecutionContext | dg.OpExecutionContext,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        extras: Mapping[str, str] | None = None,
    ) -> dg.PipesClientCompletedInvocation:
        """Run the command to its end; raises dagster.Failure with the last lines of its stderr unless it exits with 0."""
        with open_pipes_session(
            context=context,
            context_injector=PipesTempFileContextInjector(),
            message_reader=PipesTempFileMessageReader(),
            extras=dict(extras or {}),
        ) as session:
            own = {PARENT: str(os.getpid()), **session.get_bootstrap_env_vars()}
            process = subprocess.Popen(
                list(command), env={**os.environ, **(env or {}), **own}, stderr=subprocess.PIPE, start_new_session=True
            )
            tail: deque[str] = deque(maxlen=_LAST_LINES)
            reader = threading.Thread(target=_forward, args=(process.stderr, tail), daemon=True)
            reader.start()
            try:
                status = process.wait()
            finally:
                end_group(process, self._graces)
                reader.join(timeout=5)
            if status:
                raise dg.Failure(f"{command[0]} ... exited with status {status}; its last lines:\n{''.join(tail)}")
        return dg.PipesClientCompletedInvocation(session)


def end_group(process: subprocess.Popen[bytes], graces: Sequence[float]) -> None:
    """End every process of the group that `process` leads: SIGINT, SIGTERM, SIGKILL, each with its grace in seconds."""
    for number, grace in zip((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), graces, strict=True):
        if not _members(process.pid):
            break
        with suppress(ProcessLookupError):  # the last one left between the two lines
            os.killpg(process.pid, number)
        limit = time.monotonic() + grace
        while _members(process.pid) and time.monotonic() < limit:
            process.poll()
            time.sleep(_POLL_SECONDS)
    process.wait()


def _members(group: int) -> list[int]:
    """Ids of the live processes of a group; a dead one that nobody has reaped yet does not count."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except ProcessLookupError:
            continue
    return found


def _forward(stream: IO[bytes] | None, tail: deque[str]) -> None:
    for raw in stream or ():
        line = raw.decode("utf-8", "replace")
        sys.stderr.write(line)
        tail.append(line)
