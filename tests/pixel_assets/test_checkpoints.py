"""Announcing: every valid checkpoint once a content, a broken one never, and the others all the same."""

import logging

import dagster as dg
import pytest

from pixel_assets import paths
from pixel_assets.checkpoints import ASSET, announce_checkpoints, latest_run
from pixel_assets.partitions import checkpoints
from tests.pixel_core.training.checkpoint_folders import flip, write


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def run():
    folder = paths.artifact("training_run") / "tiny-0123456789ab"
    for step in (0, 20, 100):
        write(folder, step)
    return folder


def events(instance, key):
    records = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=ASSET, asset_partitions=[key]), limit=10).records
    return [record.asset_materialization for record in records]


def test_every_valid_checkpoint_becomes_a_partition_in_step_order(instance, run):
    keys = ["tiny-0123456789ab.0", "tiny-0123456789ab.20", "tiny-0123456789ab.100"]
    assert announce_checkpoints(instance) == keys
    assert set(instance.get_dynamic_partitions(checkpoints.name)) == set(keys)
    (event,) = events(instance, keys[1])
    assert event.metadata["step"].value == 20
    assert event.metadata["run"].value == "tiny-0123456789ab"
    assert event.tags["dagster/data_version"] == event.metadata["digest"].value


def test_a_second_look_announces_nothing(instance, run):
    announce_checkpoints(instance)
    assert announce_checkpoints(instance) == []
    assert len(events(instance, "tiny-0123456789ab.20")) == 1


def test_new_content_under_an_old_name_is_announced_again(instance, run):
    announce_checkpoints(instance)

    def other(folder):
        (folder / "model.safetensors").write_bytes(b"trained anew")

    write(run, 20, write_model=other)
    assert announce_checkpoints(instance) == ["tiny-0123456789ab.20"]
    assert len(events(instance, "tiny-0123456789ab.20")) == 2


def test_a_broken_one_is_named_and_the_others_are_announced(instance, run, caplog):
    flip(run / "checkpoint-20" / "model.safetensors")
    (run / "checkpoint-0" / "manifest.json").write_text("{}")
    with caplog.at_level(logging.WARNING):
        assert announce_checkpoints(instance) == ["tiny-0123456789ab.100"]
    assert "tiny-0123456789ab.20" in caplog.text
    assert "model.safetensors" in caplog.text
    assert "tiny-0123456789ab.0 " in caplog.text
    assert instance.get_dynamic_partitions(checkpoints.name) == ["tiny-0123456789ab.100"]


def test_one_that_is_being_written_is_left_in_peace(instance, run, caplog):
    (run / "checkpoint-200").mkdir()
    (run / ".checkpoint-300.staging").mkdir()
    assert len(announce_checkpoints(instance)) == 3
    assert "checkpoint-200" not in caplog.text


def test_all_runs_are_looked_at(instance, run):
    write(run.parent / "other-0123456789ab", 40)
    assert "other-0123456789ab.40" in announce_checkpoints(instance)


def test_without_any_run_there_is_nothing_to_announce(instance):
    assert announce_checkpoints(instance) == []
    assert latest_run() is None
