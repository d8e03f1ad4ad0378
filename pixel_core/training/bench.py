"""A bench: one packed dataset and one backbone, on which short trainings in one process, without DeepSpeed, are compared."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from pixel_core.recipe import ModelRecipe, TrainingRecipe

if TYPE_CHECKING:
    from torch import Tensor

    from pixel_core.training.validation import Validation

BY_OBJECTIVE = pl.List(pl.Struct({"objective": pl.String, "value": pl.Float64}))  # what columns of tables with a value an objective hold
VALIDATION_ROWS = 8  # rows of a validation batch


class Seen(NamedTuple):
    """A step that was taken: losses of the objectives that had labels, the Gramian of all objectives' gradients, the merging weights."""

    step: int
    losses: dict[str, float]
    objectives: tuple[str, ...]
    gramian: Tensor
    merged: Tensor


class Bench:
    """Every training begins at the same weights for its seed, and those of one seed see the same batches.

    `baselines` are the validation losses to beat, by objective: the unigram model's, and each head's training prior's.
    Figures are comparable on one bench only: validation is half as long in bf16, and reads `held_out` packed rows of each kind at
    most, spread evenly over the split. With `bf16` training is in bf16 too, as that of a run, and half as long as well.
    """

    def __init__(self, packed: Path, model: ModelRecipe, *, held_out: int | None = None, bf16: bool = False) -> None:
        from pixel_core.training.baselines import PRIORS, UNIGRAM, label_counts, prior_losses, read_priors, unigram_loss
        from pixel_core.training.batches import PackedSplit, Share
        from pixel_core.training.data import TOKENIZER
        from pixel_core.training.tokenizer import load_tokenizer

        self._recipe, self._bf16 = model, bf16
        self._data, validation = PackedSplit(packed, "train"), PackedSplit(packed, "validation", most=held_out)
        self._held_out = validation.everything(rows=VALIDATION_ROWS, share=Share())
        self._tokenizer = load_tokenizer(packed / TOKENIZER)
        self._priors = read_priors(packed / PRIORS)
        self._supervised = label_counts(self._data)
        unigram = unigram_loss(pl.read_parquet(packed / UNIGRAM), validation.rows)
        self.baselines = {"language": unigram, **prior_losses(self._priors, validation)}

    def train(
        self,
        training: TrainingRecipe,
        seed: int,
        *,
        purpose: str,
        rungs: Collection[int] = (),
        look: Callable[[int, Validation], None] | None = None,
        watch: Callable[[Seen], None] | None = None,
    ) -> Validation:
        """The validation after all steps of a training as its recipe steers it; `look` is shown those after each step of `rungs`.

        `watch` is told of every step. `purpose` names what dropout is drawn for. Raises FloatingPointError where gradients that
        have to be merged are not finite.
        """
        import torch

        from pixel_core.model.pixel import PixelModel
        from pixel_core.objectives.conflicts import ConflictLog
        from pixel_core.training.batches import Share
        from pixel_core.training.optimisation import parameter_groups, set_rates
        from pixel_core.training.steering import Steering
        from pixel_core.training.step import TrainingStep
        from pixel_core.training.validation import validate

        with torch.random.fork_rng(devices=[]):
            model = PixelModel.from_backbone(self._recipe, self._tokenizer, seed=seed, priors=self._priors, supervised=self._supervised)
            step = TrainingStep(model, training.weights, training.merge, turns=training.turn_losses).train()
            steering, conflicts = Steering(training, step.weights, self.baselines, seed), ConflictLog()
            curriculum = steering.curriculum
            order = self._data.curriculum_order(training.curriculum.domains) if curriculum.on else []
            trained = [p for p in step.parameters() if p.requires_grad]
            optimiser = torch.optim.AdamW(parameter_groups(step, training), betas=(0.9, 0.98))
            if watch or steering.needs_gramian:
                step.observe = conflicts

            def measured(number: int) -> Validation:
                with torch.autocast("cpu", torch.bfloat16):  # half the time; trainings are compared with one another
                    found = validate(step, step, self._held_out, "cpu", dict)
                steering.after_validation(number, found)
                return found

            for number in range(1, training.steps + 1):
                (batch,) = self._data.step(
                    number,
                    rows=training.rows_per_step,
                    head_rows=training.head_rows_per_step,
                    seed=seed,
                    share=Share(),
                    order=order,
                    part=curriculum.share,
                    empathy=curriculum.empathy,
                )
                torch.manual_seed(random.Random(f"{seed}:{purpose}:{number}").getrandbits(62))  # noqa: S311
                set_rates(optimiser.param_groups, number, training)
                step.weights = steering.weights()
                counts = step.counts(batch)
                optimiser.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
                    losses = step(batch, counts)
                losses.total.backward()
                torch.nn.utils.clip_grad_norm_(trained, training.clip)
                optimiser.step()
                means = {name: float(losses.parts[name]) for name in step.weights if counts[name]}
                seen = conflicts.take()
                steering.after_step(number, means, seen[0] if seen else None)
                if watch and seen:
                    watch(Seen(number, means, tuple(step.weights), *seen))
                if look and number in rungs:
                    look(number, measured(number))
            return measured(training.steps)


def calibrated(found: Validation) -> dict[str, float]:
    """The losses of a validation with heads as calibrated: a checkpoint holds them so, and trainings are compared by that."""
    return found.losses | {name: fitted.loss for name, fitted in found.calibrations.items()}


def by_objective(values: Mapping[str, float]) -> list[dict[str, Any]]:
    """The values as a cell of a `BY_OBJECTIVE` column, in order of the names."""
    return [{"objective": name, "value": value} for name, value in sorted(values.items())]


def gains(losses: Mapping[str, float], baselines: Mapping[str, float]) -> dict[str, float]:
    """1 - loss / baseline of every objective that has both; 0 at the baseline, not finite where the loss is not."""
    return {name: 1 - losses[name] / baseline for name, baseline in baselines.items() if name in losses}
