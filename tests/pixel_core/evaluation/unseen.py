"""Held-out data beside which nothing was ever trained on: every shipped item may be asked."""

from pixel_core.evaluation.held_out import HeldOut
from tests.pixel_core.evaluation.world import ROOT


class Unseen(HeldOut):
    """Held-out data beside which nothing was ever trained on."""

    training_files = ()


DATA = Unseen(ROOT / "data" / "scenarios", ROOT, ROOT, ROOT)
