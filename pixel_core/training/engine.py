"""The DeepSpeed engine of a run: started, saved, resumed and asked for its whole weights. All of it is collective."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

from pixel_core.recipe import TrainingRecipe
from pixel_core.training.launch import Cluster, deepspeed_config
from pixel_core.training.optimisation import parameter_groups
from pixel_core.training.step import TrainingStep

TAG = "state"


def join_ranks(cluster: Cluster) -> tuple[int, int]:
    """Join the process group that the launcher's environment describes; returns this rank and their number.

    Raises ValueError when the launcher started another number of ranks than the cluster has.
    """
    import deepspeed
    import deepspeed.ops

    # DeepSpeed still calls collectives by names that torch has marked for renaming: a line a rank and step
    warnings.filterwarnings("ignore", message="`torch.distributed", category=FutureWarning)
    logging.getLogger("DeepSpeed").setLevel(logging.WARNING)
    if cluster.accelerator == "cpu":
        # DeepSpeed would compile its shared-memory all-reduce (35 s, a compiler), which only tensor-parallel inference uses
        vars(deepspeed.ops)["__compatible_ops__"] = {}
    deepspeed.init_distributed()
    rank, world = distributed.get_rank(), distributed.get_world_size()
    if world != cluster.world:
        raise ValueError(f"{world} ranks were started and cluster {cluster.name} has {cluster.world}: start it with its own command line")
    return rank, world


def start_engine(step: TrainingStep, training: TrainingRecipe, cluster: Cluster) -> Any:
    """The engine around a training step, in bf16, with the recipe's ZeRO stage and parameter groups."""
    import deepspeed

    groups = parameter_groups(step, training)
    return deepspeed.initialize(model=step, model_parameters=groups, config=deepspeed_config(training, cluster))[0]


def whole_weights(engine: Any) -> dict[str, Tensor] | None:
    """The weights of the engine's PixelModel, in bf16 on the CPU, on rank 0; None on the others.

    Weights that are frozen in the backbone (all but the adapters, with LoRA) are left out. One parameter at a time is
    gathered, so that no rank ever holds the whole model on its device.
    """
    from deepspeed.runtime.zero import GatheredParameters

    partitioned, first = engine.zero_optimization_partition_weights(), distributed.get_rank() == 0
    gathered: dict[int, Tensor] = {}  # tied weights stay one tensor
    state: dict[str, Tensor] = {}
    for name, parameter in engine.module.named_parameters(remove_duplicate=False):
        if name.startswith("model.backbone.") and not parameter.requires_grad:
            continue
        with GatheredParameters([parameter], enabled=partitioned):
            if first:
                state[name] = gathered.setdefault(id(parameter), parameter.detach().to("cpu", copy=True))
    own = dict(engine.module.named_parameters(remove_duplicate=False))
    state |= {name: value.to("cpu") for name, value in engine.module.state_dict().items() if name not in own}  # buffers
    return {name.removeprefix("model."): tensor for name, tensor in state.items()} if first else None


def save_engine(engine: Any, folder: Path) -> None:
    """Write the engine's state for resuming; frozen weights are not part of it."""
    engine.save_checkpoint(str(folder), tag=TAG, exclude_frozen_parameters=True)


def resume_engine(engine: Any, folder: Path) -> None:
    """Read the state that `save_engine` wrote, with as many ranks as then; raises RuntimeError when it cannot be read."""
    # not strict, since frozen weights are not stored: they come from the recipe again
    path, _ = engine.load_checkpoint(str(folder), tag=TAG, load_module_strict=False, load_lr_scheduler_states=False)
    if path is None:
        raise RuntimeError(f"DeepSpeed found no state in {folder}")


def summed(values: Mapping[str, float], device: str) -> dict[str, float]:
    """Each value summed over all ranks; every rank gives the same names in the same order."""
    vector = torch.tensor(list(values.values()), dtype=torch.float64, device=device)
    distributed.all_reduce(vector)
    return dict(zip(values, vector.tolist(), strict=True))
