"""The cluster that a training run starts on: `PIXEL_CLUSTER`, or two CPU ranks of this machine."""

import os

from pixel_core.training.launch import Cluster, load_cluster


def resolve_cluster() -> Cluster:
    """The cluster of `PIXEL_CLUSTER` (a packaged name or a path to a .yaml file), or `local-cpu`; raises ClusterError."""
    return load_cluster(os.environ.get("PIXEL_CLUSTER") or "local-cpu")
