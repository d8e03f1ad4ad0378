"""Shared by the whole suite: the tests never see the developer's own artifacts or instance."""

import os

import pytest
from hypothesis import settings

settings.register_profile("pixel", deadline=None)  # how fast an example is depends on who else uses the machine
settings.load_profile("pixel")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # there are as many workers as cores
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """Every test has its own home; what the shell or .env set does not leak in."""
    for name in ("PIXEL_RECIPE", "PIXEL_CLUSTER", "PIXEL_KNOWLEDGE_DIR", "PIXEL_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def reference():
    """The folder of reference data; the test is skipped where PIXEL_REFERENCE_DATA does not name it."""
    from pathlib import Path

    folder = os.environ.get("PIXEL_REFERENCE_DATA")
    if not folder:
        pytest.skip("PIXEL_REFERENCE_DATA is not set: the reference data are not part of the project")
    return Path(folder)
