"""Launching: a cluster description becomes DeepSpeed's command line, environment and configuration."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from pixel_core.recipe import Positive, Section, TrainingRecipe

INTERRUPTED = 75  # exit status of a rank that saved and left on a signal; EX_TEMPFAIL: starting again continues


class ClusterError(ValueError):
    """A cluster is unknown or malformed, or does not divide the recipe's batch; the message names the remedy."""


class Cluster(Section):
    """Where training runs: machines, ranks, and what fits into one rank."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Name of the cluster, as in `PIXEL_CLUSTER`."""
    accelerator: Literal["cpu", "cuda"]
    """Device of a rank; `cpu` ranks talk over gloo, `cuda` ranks over nccl."""
    nodes: Positive
    """Machines."""
    ranks: Positive
    """Processes a machine; with `cuda` one a GPU."""
    rows_per_rank: Positive
    """Packed rows of a micro-batch at most; gradients are accumulated up to `training.rows_per_step`."""
    threads: Positive
    """OMP_NUM_THREADS of a rank."""
    offload: Literal["none", "cpu"]
    """Where ZeRO keeps the optimiser's state."""
    hostfile: str | None
    """DeepSpeed hostfile (`host slots=n` lines), needed for more than one machine."""

    @property
    def world(self) -> int:
        """Ranks of all machines."""
        return self.nodes * self.ranks


def cluster_names() -> tuple[str, ...]:
    """The clusters that ship with the package."""
    folder = files("pixel_core") / "clusters"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_cluster(name_or_path: str | Path = "local-cpu") -> Cluster:
    """The cluster of a packaged name or a YAML path; raises ClusterError."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ClusterError(f"cluster file {path} does not exist")
        text = path.read_text(encoding="utf-8")
    elif str(name_or_path) in cluster_names():
        text = (files("pixel_core") / "clusters" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        raise ClusterError(f"cluster {name_or_path!r} is not known: use one of {', '.join(cluster_names())}, or a path to a .yaml file")
    try:
        return Cluster.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ClusterError(f"cluster {name_or_path}: {error}") from error


def micro_batches(training: TrainingRecipe, cluster: Cluster) -> tuple[int, int]:
    """Rows of a rank's micro-batch, and micro-batches a step: rows x micro-batches x ranks = rows_per_step.

    Raises ClusterError when the ranks do not divide `training.rows_per_step`.
    """
    per_rank, left = divmod(training.rows_per_step, cluster.world)
    if left or not per_rank:
        raise ClusterError(
            f"training.rows_per_step = {training.rows_per_step} cannot be divided by the {cluster.world} ranks of cluster {cluster.name}: "
            f"set it to a multiple of {cluster.world}"
        )
    rows = max(n for n in range(1, cluster.rows_per_rank + 1) if per_rank % n == 0)
    return rows, per_rank // rows


def deepspeed_config(training: TrainingRecipe, cluster: Cluster) -> dict[str, Any]:
    """DeepSpeed's configuration: batch equation, bf16, ZeRO, AdamW, clipping. The loop sets the learning rate itself."""
    rows, accumulation = micro_batches(training, cluster)
    zero: dict[str, Any] = {"stage": training.zero_stage, "overlap_comm": cluster.accelerator == "cuda"}
    if training.zero_stage == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    if cluster.offload == "cpu":
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": cluster.accelerator == "cuda"}
    return {
        "train_batch_size": training.rows_per_step,
        "train_micro_batch_size_per_gpu": rows,
        "gradient_accumulation_steps": accumulation,
        "bf16": {"enabled": True},
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": False,
        "optimizer": {
            "type": "AdamW",
            # torch's own AdamW needs no compiler; DeepSpeed's fused one would be built on first use
            "params": {"lr": training.learning_rate, "betas": [0.9, 0.98], "eps": 1e-8, "weight_decay": 0.0, "torch_adam": True},
        },
        "gradient_clipping": training.clip,
        "steps_per_print": 1_000_000,  # the loop reports; DeepSpeed's own lines would double it
        "wall_clock_breakdown": False,
    }


def command(cluster: Cluster, module: str, arguments: Sequence[str]) -> list[str]:
    """The argument list that starts `python -m <module> <arguments>` on every rank with DeepSpeed's launcher."""
    if cluster.nodes > 1 and not cluster.hostfile:
        raise ClusterError(
            f"cluster {cluster.name} has {cluster.nodes} machines and no hostfile: name one (lines `host slots={cluster.ranks}`)"
        )
    line = [sys.executable, "-m", "deepspeed.launcher.runner", "--num_gpus", str(cluster.ranks), "--num_nodes", str(cluster.nodes)]
    line += ["--master_port", str(free_port()), "--log_level", "warning", "--no_local_rank"]
    if cluster.hostfile:
        line += ["--hostfile", cluster.hostfile]
    return [*line, "--module", module, *arguments]


def environment(cluster: Cluster) -> dict[str, str]:
    """What the ranks need in their environment beside the caller's own."""
    more = {"OMP_NUM_THREADS": str(cluster.threads), "TOKENIZERS_PARALLELISM": "false"}
    if cluster.accelerator == "cuda":
        return more
    # every expert sees another number of tokens at every step, and oneDNN keeps a kernel for each size: 2.2 GB a rank instead of 1.0
    few = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}
    return more | few | {"DS_ACCELERATOR": "cpu"}


def free_port() -> int:
    """A TCP port that nobody listened on a moment ago; every launch takes its own, so that runs do not meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
