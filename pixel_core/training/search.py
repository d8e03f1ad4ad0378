"""The search for loss weights: short trials in one process, each scored by how far it beats the baselines on held-out data.

    trials.parquet   one row a trial: its weights, its validation losses, its score (TRIALS_SCHEMA)
    best.json        the weights of the best trial, in the form that `training.weights` takes, and what was asked for
    history.png      the score of every trial

Trial 0 has the recipe's own weights. A score is comparable within one search only.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.recipe import ModelRecipe, TrainingRecipe

if TYPE_CHECKING:
    from optuna import Study, Trial

KIND = "loss_weight_search"
VERSION = "1"
TRIALS, BEST, HISTORY = "trials.parquet", "best.json", "history.png"
VALIDATION_ROWS = 8  # rows of a validation batch
SPREAD = 4.0  # a trial's weights lie between a quarter of the recipe's and four times them

_BY_OBJECTIVE = pl.List(pl.Struct({"objective": pl.String, "value": pl.Float64}))
TRIALS_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "trial": pl.Int64,
        "score": pl.Float64,  # mean over objectives of 1 - loss / baseline; null when a loss was not finite
        "weights": _BY_OBJECTIVE,
        "losses": _BY_OBJECTIVE,  # validation loss at the end of the trial
        "baselines": _BY_OBJECTIVE,  # of the unigram model, and of each head's training prior
    }
)
logger = logging.getLogger(__name__)


def search_weights(packed: Path, out: Path, *, model: ModelRecipe, training: TrainingRecipe, seed: int, force: bool = False) -> Built:
    """Try `search_trials` weightings for `search_steps` steps each, proposed by a seeded TPE; one process, no DeepSpeed."""
    inputs = {
        "packed_dataset": input_digest(packed),
        "model": model.digest,
        "training": training.digest,
        "seed": digest_of(seed),
    }
    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=lambda f: _write(f, packed, model, training, seed), force=force)


def _write(folder: Path, packed: Path, model: ModelRecipe, training: TrainingRecipe, seed: int) -> Summary:
    import optuna

    from pixel_core.training.plots import draw_history

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    tuned = [name for name, weight in training.weights.items() if weight > 0 and name != "language"]
    study.enqueue_trial({name: training.weights[name] for name in tuned})
    bench = _Bench(packed, model, training, seed)

    def score(trial: Trial) -> float:
        own = {
            name: trial.suggest_float(name, training.weights[name] / SPREAD, training.weights[name] * SPREAD, log=True) for name in tuned
        }
        weights = {**training.weights, **own}
        trial.set_user_attr("weights", weights)
        losses = bench.losses(weights)
        trial.set_user_attr("losses", losses)
        value = bench.score(losses)
        logger.info("trial %d of %d: score %.4f", trial.number + 1, training.search_trials, value)
        return value

    # gradients or a score that are not finite mark their trial as failed, and the search goes on
    study.optimize(score, n_trials=training.search_trials, catch=(FloatingPointError,))
    trials = _trials(study, bench.baselines)
    write_table(folder / TRIALS, trials)
    best = max((t for t in study.trials if t.value is not None), key=lambda t: (t.value, -t.number), default=None)
    found = {"trial": None, "weights": None} if best is None else {"trial": best.number, "weights": best.user_attrs["weights"]}
    write_json(folder / BEST, {"search_trials": training.search_trials, "search_steps": training.search_steps, **found})
    scores = trials["score"].to_list()
    draw_history(folder / HISTORY, scores)
    figures = {"trials": trials.height, "steps": training.search_steps, "default_score": scores[0], "best_score": trials["score"].max()}
    return Summary(rows=trials.height, figures=figures)


def _trials(study: Study, baselines: Mapping[str, float]) -> pl.DataFrame:
    rows = [
        {
            "trial": trial.number,
            "score": trial.value,
            "weights": _pairs(trial.user_attrs["weights"]),
            "losses": _pairs(trial.user_attrs.get("losses", {})),
            "baselines": _pairs(baselines),
        }
        for trial in study.trials
    ]
    return pl.DataFrame(rows, schema=TRIALS_SCHEMA)


def _pairs(values: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"objective": name, "value": value} for name, value in sorted(values.items())]


class _Bench:
    """One packed dataset and one start of the model; every trial begins there and sees the same batches."""

    def __init__(self, packed: Path, model: ModelRecipe, training: TrainingRecipe, seed: int) -> None:
        from pixel_core.training.baselines import PRIORS, UNIGRAM, label_counts, prior_losses, read_priors, unigram_loss
        from pixel_core.training.batches import PackedSplit
        from pixel_core.training.data import TOKENIZER
        from pixel_core.training.tokenizer import load_tokenizer

        self._recipe, self._seed = model, seed
        self._training = training.model_copy(update={"steps": training.search_steps})
        self._data, self._held_out = PackedSplit(packed, "train"), PackedSplit(packed, "validation")
        self._tokenizer = load_tokenizer(packed / TOKENIZER)
        self._priors = read_priors(packed / PRIORS)
        self._supervised = label_counts(self._data)
        unigram = unigram_loss(pl.read_parquet(packed / UNIGRAM), pl.read_parquet(packed / "validation.parquet"))
        self.baselines = {"language": unigram, **prior_losses(self._priors, self._held_out)}

    def losses(self, weights: Mapping[str, float]) -> dict[str, float]:
        """The validation losses after a short training with these weights."""
        import torch

        from pixel_core.model.pixel import PixelModel
        from pixel_core.training.batches import Share
        from pixel_core.training.optimisation import parameter_groups, set_rates
        from pixel_core.training.step import TrainingStep
        from pixel_core.training.validation import validate

        training = self._training
        with torch.random.fork_rng(devices=[]):
            model = PixelModel.from_backbone(
                self._recipe, self._tokenizer, seed=self._seed, priors=self._priors, supervised=self._supervised
            )
            step = TrainingStep(model, weights, training.merge).train()
            trained = [p for p in step.parameters() if p.requires_grad]
            optimiser = torch.optim.AdamW(parameter_groups(step, training), betas=(0.9, 0.98))
            for number in range(1, training.steps + 1):
                (batch,) = self._data.step(
                    number, rows=training.rows_per_step, head_rows=training.head_rows_per_step, seed=self._seed, share=Share()
                )
                torch.manual_seed(random.Random(f"{self._seed}:search:{number}").getrandbits(62))  # noqa: S311
                set_rates(optimiser.param_groups, number, training)
                optimiser.zero_grad()
                step(batch, step.counts(batch)).total.backward()
                torch.nn.utils.clip_grad_norm_(trained, training.clip)
                optimiser.step()
            held_out = self._held_out.everything(rows=VALIDATION_ROWS, share=Share())
            with torch.autocast("cpu", torch.bfloat16):  # half the time; the trials are compared with one another
                return validate(step, step, held_out, "cpu", dict).losses

    def score(self, losses: Mapping[str, float]) -> float:
        """Mean over the objectives that have a baseline of 1 - loss / baseline; NaN when a loss is not finite."""
        gains = [1 - losses[name] / baseline for name, baseline in self.baselines.items() if name in losses]
        return sum(gains) / len(gains) if all(math.isfinite(gain) for gain in gains) else math.nan
