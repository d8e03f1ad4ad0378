"""What runs on every rank: `python -m pixel_assets.train_entry`, started by DeepSpeed's launcher.

The only file that imports dagster_pipes. Rank 0 reports into the Dagster run where one started it; every other rank
drops the session's variables, since only one process may open it. Without Dagster the run goes to the log.
"""

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, DAGSTER_PIPES_MESSAGES_ENV_VAR, PipesContext, open_dagster_pipes

from pixel_core.reporting import LogReporter, ProgressReporter, Reporter, Reporters
from pixel_core.training.launch import INTERRUPTED, load_cluster
from pixel_core.training.runs import read_run

PARENT = "PIXEL_PARENT_PID"
REPORT_EVERY = 10  # steps between two lines in Dagster's event log; validations are always told


class PipesReporter:
    """Tells rank 0's progress as log lines of the Dagster run: every validation, and every tenth step."""

    def __init__(self, pipes: PipesContext) -> None:
        self._pipes = pipes

    def log(self, message: str) -> None:
        """A line in the run's log."""
        self._pipes.log.info(message)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """A line of figures, unless it is an ordinary step between two tenths."""
        if step % REPORT_EVERY == 0 or any(name.startswith("validation_") for name in values):
            self._pipes.log.info(f"step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items()))

    def close(self) -> None:
        """The session is closed by whoever opened it."""


def main(arguments: list[str] | None = None) -> int:
    """Train the run of a folder as one of its ranks; returns 0, or 75 when it was interrupted and can be continued."""
    options = _parser().parse_args(arguments)
    first = os.environ.get("RANK", "0") == "0"
    logging.basicConfig(level=logging.INFO if first else logging.WARNING, format="%(message)s")
    if not first:
        for name in (DAGSTER_PIPES_CONTEXT_ENV_VAR, DAGSTER_PIPES_MESSAGES_ENV_VAR):
            os.environ.pop(name, None)
    # outside Dagster open_dagster_pipes would hand back a mock that swallows everything
    session: Any = open_dagster_pipes() if DAGSTER_PIPES_CONTEXT_ENV_VAR in os.environ else nullcontext()
    with session as pipes:
        steps = read_run(options.run).training.steps
        return _train(options, Reporters(PipesReporter(pipes), ProgressReporter(steps)) if pipes else LogReporter())


def _train(options: argparse.Namespace, reporter: Reporter) -> int:
    from transformers.utils import logging as transformers_logging

    from pixel_core.training.loop import train

    transformers_logging.disable_progress_bar()  # one a checkpoint and rank, in a log that nobody watches live
    parent = int(os.environ[PARENT]) if PARENT in os.environ else None
    outcome = train(
        read_run(options.run), options.packed, load_cluster(options.cluster), reporter, resume=not options.restart, parent=parent
    )
    return INTERRUPTED if outcome.interrupted else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pixel_assets.train_entry", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, with its run.json")
    parser.add_argument("--packed", type=Path, required=True, help="folder of the packed dataset")
    parser.add_argument("--cluster", default="local-cpu", help="cluster name or YAML path (default: %(default)s)")
    parser.add_argument("--restart", action="store_true", help="drop what the run has written and start anew")
    return parser


if __name__ == "__main__":
    sys.exit(main())
