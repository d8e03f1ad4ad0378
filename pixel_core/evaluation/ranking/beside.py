"""Which scorecard a new one stands beside: that of the checkpoint which is promoted when it is made."""

from __future__ import annotations

from pathlib import Path

from pixel_core.artifacts import is_valid
from pixel_core.evaluation.ranking.promotion import read_pointer
from pixel_core.evaluation.scorecard import reliable


def promoted_scorecard(promotion: Path, scorecards: Path) -> Path | None:
    """The scorecard folder of the promoted checkpoint; None while there is no valid promotion, or its scorecard cannot be relied on.

    One of an older schema cannot: until it is measured again, new ones stand beside none.
    """
    key = read_pointer(promotion) if is_valid(promotion) else None
    folder = scorecards / key if key is not None else None
    return folder if folder is not None and reliable(folder) is not None else None
