"""The search for loss weights: seeded, honest about its start, and the same bytes again."""

import json

import optuna
import polars as pl
import pytest

from pixel_core.recipe import load_recipe
from pixel_core.training.calibration import Calibration
from pixel_core.training.search import BEST, HISTORY, STUDY, TRIALS, search_weights
from pixel_core.training.search_quality import check_search
from pixel_core.training.study import STARTUP
from pixel_core.training.validation import Validation

RECIPE = load_recipe(
    "tiny", ["training.rows_per_step=2", "training.head_rows_per_step=2", "training.search_trials=3", "training.search_steps=2"]
)


def search(packed, out, **more):
    return search_weights(packed, out, model=RECIPE.model, training=RECIPE.training, seed=RECIPE.seed, **more)


@pytest.fixture(scope="module")
def found(packed, tmp_path_factory):
    return search(packed, tmp_path_factory.mktemp("search") / "loss_weight_search")


def test_the_first_trial_has_the_recipes_own_weights(found):
    rows = pl.read_parquet(found.folder / TRIALS).rows(named=True)
    first = {pair["objective"]: pair["value"] for pair in rows[0]["weights"]}
    assert first == pytest.approx(dict(RECIPE.training.weights))
    assert len({json.dumps(row["weights"]) for row in rows}) == 3


def test_a_score_is_the_mean_gain_over_the_baselines(found):
    for row in pl.read_parquet(found.folder / TRIALS).iter_rows(named=True):
        baselines = {pair["objective"]: pair["value"] for pair in row["baselines"]}
        losses = {pair["objective"]: pair["value"] for pair in row["losses"]}
        gains = [1 - losses[name] / baselines[name] for name in baselines]
        assert row["score"] == pytest.approx(sum(gains) / len(gains))
        assert set(baselines) == {"language", "emotions", "empathy", "persona"}


def test_trials_are_compared_by_heads_as_a_checkpoint_would_hold_them(packed, tmp_path, monkeypatch):
    """What a head says too loudly is calibrated away before it is stored: it must not decide which weights are best."""

    def trained(self, training, seed, **_):
        return Validation({**self.baselines, "emotions": 9.0}, {"emotions": Calibration(0.5, 0.0, 0.0)}, {})

    monkeypatch.setattr("pixel_core.training.bench.Bench.train", trained)
    built = search(packed, tmp_path / "search")
    assert built.summary.figures["best_score"] == pytest.approx(1 / 4), "the emotions cost nothing, the other three what their baselines do"


def test_the_best_is_named_in_the_form_of_a_recipe(found):
    assert check_search(found.folder).passed
    best = json.loads((found.folder / BEST).read_text())
    load_recipe("tiny", [f"training.weights={json.dumps(best['weights'])}"])
    assert (found.folder / HISTORY).read_bytes().startswith(b"\x89PNG")


def test_searching_again_gives_the_same_bytes(found, packed, tmp_path):
    assert search(packed, found.folder).skipped
    assert search(packed, tmp_path / "again").manifest.files == found.manifest.files


class Killed(Exception):
    """What a test kills a search with."""


@pytest.fixture(scope="module")
def long():
    """The recipe of a search that may give trials up."""
    return load_recipe("tiny", ["training.search_trials=12", "training.search_steps=6", "training.rows_per_step=2"])


def loss_of(weights, step):
    """Losses that a simple rule gives: the smaller the weight of emotions, the better, from the first look on."""
    return {"language": 8.0 - step / 10, "emotions": weights["emotions"] / 100, "empathy": 1.0, "persona": 0.4}


def quick(monkeypatch, die_at=None):
    """Let every trial have the losses of the rule; the process dies at the end of trial `die_at`."""
    seen = []

    def train(self, training, seed, *, purpose, rungs, look):
        if len(seen) == die_at:
            raise Killed
        seen.append(training.weights)
        for step in sorted(rungs):
            look(step, Validation(loss_of(training.weights, step), {}, {}))
        return Validation(loss_of(training.weights, training.steps), {}, {})

    monkeypatch.setattr("pixel_core.training.bench.Bench.train", train)
    return seen


@pytest.fixture(scope="module")
def whole(long, packed, tmp_path_factory):
    """A long search that nobody interrupted."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        quick(monkeypatch)
        folder = tmp_path_factory.mktemp("long") / "search"
        return search_weights(packed, folder, model=long.model, training=long.training, seed=3)


def test_what_stays_below_the_median_is_given_up_and_marked(whole):
    trials = pl.read_parquet(whole.folder / TRIALS)
    pruned = trials.filter(state="pruned")
    assert 0 < pruned.height == whole.summary.figures["pruned"] < 12 - STARTUP
    assert pruned["trial"].min() >= STARTUP
    assert pruned["score"].null_count() == pruned.height
    assert check_search(whole.folder).passed
    best = trials.sort("score", descending=True, nulls_last=True).row(0, named=True)
    assert json.loads((whole.folder / BEST).read_text())["trial"] == best["trial"]


def test_the_study_opens_in_optuna_with_every_trial(whole):
    study = optuna.load_study(study_name="loss_weight_search", storage=f"sqlite:///{whole.folder / STUDY}")
    rows = pl.read_parquet(whole.folder / TRIALS)
    assert [trial.state.name.lower() for trial in study.trials] == rows["state"].to_list()
    assert study.best_trial.value == pytest.approx(rows["score"].max())
    assert not list(whole.folder.glob("study.db-*"))


def test_a_killed_search_goes_on_and_comes_to_the_same_bytes(whole, long, packed, tmp_path, monkeypatch):
    quick(monkeypatch, 7)
    with pytest.raises(Killed):
        search_weights(packed, tmp_path / "search", model=long.model, training=long.training, seed=3)
    again = quick(monkeypatch)
    built = search_weights(packed, tmp_path / "search", model=long.model, training=long.training, seed=3)
    assert len(again) == 12 - 7
    assert built.manifest.files == whole.manifest.files
    assert sorted(path.name for path in tmp_path.iterdir()) == [".search.lock", "search"]


def test_a_torn_study_begins_anew(long, packed, tmp_path, monkeypatch):
    quick(monkeypatch, 2)
    with pytest.raises(Killed):
        search_weights(packed, tmp_path / "search", model=long.model, training=long.training, seed=3)
    [study] = tmp_path.glob(".search.*.db")
    study.write_bytes(study.read_bytes()[:5000] + b"x" * 3000)
    again = quick(monkeypatch, 1)
    with pytest.raises(Killed):
        search_weights(packed, tmp_path / "search", model=long.model, training=long.training, seed=3)
    assert len(again) == 1


def test_a_trial_that_diverges_fails_alone_and_is_told(packed, tmp_path):
    few = {"learning_rate": 1e30, "search_trials": 2, "search_steps": 3, "rows_per_step": 2}
    wild = load_recipe("tiny", [f"training.{key}={value}" for key, value in few.items()])
    built = search_weights(packed, tmp_path / "search", model=wild.model, training=wild.training, seed=1)
    assert built.summary.figures["best_score"] is None
    findings = check_search(built.folder)
    assert not findings.passed
    assert any(f.reasons == {"trial_0": 1, "trial_1": 1} for f in findings.failed)
