"""The training assets through Dagster: two DeepSpeed ranks, their log in the run, their checkpoints as partitions."""

import dagster as dg
import pytest

from pixel_assets import paths
from pixel_assets.checkpoints import announce_checkpoints, checkpoint_of, latest_run
from pixel_assets.definitions import defs
from pixel_assets.partitions import checkpoints
from tests.pixel_core.training.conftest import write_sources

SMALL = {
    "model.vocabulary": "400",
    "training.sequence_length": "128",
    "training.steps": "2",
    "training.rows_per_step": "4",
    "training.checkpoint_every": "2",
    "training.validate_every": "2",
}


def materialize(instance, *names, force=False):
    job = (
        defs()
        .resolve_implicit_global_asset_job_def()
        .get_subset(asset_selection={dg.AssetKey(name) for name in names}, asset_check_selection=set())
    )
    config = {"ops": {name: {"config": {"overrides": SMALL, "force": force}} for name in names}}
    return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)


@pytest.mark.slow
def test_a_run_from_the_mixture_to_announced_checkpoints():
    write_sources(paths.home() / "artifacts")
    with dg.instance_for_test() as instance:
        result = materialize(instance, "packed_dataset", "training_run")
        assert result.success
        (event,) = result.asset_materializations_for_node("training_run")
        run = event.metadata["run"].value
        assert latest_run() == run
        assert event.metadata["language_loss"].value < event.metadata["language_loss_first"].value
        assert event.metadata["tokens_per_second"].value > 0
        assert event.metadata["curves"].value.startswith("![curves](data:image/png;base64,")
        told = [entry.user_message for entry in instance.all_logs(result.run_id)]
        assert any("step 2: validation_language" in message for message in told), "what rank 0 reports should reach the run"
        assert sum("checkpoint at step 2" in message for message in told) == 1, "only rank 0 reports"

        assert announce_checkpoints(instance) == [f"{run}.0", f"{run}.2"]
        assert set(instance.get_dynamic_partitions(checkpoints.name)) == {f"{run}.0", f"{run}.2"}
        assert (checkpoint_of(f"{run}.2") / "manifest.json").is_file()

        again = materialize(instance, "training_run")
        assert again.asset_materializations_for_node("training_run")[0].metadata["skipped"].value is True
        told = [entry.user_message for entry in instance.all_logs(again.run_id)]
        assert not any("validation_language" in message for message in told)


@pytest.mark.slow
def test_a_run_that_cannot_start_fails_the_step_with_its_reason(monkeypatch, tmp_path):
    write_sources(paths.home() / "artifacts")
    odd = tmp_path / "odd.yaml"
    odd.write_text("{name: odd, accelerator: cpu, nodes: 1, ranks: 3, rows_per_rank: 1, threads: 1, offload: none, hostfile: null}")
    monkeypatch.setenv("PIXEL_CLUSTER", str(odd))
    with dg.instance_for_test() as instance:
        result = materialize(instance, "packed_dataset", "training_run")
        assert not result.success
        assert "multiple of 3" in result.failure_data_for_node("training_run").error.to_string()


def test_the_sensor_announces_and_says_so():
    from pixel_assets.defs.training.sensors import new_checkpoints
    from tests.pixel_core.training.checkpoint_folders import write

    write(paths.artifact("training_run") / "tiny-0123456789ab", 20)
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance)
        assert "tiny-0123456789ab.20" in new_checkpoints(context).skip_message
        assert new_checkpoints(context).skip_message == "no new checkpoint"
        assert instance.get_dynamic_partitions(checkpoints.name) == ["tiny-0123456789ab.20"]


def test_a_key_of_another_form_is_refused():
    with pytest.raises(ValueError, match="named <run>"):
        checkpoint_of("latest")
    with pytest.raises(ValueError, match="cannot name"):
        checkpoint_of("../x.20")
