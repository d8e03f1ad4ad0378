"""What `pixel run` makes of steps that fail and of checks that raise."""

from importlib.resources import files

import dagster as dg
import pytest

import pixel_assets.definitions
from pixel_assets.config import Build
from pixel_assets.report import problems
from pixel_assets.walk import walk
from pixel_core.recipe import RecipeError


@dg.asset(group_name="knowledge")
def documents(config: Build) -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset(group_name="knowledge", deps=[documents])
def passages(config: Build) -> dg.MaterializeResult:
    return dg.MaterializeResult()


def check(asset, blocking, passed=None):
    """A check that gives this answer, or raises where there is none to give."""

    @dg.asset_check(asset=asset, blocking=blocking, name="whole")
    def _check() -> dg.AssetCheckResult:
        if passed is None:
            raise KeyError("column 'id' is gone")
        return dg.AssetCheckResult(passed=passed, description="3 failing rows")

    return _check


def walked(monkeypatch, *checks, assets=(documents, passages), build=None):
    monkeypatch.setattr(pixel_assets.definitions, "defs", lambda: dg.Definitions(assets=list(assets), asset_checks=list(checks)))
    with dg.instance_for_test() as instance:
        monkeypatch.setattr(dg.DagsterInstance, "get", lambda: instance)
        return list(walk(build or Build(), ["knowledge"], "CRITICAL"))


def test_a_check_that_holds_is_counted(monkeypatch):
    outcomes = walked(monkeypatch, check("documents", True, passed=True))
    assert [(o.succeeded, dict(o.checks)) for o in outcomes] == [(True, {"whole": True}), (True, {})]


@pytest.mark.parametrize("blocking", [True, False])
def test_a_check_that_raises_fails_its_asset_and_is_told(monkeypatch, blocking):
    outcomes = walked(monkeypatch, check("passages", blocking))
    assert [o.succeeded for o in outcomes] == [True, False]
    assert outcomes[1].checks == {"whole": False}
    assert "passages: check whole failed: no answer" in problems(outcomes)
    assert "column 'id' is gone" in problems(outcomes)


@pytest.mark.parametrize("passed", [False, None])
def test_what_stands_below_a_failed_blocking_check_says_why_it_is_not_there(monkeypatch, passed):
    outcomes = walked(monkeypatch, check("documents", True, passed=passed))
    assert [o.succeeded for o in outcomes] == [False, False]
    assert "passages: not built, because a step above it failed" in problems(outcomes)


def test_an_asset_that_raises_is_told_by_its_own_error(monkeypatch):
    @dg.asset(group_name="knowledge")
    def documents(config: Build) -> dg.MaterializeResult:
        raise ValueError("no documents below nowhere")

    outcomes = walked(monkeypatch, assets=(documents, passages))
    assert problems(outcomes).splitlines() == [
        "documents: ValueError: no documents below nowhere",
        "passages: not built, because a step above it failed",
    ]


def test_a_recipe_that_is_edited_during_a_run_changes_the_next_one_alone(monkeypatch, tmp_path):
    recipe, seen = tmp_path / "own.yaml", []
    shipped = (files("pixel_core") / "recipes" / "tiny.yaml").read_text(encoding="utf-8")
    recipe.write_text(shipped)

    @dg.asset(group_name="knowledge")
    def first(config: Build) -> None:
        seen.append(config.load().seed)
        recipe.write_text(shipped.replace("\nseed: ", "\nseed: 9"))

    @dg.asset(group_name="knowledge", deps=[first])
    def second(config: Build) -> None:
        seen.append(config.load().seed)

    assert all(o.succeeded for o in walked(monkeypatch, assets=(first, second), build=Build(recipe=str(recipe))))
    assert seen[0] == seen[1]
    recipe.write_text("no recipe")
    with pytest.raises(RecipeError):
        Build(recipe=str(recipe)).load()
    recipe.write_text(shipped.replace("\nseed: ", "\nseed: 9"))
    assert Build(recipe=str(recipe)).load().seed != seen[0]
