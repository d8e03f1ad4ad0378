"""The cluster that a training run starts on: `PIXEL_CLUSTER`, or two CPU ranks of this machine."""

import os


def cluster_name() -> str:
    """`PIXEL_CLUSTER` (a packaged name, or a path to a .yaml file), or `local-cpu`; `load_cluster` reads it."""
    return os.environ.get("PIXEL_CLUSTER") or "local-cpu"
