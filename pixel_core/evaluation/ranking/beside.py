"""Which scorecard a new one stands beside: that of the checkpoint which is promoted when it is made."""

from __future__ import annotations

from pathlib import Path

from pixel_core.artifacts import is_valid
from pixel_core.evaluation.ranking.promotion import read_pointer


def promoted_scorecard(promotion: Path, scorecards: Path) -> Path | None:
    """The scorecard folder of the promoted checkpoint; None while there is no valid promotion, or its scorecard is not valid."""
    key = read_pointer(promotion) if is_valid(promotion) else None
    folder = scorecards / key if key is not None else None
    return folder if folder is not None and is_valid(folder) else None
