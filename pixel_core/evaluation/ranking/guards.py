"""Guards: figures besides the headline of an axis that a promoted checkpoint must not lose.

A headline looks at its axis from one side: at likelihoods, or at a head. Replies that break off, a crisis that is no longer
noticed or harm done to a scripted client leave every headline where it was. So each axis names what else it stands for: what
is neither a hint nor the word of judges whom nobody held against people. One fall among so many would come by chance: a
guard's paired interval is therefore widened to the level at which one of all guards in twenty promotions falls by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

from pixel_core.evaluation.figures import Difference
from pixel_core.evaluation.statistics.intervals import LEVEL

GUARDS: Mapping[str, tuple[str, ...]] = {
    "eq": ("emotions_brier", "affect_mae"),  # the headline reads no feelings
    "empathy": ("contrast_likelihood",),  # the headline is a head: what would the model itself rather say?
    "clinical": ("vignettes_choice_top3", "assessment_without_fault", "crisis_kappa"),
    "persona": ("persona_sessions_f1", "persona_replies_chosen"),
    "dialogue": ("clients_harmless", "clients_needs", "reply_length", "reply_unrepeated", "appropriateness_brier"),
}
_COUNT = sum(map(len, GUARDS.values()))


def _half_width(share: float) -> float:
    """Standard errors on either side of which so large a share of a normal distribution lies."""
    return NormalDist().inv_cdf((1 + share) / 2)


WIDER = _half_width(1 - (1 - LEVEL) / _COUNT) / _half_width(LEVEL)


def widened(difference: Difference) -> Difference:
    """The difference with the interval that holds for all guards together (Bonferroni), each end moved out in proportion."""
    low = difference.value - WIDER * (difference.value - difference.low)
    high = difference.value + WIDER * (difference.high - difference.value)
    return difference.model_copy(update={"low": round(low, 6), "high": round(high, 6)})
