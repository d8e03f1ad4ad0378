"""Validation: the mean loss of every objective over the whole validation split, on all ranks together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from pixel_core.model.batch import PixelBatch
from pixel_core.training.abstention import ABSTAINING, NEVER, Abstention, answer_counts, count_names, fit_abstention
from pixel_core.training.calibration import Calibration, fit_scales, scaled_losses, sum_names
from pixel_core.training.guard import SAFETY, safety_counts, safety_figures
from pixel_core.training.step import BALANCE, TrainingStep

Sum = Callable[[Mapping[str, float]], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Validation:
    """The mean loss a token of `language` and a label of each head that has validation labels, and each head's calibration.

    `safety`: how much of what is dangerous the calibrated heads find, by figure (see `guard`); only what was asked for. `abstention` of the
    heads that may abstain.
    """

    losses: dict[str, float]
    calibrations: dict[str, Calibration]
    safety: dict[str, float]
    abstention: dict[str, Abstention] = field(default_factory=dict)

    @property
    def scales(self) -> dict[str, float]:
        """How far each head is shrunk towards its prior."""
        return {name: fitted.scale for name, fitted in self.calibrations.items()}

    @property
    def thresholds(self) -> dict[str, float]:
        """The least confidence of each head that may abstain; one that was not judged says nothing."""
        return dict.fromkeys(ABSTAINING, NEVER) | {name: kept.threshold for name, kept in self.abstention.items()}


UNJUDGED = Validation({}, {}, {})


@torch.no_grad()
def validate(engine: nn.Module, step: TrainingStep, batches: Sequence[PixelBatch], device: str, sum_over_ranks: Sum) -> Validation:
    """The validation of a step on batches; heads without a prior have no calibration.

    `engine` is what runs `step`: DeepSpeed's engine, or the step itself. Every rank gives equally many batches.
    """
    own = [step.counts(batch) for batch in batches]
    counts = sum_over_ranks({name: sum(count[name] for count in own) for name in own[0]})
    priors = {name: prior for name, prior in step.model.priors.items() if name in step.weights}
    means: Counter[str] = Counter()
    scaled: Counter[str] = Counter(dict.fromkeys(sum_names(priors), 0))
    said: list[dict[str, Tensor]] = []
    was_training = engine.training
    engine.eval()
    for batch in (batch.to(device) for batch in batches):
        found = engine(batch, counts)
        means.update({name: float(loss) for name, loss in found.parts.items()})
        scaled.update(scaled_losses(found.raw, priors, batch))
        said.append({name: found.raw[name].float().cpu() for name in (*SAFETY.values(), *ABSTAINING) if name in found.raw})
    engine.train(was_training)
    losses = {name: mean for name, mean in sum_over_ranks(means).items() if name != BALANCE and counts[name]}
    calibrations = fit_scales(sum_over_ranks(scaled), priors)
    safety: Counter[str] = Counter(safety_counts({}, batches[0]) if batches else {})
    answers: Counter[str] = Counter(dict.fromkeys(count_names(priors), 0.0))
    for raw, batch in zip(said, batches, strict=True):
        shrunk = {
            name: priors[name].float() + calibrations[name].scale * (values - priors[name].float())
            for name, values in raw.items()
            if name in calibrations
        }
        safety.update(safety_counts(shrunk, batch))
        answers.update(answer_counts(shrunk, batch, step.model.supervised))
    abstention = fit_abstention(sum_over_ranks(answers), priors)
    return Validation(losses, calibrations, safety_figures(sum_over_ranks(safety)), abstention)
