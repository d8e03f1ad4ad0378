"""`pixel`: builds everything in one process (`run`), opens the UI (`ui`), writes `.env` (`env`).

Every other command (`trace`, `eval`, `retrieval`) is `python -m pixel_core`'s.
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from dotenv import load_dotenv

from pixel_assets.paths import GROUPS, PROJECT, home
from pixel_core.__main__ import main as core_main
from pixel_core.recipe import RecipeError

_OWN = ("run", "ui", "env")
_OF_ARTIFACTS = ("trace", "retrieval")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    load_environment()
    if arguments and arguments[0] not in _OWN and not arguments[0].startswith("-"):
        return core_main(_below_home(arguments))
    options = _parser().parse_args(arguments)
    if options.command == "env":
        print(PROJECT / ".env")
        return 0
    if options.command == "ui":
        return _ui(options.port)
    return _run(options)


def load_environment() -> None:
    """Write the missing lines of `.env`, and set what the environment does not set already.

    Where all lines are those that this function wrote for another place, the checkout was moved or copied from there:
    they are written anew, or it would go on with the other one's artifacts.
    """
    path, own = PROJECT / ".env", _settings(PROJECT)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    before = _settings(Path(named.get("DAGSTER_HOME", PROJECT)))
    moved = before.items() <= named.items()
    kept = [line for line in lines if not (moved and line.partition("=")[0] in own)]
    wanted = kept + [f"{name}={value}" for name, value in own.items() if moved or name not in named]
    if wanted != lines:
        path.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    load_dotenv(path, override=False)
    Path(os.environ["PIXEL_DAGSTER_DIR"]).mkdir(parents=True, exist_ok=True)


def _settings(checkout: Path) -> dict[str, str]:
    """What `.env` says of a checkout that lies there."""
    return {"DAGSTER_HOME": f"{checkout}", "PIXEL_HOME": f"{checkout / 'data'}", "PIXEL_DAGSTER_DIR": f"{checkout / '.dagster'}"}


def _below_home(arguments: list[str]) -> list[str]:
    """The arguments of a command of `pixel_core`, which reads no environment: artifacts lie below `PIXEL_HOME` unless told otherwise."""
    named = any(argument.partition("=")[0] == "--artifacts" for argument in arguments)
    return arguments if named or arguments[0] not in _OF_ARTIFACTS else [*arguments, "--artifacts", str(home() / "artifacts")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pixel", description="Build, look at and measure Pixel.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="{run,ui,env,trace,eval,retrieval}")
    run = commands.add_parser("run", help="materialise every asset in order, then print a table")
    run.add_argument("--recipe", default="", help="recipe name or YAML path (default: PIXEL_RECIPE, or tiny)")
    run.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a recipe key; may be repeated")
    run.add_argument("--groups", nargs="+", default=GROUPS, choices=GROUPS, metavar="GROUP", help=f"only these of {' '.join(GROUPS)}")
    run.add_argument("--force", action="store_true", help="build again also what is valid")
    run.add_argument("--verbose", action="store_true", help="show Dagster's own log")
    ui = commands.add_parser("ui", help="open the Dagster UI with its daemon (schedules, sensors)")
    ui.add_argument("--port", type=int, default=3000, help="port of the UI (default: %(default)s)")
    commands.add_parser("env", help="write .env and print its path")
    return parser


def _ui(port: int) -> int:
    command = [str(Path(sys.executable).parent / "dagster"), "dev", "-w", str(PROJECT / "workspace.yaml"), "--port", str(port)]
    os.chdir(os.environ["PIXEL_DAGSTER_DIR"])  # a .env in the working folder would win over the environment
    os.execv(command[0], command)  # noqa: S606 - replaces this process, no shell


def _run(options: argparse.Namespace) -> int:
    from pixel_assets import report
    from pixel_assets.config import Build
    from pixel_assets.walk import walk

    _show_progress()
    outcomes = []
    try:
        build = Build(recipe=options.recipe, overrides=_pairs(options.set), force=options.force)
        for outcome in walk(build, options.groups, "DEBUG" if options.verbose else "CRITICAL"):
            print(report.line(outcome), flush=True)
            outcomes.append(outcome)
    except RecipeError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 130
    print("", report.table(outcomes), "", sep="\n")
    if trouble := report.problems(outcomes):
        print(trouble, file=sys.stderr)
        return 1
    print(report.next_lines(outcomes))
    return 0


def _pairs(overrides: list[str]) -> dict[str, str]:
    """`section.key=value` texts as a mapping; raises RecipeError for one without `=`."""
    for override in overrides:
        if "=" not in override:
            raise RecipeError(f"override {override!r} is not of the form section.key=value")
    return dict(override.split("=", 1) for override in overrides)


def _show_progress() -> None:
    """Long steps tell on standard error how far they are."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("    %(message)s"))
    library = logging.getLogger("pixel_core")
    library.setLevel(logging.INFO)
    library.addHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
