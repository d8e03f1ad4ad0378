"""The search for loss weights: short trials in one process, each scored by how far it beats the baselines on held-out data.

    trials.parquet   one row a trial: its state, weights, validation losses and score (TRIALS_SCHEMA)
    best.json        the weights of the best trial, in the form that `training.weights` takes, and what was asked for
    study.db         the Optuna study, SQLite: `optuna.load_study(study_name="loss_weight_search", storage="sqlite:///study.db")`
    history.png      the score of every trial

Trial 0 has the recipe's own weights. A score is comparable within one search only. A search of more than `STARTUP` trials
looks at each after a third and two thirds of its steps, and gives up those below the median of the earlier ones there.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.recipe import ModelRecipe, TrainingRecipe
from pixel_core.training.study import STARTUP, run_study, write_study

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

KIND = "loss_weight_search"
VERSION = "2"
TRIALS, BEST, STUDY, HISTORY = "trials.parquet", "best.json", "study.db", "history.png"
VALIDATION_ROWS = 8  # rows of a validation batch
SPREAD = 4.0  # a trial's weights lie between a quarter of the recipe's and four times them

_BY_OBJECTIVE = pl.List(pl.Struct({"objective": pl.String, "value": pl.Float64}))
TRIALS_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "trial": pl.Int64,
        "state": pl.String,  # complete | pruned: given up below the median of the earlier ones | fail: a loss was not finite
        "score": pl.Float64,  # mean over objectives of 1 - loss / baseline; null unless the trial is complete
        "weights": _BY_OBJECTIVE,
        "losses": _BY_OBJECTIVE,  # last validation loss of the trial
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
    study = (
        out.parent / f".{out.name}.{digest_of(inputs)[:16]}.db"
    )  # beside the artifact until it is finished: an interrupt loses one trial
    built = build(
        out,
        kind=KIND,
        version=VERSION,
        inputs=inputs,
        write=lambda folder: _write(folder, study, _Bench(packed, model, training, seed)),
        force=force,
    )
    study.unlink(missing_ok=True)
    return built


def _write(folder: Path, study: Path, bench: _Bench) -> Summary:
    from optuna import TrialPruned

    from pixel_core.training.plots import draw_history

    training = bench.training
    tuned = [name for name, weight in training.weights.items() if weight > 0 and name != "language"]
    rungs = {training.search_steps // 3, 2 * training.search_steps // 3} - {0} if training.search_trials > STARTUP else set()

    def score(trial: Trial) -> float:
        own = {
            name: trial.suggest_float(name, training.weights[name] / SPREAD, training.weights[name] * SPREAD, log=True) for name in tuned
        }
        weights = {**training.weights, **own}
        trial.set_user_attr("weights", weights)

        def look(step: int, losses: Mapping[str, float]) -> None:
            trial.set_user_attr("losses", dict(losses))
            trial.report(bench.score(losses), step)
            if trial.should_prune():
                logger.info("trial %d of %d: given up at step %d", trial.number + 1, training.search_trials, step)
                raise TrialPruned

        losses = bench.losses(weights, rungs, look)
        trial.set_user_attr("losses", losses)
        value = bench.score(losses)
        logger.info("trial %d of %d: score %.4f", trial.number + 1, training.search_trials, value)
        return value

    # gradients or a score that are not finite mark their trial as failed, and the search goes on
    done = run_study(study, training.search_trials, bench.seed, score, {name: training.weights[name] for name in tuned})
    write_study(folder / STUDY, done)
    trials = _trials(done, bench.baselines)
    write_table(folder / TRIALS, trials)
    best = max((t for t in done if _complete(t)), key=lambda t: (t.value, -t.number), default=None)
    found = {"trial": None, "weights": None} if best is None else {"trial": best.number, "weights": best.user_attrs["weights"]}
    write_json(folder / BEST, {"search_trials": training.search_trials, "search_steps": training.search_steps, **found})
    scores = trials["score"].to_list()
    draw_history(folder / HISTORY, scores)
    figures = {
        "trials": trials.height,
        "pruned": trials.filter(state="pruned").height,
        "steps": training.search_steps,
        "default_score": scores[0],
        "best_score": trials["score"].max(),
    }
    return Summary(rows=trials.height, figures=figures)


def _complete(trial: FrozenTrial) -> bool:
    return trial.state.name == "COMPLETE"


def _trials(done: Sequence[FrozenTrial], baselines: Mapping[str, float]) -> pl.DataFrame:
    rows = [
        {
            "trial": trial.number,
            "state": trial.state.name.lower(),
            "score": trial.value if _complete(trial) else None,
            "weights": _pairs(trial.user_attrs["weights"]),
            "losses": _pairs(trial.user_attrs.get("losses", {})),
            "baselines": _pairs(baselines),
        }
        for trial in done
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

        self._recipe, self.seed = model, seed
        self.training = training.model_copy(update={"steps": training.search_steps})
        self._data, self._held_out = PackedSplit(packed, "train"), PackedSplit(packed, "validation")
        self._tokenizer = load_tokenizer(packed / TOKENIZER)
        self._priors = read_priors(packed / PRIORS)
        self._supervised = label_counts(self._data)
        unigram = unigram_loss(pl.read_parquet(packed / UNIGRAM), pl.read_parquet(packed / "validation.parquet"))
        self.baselines = {"language": unigram, **prior_losses(self._priors, self._held_out)}

    def losses(self, weights: Mapping[str, float], rungs: set[int], look: Callable[[int, Mapping[str, float]], None]) -> dict[str, float]:
        """The validation losses after a short training with these weights; `look` is shown those after each step of `rungs`."""
        import torch

        from pixel_core.model.pixel import PixelModel
        from pixel_core.training.batches import Share
        from pixel_core.training.optimisation import parameter_groups, set_rates
        from pixel_core.training.step import TrainingStep
        from pixel_core.training.validation import validate

        training = self.training
        with torch.random.fork_rng(devices=[]):
            model = PixelModel.from_backbone(
                self._recipe, self._tokenizer, seed=self.seed, priors=self._priors, supervised=self._supervised
            )
            step = TrainingStep(model, weights, training.merge).train()
            trained = [p for p in step.parameters() if p.requires_grad]
            optimiser = torch.optim.AdamW(parameter_groups(step, training), betas=(0.9, 0.98))

            def measured() -> dict[str, float]:
                held_out = self._held_out.everything(rows=VALIDATION_ROWS, share=Share())
                with torch.autocast("cpu", torch.bfloat16):  # half the time; the trials are compared with one another
                    return validate(step, step, held_out, "cpu", dict).losses

            for number in range(1, training.steps + 1):
                (batch,) = self._data.step(
                    number, rows=training.rows_per_step, head_rows=training.head_rows_per_step, seed=self.seed, share=Share()
                )
                torch.manual_seed(random.Random(f"{self.seed}:search:{number}").getrandbits(62))  # noqa: S311
                set_rates(optimiser.param_groups, number, training)
                optimiser.zero_grad()
                step(batch, step.counts(batch)).total.backward()
                torch.nn.utils.clip_grad_norm_(trained, training.clip)
                optimiser.step()
                if number in rungs:
                    look(number, measured())
                    step.train()
            return measured()

    def score(self, losses: Mapping[str, float]) -> float:
        """Mean over the objectives that have a baseline of 1 - loss / baseline; NaN when a loss is not finite."""
        gains = [1 - losses[name] / baseline for name, baseline in self.baselines.items() if name in losses]
        return sum(gains) / len(gains) if all(math.isfinite(gain) for gain in gains) else math.nan
