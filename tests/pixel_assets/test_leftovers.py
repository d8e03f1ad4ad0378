"""A `pixel run` that was killed in a step of a pool must not keep the next one waiting for ever."""

import logging

import dagster as dg
import pytest
from filelock import FileLock

from pixel_assets.leftovers import WALK, end_dead_runs, living_walk


@pytest.fixture
def instance():
    with dg.instance_for_test() as found:
        found.event_log_storage.set_concurrency_slots("cpu", 1)
        yield found


def started(instance, walk):
    """An open run that holds the only slot of the pool `cpu`, of a walk or of somebody else (None)."""
    run = instance.create_run_for_job(dg.job(name="some")(lambda: None), tags={WALK: walk} if walk else {})
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run.run_id)
    assert instance.event_log_storage.claim_concurrency_slot("cpu", run.run_id, "step").is_claimed
    return run.run_id


def holders(instance):
    return instance.event_log_storage.get_concurrency_info("cpu").active_run_ids


def status(instance, run_id):
    return instance.get_run_by_id(run_id).status


def test_the_run_of_a_dead_walk_is_ended_and_its_slot_is_free(instance, tmp_path):
    run_id = started(instance, "dead")
    assert holders(instance) == {run_id}
    assert end_dead_runs(instance, tmp_path) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert not holders(instance)
    assert end_dead_runs(instance, tmp_path) == []


def test_the_run_of_a_living_walk_keeps_its_slot_and_is_told(instance, caplog):
    with living_walk(instance) as walk:
        run_id = started(instance, walk)
        with caplog.at_level(logging.WARNING), living_walk(instance) as other:
            assert other != walk
        assert status(instance, run_id) == dg.DagsterRunStatus.STARTED
        assert holders(instance) == {run_id}
        assert f"run {run_id} holds a slot of pool cpu" in caplog.text


def test_a_run_that_no_walk_started_is_left_alone(instance, tmp_path):
    run_id = started(instance, None)
    assert end_dead_runs(instance, tmp_path) == []
    assert holders(instance) == {run_id}


def test_a_lock_that_is_held_is_a_living_walk(instance, tmp_path):
    run_id = started(instance, "alive")
    with FileLock(tmp_path / "alive"):
        assert end_dead_runs(instance, tmp_path) == []
    assert end_dead_runs(instance, tmp_path) == [run_id]
