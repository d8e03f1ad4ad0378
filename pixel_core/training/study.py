"""The Optuna study of a search: an SQLite file that a killed search goes on from, and whose bytes depend on its trials alone."""

from __future__ import annotations

import logging
import math
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

NAME = "loss_weight_search"
STARTUP = 4  # trials that are never given up early: before that nobody knows what is usual
_BEGAN = datetime(2000, 1, 1)  # Optuna wants times; those of a clock would make every file another one
_DIVERGED = "diverged"
logger = logging.getLogger(__name__)


def run_study(path: Path, trials: int, seed: int, score: Callable[[Trial], float], start: dict[str, float]) -> list[FrozenTrial]:
    """The trials of a study, proposed by TPE and given up early when they fall below the median; trial 0 has the values of `start`.

    Each finished trial is written to `path` at once, and a study that lies there is continued: what is proposed depends on
    the seed, the trial's number and the trials before it, so an interrupt changes nothing but the time. A trial that raises
    FloatingPointError has failed, and the study goes on.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    finished = _finished(path)
    if finished:
        logger.info("the search goes on after %d of %d trials", len(finished), trials)
    part = path.with_name(f"{path.name}.part")
    write_study(part, finished[:trials])
    part.replace(path)
    with _opened(path) as study:
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
        if not finished:
            study.enqueue_trial(start)
        for number in range(len(finished), trials):
            own = random.Random(f"{seed}:search:trial:{number}").getrandbits(32)  # noqa: S311
            study.sampler = optuna.samplers.TPESampler(seed=own)
            study.optimize(partial(_marked, score), n_trials=1, catch=(FloatingPointError,))
        return list(study.trials)


def _marked(score: Callable[[Trial], float], trial: Trial) -> float:
    """The score of a trial; one that is not finite is marked, since Optuna calls a trial that was interrupted failed as well."""
    try:
        if not math.isfinite(value := score(trial)):
            raise FloatingPointError(f"the score of trial {trial.number} is not finite")
    except FloatingPointError:
        trial.set_user_attr(_DIVERGED, True)
        raise
    return value


def write_study(path: Path, trials: Sequence[FrozenTrial]) -> None:
    """Write a study of these finished trials as a new SQLite file: `optuna.load_study` opens it. The times in it mean nothing."""
    path.unlink(missing_ok=True)
    with _opened(path) as study:
        for number, trial in enumerate(trials):
            trial.datetime_start, trial.datetime_complete = _BEGAN + timedelta(seconds=number), _BEGAN + timedelta(seconds=number + 1)
            study.add_trial(trial)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")


@contextmanager
def _opened(path: Path) -> Iterator[Study]:
    """The study of a file, new where there is none; nobody holds the file afterwards."""
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        yield optuna.create_study(study_name=NAME, direction="maximize", storage=storage, load_if_exists=True)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _finished(path: Path) -> list[FrozenTrial]:
    """The trials that a study has finished, in order; none where there is no study, or its file is torn."""
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(path)) as connection:
            if (said := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(said)
        with _opened(path) as study:
            return [t for t in study.trials if t.state.name in {"COMPLETE", "PRUNED"} or _DIVERGED in t.user_attrs]
    except sqlite3.DatabaseError as error:
        logger.warning("the study %s of an earlier search cannot be read (%s): the search begins anew", path.name, error)
        return []
