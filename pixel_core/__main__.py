"""`python -m pixel_core`: what needs no orchestrator.

    python -m pixel_core trace <conversation-id> [--artifacts FOLDER]
    python -m pixel_core eval <checkpoint> [--out FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run a sub-command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pixel_core", description="Pixel without an orchestrator.")
    commands = parser.add_subparsers(dest="command", required=True)
    trace = commands.add_parser("trace", help="print where a conversation came from: page, row or second")
    trace.add_argument("id", help="id of the conversation, or its first 8 characters or more")
    trace.add_argument("--artifacts", type=Path, default=Path("data/artifacts"), help="artifacts folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    return _trace(options)


def _trace(options: argparse.Namespace) -> int:
    from pixel_core.trace import TraceError, describe, find

    try:
        print(describe(find(options.id, options.artifacts), options.artifacts))
    except TraceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
