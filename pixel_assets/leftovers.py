"""What a `pixel run` that was killed leaves on the Dagster instance, and how the next one clears it.

A step of a pool holds one of its slots in the instance's storage. A run whose process died never gives it back, and every
later step of that pool would wait for ever: nothing but Dagster's daemon looks for dead runs, and `pixel run` has none.
So each walk holds a file lock of its own while it lives and names it in the tags of its runs; the lock falls with its process.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

WALK = "pixel/walk"
_OPEN = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
logger = logging.getLogger("pixel_core.walk")  # shown by `pixel run`, as the library's own progress is


@contextmanager
def living_walk(instance: dg.DagsterInstance) -> Iterator[str]:
    """A walk's id, for the tag `pixel/walk` of its runs; while it lives no other walk takes its runs for dead.

    Ends first the runs of walks that died, and tells who else holds a slot of a pool.
    """
    folder = Path(instance.storage_directory()) / "walks"
    folder.mkdir(parents=True, exist_ok=True)
    end_dead_runs(instance, folder)
    name = uuid.uuid4().hex
    with FileLock(folder / name):
        try:
            yield name
        finally:
            (folder / name).unlink(missing_ok=True)


def end_dead_runs(instance: dg.DagsterInstance, folder: Path) -> list[str]:
    """Mark as failed each open run whose walk is dead, and free its slots; returns their ids."""
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_OPEN)):
        if WALK in run.tags and _is_dead(folder / run.tags[WALK]):
            instance.report_run_failed(run, "the process of this run is gone; the next `pixel run` found it and freed what it held")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    for pool in sorted(instance.event_log_storage.get_concurrency_keys()):
        for holder in sorted(instance.event_log_storage.get_concurrency_info(pool).active_run_ids):
            logger.warning(
                "run %s holds a slot of pool %s: steps of this pool wait until it ends; if its process is gone, end it in the UI "
                "(make ui, Runs) and free its slots (Deployment, Concurrency)",
                holder,
                pool,
            )
    return ended


def _is_dead(lock: Path) -> bool:
    """Whether nobody holds a walk's lock."""
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False
