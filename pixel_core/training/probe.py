"""The probe: a small clinical and EQ measurement on held-out validation rows between validations, with milestones and alerts.

It reads rows of the validation split, never items of the evaluation, and never more than it was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pixel_core.model.batch import PixelBatch
from pixel_core.model.decoding import decode
from pixel_core.model.heads import find_head
from pixel_core.recipe.steering import ProbeRecipe
from pixel_core.training.step import TrainingStep

HEADS = ("clinical", "eq")
TOP = 3  # classes of the clinical head, among which a true one must be
CLINICAL, EQ = "probe_clinical_top3", "probe_eq"


@torch.no_grad()
def probe(
    engine: nn.Module,
    step: TrainingStep,
    batches: Sequence[PixelBatch],
    device: str,
    sum_over_ranks: Callable[[Mapping[str, float]], dict[str, float]],
) -> dict[str, float]:
    """`probe_clinical_top3`: share of turns with a true class among the first three; `probe_eq`: 1 - mean absolute error.

    An output that is unknown of a turn, or was never trained, is no answer and not ranked; turns of which three outputs or fewer are known
    ask nothing. A figure of a head that is not trained, or has no labels there, is left out. Every rank gives equally many batches.
    """
    found: Counter[str] = Counter({f"{figure}/{part}": 0.0 for figure in (CLINICAL, EQ) for part in ("sum", "count")})
    was_training = engine.training
    engine.eval()
    for batch in (batch.to(device) for batch in batches):
        # losses are not looked at: their counts may be this rank's own
        found.update(_counts(engine(batch, step.counts(batch)).raw, batch, step.model.supervised))
    engine.train(was_training)
    sums = sum_over_ranks(found)
    return {figure: sums[f"{figure}/sum"] / sums[f"{figure}/count"] for figure in (CLINICAL, EQ) if sums[f"{figure}/count"]}


class ProbeWatch:
    """What the figures of the probes mean: a milestone above the best by `tolerance`, an alert as far below it."""

    def __init__(self, recipe: ProbeRecipe) -> None:
        self._tolerance = recipe.tolerance
        self._best: dict[str, float] = {}  # by figure, as of its last milestone
        self._top: dict[str, float] = {}

    def judge(self, step: int, figures: Mapping[str, float]) -> list[dict[str, Any]]:
        """The events of a probe; the first sets the marks."""
        events = []
        for figure, observed in sorted(figures.items()):
            best, top = self._best.setdefault(figure, observed), self._top.setdefault(figure, observed)
            told = {"step": step, "figure": figure, "observed": observed}
            if observed >= best + self._tolerance:
                events.append({**told, "event": "probe_milestone", "best": best})
                self._best[figure] = observed
            elif observed < top - self._tolerance:
                events.append({**told, "event": "probe_alert", "best": top})
            self._top[figure] = max(top, observed)
        return events

    def state(self) -> dict[str, Any]:
        """What a resumed run needs, as JSON."""
        return {"best": dict(self._best), "top": dict(self._top)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._best, self._top = dict(state["best"]), dict(state["top"])


def _counts(raw: Mapping[str, Tensor], batch: PixelBatch, supervised: Mapping[str, Sequence[int]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in sorted(raw.keys() & set(HEADS)):
        target = batch.head_targets[name]
        known = ~target.isnan() & (torch.tensor(supervised[name], device=target.device) > 0)
        if name == "clinical":
            true = known & (target == 1)
            asked = true.any(-1) & (known.sum(-1) > TOP)
            first = raw[name].masked_fill(~known, -torch.inf).topk(TOP).indices
            found |= {f"{CLINICAL}/sum": float(true.gather(-1, first).any(-1)[asked].sum()), f"{CLINICAL}/count": float(asked.sum())}
        else:
            gap = 1 - (decode(find_head(name), raw[name]).scores - target).abs()
            found |= {f"{EQ}/sum": float(gap[known].sum()), f"{EQ}/count": float(known.sum())}
    return found
