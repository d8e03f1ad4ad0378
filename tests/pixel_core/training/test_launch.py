"""Clusters: the batch equation holds on each, DeepSpeed knows every key, and its launcher takes the command line."""

from unittest.mock import patch

import pytest

from pixel_core.recipe import load_recipe, recipe_names
from pixel_core.training.launch import (
    ClusterError,
    cluster_names,
    command,
    deepspeed_config,
    environment,
    free_port,
    load_cluster,
    micro_batches,
)

RUNS = [("tiny", "local-cpu", 2), ("reference", "local-cpu", 2), ("tiny", "local-gpu", 1), ("qwen3-30b-a3b", "a100x8", 8)]


class Ranks:
    """What DeepSpeed asks of a model-parallel unit, for a world that this machine does not have."""

    def __init__(self, world):
        self._world = world

    def get_data_parallel_world_size(self):
        return self._world


def parsed(config, world):
    from deepspeed import comm
    from deepspeed.runtime.config import DeepSpeedConfig

    with patch.object(comm, "get_rank", return_value=0):  # without a process group DeepSpeed would assume a world of 1
        return DeepSpeedConfig(config, mpu=Ranks(world))


@pytest.mark.parametrize(("recipe", "cluster", "world"), RUNS)
def test_deepspeed_reads_the_config_and_the_batch_equation_holds(recipe, cluster, world):
    training = load_recipe(recipe).training
    config = parsed(deepspeed_config(training, load_cluster(cluster)), world)
    assert config.world_size == world == load_cluster(cluster).world
    assert config.train_batch_size == training.rows_per_step
    assert config.train_micro_batch_size_per_gpu * config.gradient_accumulation_steps * world == training.rows_per_step
    assert config.zero_optimization_stage == training.zero_stage
    assert config.bfloat16_config.enabled
    assert config.gradient_clipping == training.clip


@pytest.mark.parametrize(("recipe", "cluster", "world"), RUNS)
def test_deepspeed_knows_every_key(recipe, cluster, world):
    from deepspeed.runtime import config as top
    from deepspeed.runtime import constants
    from deepspeed.runtime.zero import config as zero

    config = deepspeed_config(load_recipe(recipe).training, load_cluster(cluster))
    known = {
        value for module in (top, constants, zero) for name, value in vars(module).items() if name.isupper() and isinstance(value, str)
    }
    assert set(config) <= known
    assert set(config["zero_optimization"]) <= {field.alias or name for name, field in zero.DeepSpeedZeroConfig.model_fields.items()}


def test_every_recipe_names_a_cluster_that_is_tested():
    assert {recipe for recipe, _, _ in RUNS} == set(recipe_names())
    assert {cluster for _, cluster, _ in RUNS} == set(cluster_names())


@pytest.mark.parametrize(("recipe", "cluster", "world"), RUNS)
def test_deepspeeds_launcher_takes_the_command_line(recipe, cluster, world):
    from deepspeed.launcher.runner import parse_args

    line = command(load_cluster(cluster), "pixel_assets.train_entry", ["--run", "a folder; with $odd characters"])
    assert line[1:3] == ["-m", "deepspeed.launcher.runner"]
    options = parse_args(line[3:])
    assert (options.num_gpus, options.module, options.user_script) == (world, True, "pixel_assets.train_entry")
    assert options.user_args == ["--run", "a folder; with $odd characters"]
    assert not options.bind_cores_to_rank


def test_cpu_ranks_are_told_so_and_others_are_not():
    assert environment(load_cluster("local-cpu"))["DS_ACCELERATOR"] == "cpu"
    assert "DS_ACCELERATOR" not in environment(load_cluster("a100x8"))


def test_gradients_are_accumulated_where_the_rows_of_a_step_do_not_fit():
    cluster = load_cluster("local-cpu")
    at = {rows: micro_batches(load_recipe("tiny", [f"training.rows_per_step={rows}"]).training, cluster) for rows in (2, 8, 10, 12, 16)}
    assert at == {2: (1, 1), 8: (4, 1), 10: (1, 5), 12: (3, 2), 16: (4, 2)}


def test_a_batch_that_the_ranks_cannot_share_is_refused():
    with pytest.raises(ClusterError, match=r"rows_per_step = 7 .* multiple of 2"):
        micro_batches(load_recipe("tiny", ["training.rows_per_step=7"]).training, load_cluster("local-cpu"))


def test_an_unknown_cluster_names_the_known_ones():
    with pytest.raises(ClusterError, match="a100x8, local-cpu, local-gpu"):
        load_cluster("h100x8")


def test_a_cluster_of_ones_own_is_a_file_with_strict_keys(tmp_path):
    path = tmp_path / "mine.yaml"
    own = {"name": "mine", "accelerator": "cuda", "nodes": 2, "ranks": 4, "rows_per_rank": 1, "threads": 4, "offload": "cpu"}
    path.write_text("\n".join(f"{k}: {v}" for k, v in own.items()) + "\nhostfile: null\n")
    with pytest.raises(ClusterError, match="no hostfile"):
        command(load_cluster(path), "m", [])
    path.write_text(path.read_text() + "gpus: 8\n")
    with pytest.raises(ClusterError, match="gpus"):
        load_cluster(path)


def test_offloading_moves_the_optimisers_state():
    cluster = load_cluster("a100x8").model_copy(update={"offload": "cpu"})
    zero = parsed(deepspeed_config(load_recipe("qwen3-30b-a3b").training, cluster), 8).zero_config
    assert zero.offload_optimizer.device == "cpu"


def test_the_port_is_free():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
