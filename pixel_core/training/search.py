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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.recipe import ModelRecipe, TrainingRecipe
from pixel_core.training.bench import BY_OBJECTIVE, Bench, by_objective, calibrated, gains
from pixel_core.training.study import STARTUP, run_study, write_study

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

    from pixel_core.training.validation import Validation

KIND = "loss_weight_search"
VERSION = "4"
TRIALS, BEST, STUDY, HISTORY = "trials.parquet", "best.json", "study.db", "history.png"
SPREAD = 4.0  # a trial's weights lie between a quarter of the recipe's and four times them

TRIALS_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "trial": pl.Int64,
        "state": pl.String,  # complete | pruned: given up below the median of the earlier ones | fail: a loss was not finite
        "score": pl.Float64,  # mean over objectives of 1 - loss / baseline; null unless the trial is complete
        "weights": BY_OBJECTIVE,
        "losses": BY_OBJECTIVE,  # last validation loss of the trial, heads as calibrated
        "baselines": BY_OBJECTIVE,  # of the unigram model, and of each head's training prior
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
        write=lambda folder: _write(folder, study, Bench(packed, model), training, seed),
        force=force,
    )
    study.unlink(missing_ok=True)
    return built


def _write(folder: Path, study: Path, bench: Bench, training: TrainingRecipe, seed: int) -> Summary:
    from optuna import TrialPruned

    from pixel_core.training.plots import draw_history

    tuned = [name for name, weight in training.weights.items() if weight > 0 and name != "language"]
    rungs = {training.search_steps // 3, 2 * training.search_steps // 3} - {0} if training.search_trials > STARTUP else set()

    def score(trial: Trial) -> float:
        own = {
            name: trial.suggest_float(name, training.weights[name] / SPREAD, training.weights[name] * SPREAD, log=True) for name in tuned
        }
        weights = {**training.weights, **own}
        trial.set_user_attr("weights", weights)

        def look(step: int, found: Validation) -> None:
            trial.set_user_attr("losses", losses := calibrated(found))
            trial.report(_score(losses, bench.baselines), step)
            if trial.should_prune():
                logger.info("trial %d of %d: given up at step %d", trial.number + 1, training.search_trials, step)
                raise TrialPruned

        short = training.model_copy(update={"steps": training.search_steps, "weights": weights})
        losses = calibrated(bench.train(short, seed, purpose="search", rungs=rungs, look=look))
        trial.set_user_attr("losses", losses)
        value = _score(losses, bench.baselines)
        logger.info("trial %d of %d: score %.4f", trial.number + 1, training.search_trials, value)
        return value

    # gradients or a score that are not finite mark their trial as failed, and the search goes on
    done = run_study(study, training.search_trials, seed, score, {name: training.weights[name] for name in tuned})
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
            "weights": by_objective(trial.user_attrs["weights"]),
            "losses": by_objective(trial.user_attrs.get("losses", {})),
            "baselines": by_objective(baselines),
        }
        for trial in done
    ]
    return pl.DataFrame(rows, schema=TRIALS_SCHEMA)


def _score(losses: Mapping[str, float], baselines: Mapping[str, float]) -> float:
    """Mean over the objectives that have a baseline of 1 - loss / baseline; NaN when a loss is not finite."""
    found = gains(losses, baselines)
    return sum(found.values()) / len(found) if all(map(math.isfinite, found.values())) else math.nan
