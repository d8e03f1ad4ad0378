"""The search for loss weights: seeded, honest about its start, and the same bytes again."""

import json

import polars as pl
import pytest

from pixel_core.recipe import load_recipe
from pixel_core.training.search import BEST, HISTORY, TRIALS, search_weights
from pixel_core.training.search_quality import check_search

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


def test_the_best_is_named_in_the_form_of_a_recipe(found):
    assert check_search(found.folder).passed
    best = json.loads((found.folder / BEST).read_text())
    load_recipe("tiny", [f"training.weights={json.dumps(best['weights'])}"])
    assert (found.folder / HISTORY).read_bytes().startswith(b"\x89PNG")


def test_searching_again_gives_the_same_bytes(found, packed, tmp_path):
    assert search(packed, found.folder).skipped
    assert search(packed, tmp_path / "again").manifest.files == found.manifest.files


def test_a_trial_that_diverges_fails_alone_and_is_told(packed, tmp_path):
    few = {"learning_rate": 1e30, "search_trials": 2, "search_steps": 3, "rows_per_step": 2}
    wild = load_recipe("tiny", [f"training.{key}={value}" for key, value in few.items()])
    built = search_weights(packed, tmp_path / "search", model=wild.model, training=wild.training, seed=1)
    assert built.summary.figures["best_score"] is None
    findings = check_search(built.folder)
    assert not findings.passed
    assert any(f.reasons == {"trial_0": 1, "trial_1": 1} for f in findings.failed)
