"""Which cluster a run starts on."""

from pixel_assets.cluster import cluster_name
from pixel_core.training.launch import load_cluster


def test_two_cpu_ranks_by_default(monkeypatch):
    monkeypatch.delenv("PIXEL_CLUSTER", raising=False)
    assert load_cluster(cluster_name()).world == 2
    monkeypatch.setenv("PIXEL_CLUSTER", "")
    assert cluster_name() == "local-cpu"


def test_the_environment_names_another(monkeypatch):
    monkeypatch.setenv("PIXEL_CLUSTER", "a100x8")
    assert load_cluster(cluster_name()).world == 8
