"""The one code location: every definition below `defs/`."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """All assets, checks, sensors, schedules and jobs of Pixel."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
