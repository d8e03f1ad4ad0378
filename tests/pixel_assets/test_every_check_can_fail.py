"""For every asset check the suite holds an artifact that fails it, run through Dagster as the UI does."""

import importlib
import pkgutil

import dagster as dg
import pytest

import tests.broken
from pixel_assets.definitions import defs


def broken(name):
    """(asset, check), and what is wrong where a check has several, -> function that writes an artifact which the check must fail."""
    found = {}
    for module in pkgutil.iter_modules(tests.broken.__path__):
        found |= getattr(importlib.import_module(f"tests.broken.{module.name}"), name, {})
    return found


DEFINITIONS = defs()
GRAPH = DEFINITIONS.resolve_asset_graph()
CHECKS = sorted(GRAPH.asset_check_keys, key=lambda key: (key.asset_key, key.name))
BROKEN, ALSO_BROKEN = broken("BROKEN"), broken("ALSO_BROKEN")


def test_every_asset_has_a_check():
    checked = {key.asset_key for key in CHECKS}
    assert {key.to_user_string() for key in GRAPH.get_all_asset_keys() if key not in checked} == set()


def test_no_broken_artifact_is_for_a_check_that_is_gone():
    assert set(BROKEN) == {(key.asset_key.to_user_string(), key.name) for key in CHECKS}


@pytest.mark.parametrize("key", CHECKS, ids=lambda key: f"{key.asset_key.to_user_string()}-{key.name}")
def test_the_check_fails_its_broken_artifact(key, tmp_path, monkeypatch):
    fails(key, BROKEN[(key.asset_key.to_user_string(), key.name)], tmp_path, monkeypatch)


@pytest.mark.parametrize("case", ALSO_BROKEN, ids="-".join)
def test_the_check_fails_each_other_broken_artifact(case, tmp_path, monkeypatch):
    [key] = [key for key in CHECKS if (key.asset_key.to_user_string(), key.name) == case[:2]]
    fails(key, ALSO_BROKEN[case], tmp_path, monkeypatch)


def fails(key, write, tmp_path, monkeypatch):
    """Run the check over what `write` makes: it must answer, and say no for its own reason."""
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path))
    partition = write(tmp_path)
    job = DEFINITIONS.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(), asset_check_selection={key})
    with dg.instance_for_test() as instance:
        if partition and isinstance(GRAPH.get(key.asset_key).partitions_def, dg.DynamicPartitionsDefinition):
            instance.add_dynamic_partitions(GRAPH.get(key.asset_key).partitions_def.name, [partition])
        tags = {"dagster/partition": partition} if partition else None
        result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
        evaluations = {e.check_name: e for e in result.get_asset_check_evaluations()}
        assert key.name in evaluations, "the check raised instead of answering"
        assert not evaluations[key.name].passed
        assert "error" not in evaluations[key.name].metadata, "it failed for an invalid artifact, not for the check's own reason"
