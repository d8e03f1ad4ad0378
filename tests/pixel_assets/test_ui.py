"""The real UI: webserver and daemon as a user starts them, a checkpoint that appears, and a leaderboard that has its row."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from pixel_assets.definitions import defs
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.recipe import load_recipe
from tests.pixel_assets.test_evaluation import SMALL, UPSTREAM
from tests.pixel_core.evaluation.world import RUN, write_run, write_world

PROJECT = Path(__file__).parents[2]
ROWS = """
{ assetOrError(assetKey: {path: ["leaderboard"]}) { ... on Asset { assetMaterializations(limit: 1) {
  metadataEntries { label ... on IntMetadataEntry { intValue } } } } } }
"""
FAILED = "{ runsOrError(filter: {statuses: [FAILURE]}) { ... on Runs { results { runId assetSelection { path } } } } }"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose data are materialised and whose run has a base; a small recipe; and the instance of the UI, in the environment."""
    home = tmp_path / "home"
    write_world(home)
    write_run(home, (0, 4))
    (home / "artifacts" / "training_run" / RUN / "checkpoint-4").rename(tmp_path / "checkpoint-4")  # not yet written
    recipe = load_recipe("tiny", [f"{key}={value}" for key, value in SMALL.items()])
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    (tmp_path / "dagster").mkdir()
    for name, value in {
        "PIXEL_HOME": home,
        "PIXEL_DAGSTER_DIR": tmp_path / "dagster",
        "DAGSTER_HOME": PROJECT,
        "PIXEL_RECIPE": tmp_path / "small.yaml",
    }.items():
        monkeypatch.setenv(name, str(value))
    graph = defs().resolve_asset_graph()
    with dg.DagsterInstance.get() as instance:
        for name in UPSTREAM:
            instance.report_runless_asset_event(dg.AssetMaterialization(name))
            for key in graph.get_check_keys_for_assets({dg.AssetKey(name)}):
                found = dg.AssetCheckEvaluation(asset_key=key.asset_key, check_name=key.name, passed=True, metadata={})
                instance.report_runless_asset_event(found)
    return home


@pytest.fixture
def ask(home, tmp_path):
    """Asks the GraphQL of a UI that runs, with its daemon, until the test ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "ui.log").open("wb") as log:
        command = [Path(sys.executable).parent / "pixel", "ui", "--port", str(port)]
        ui = subprocess.Popen(command, env=os.environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    address = f"http://127.0.0.1:{port}"

    def ask(query):
        request = urllib.request.Request(  # noqa: S310
            f"{address}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)["data"]

    try:
        _wait(lambda: _answers(f"{address}/server_info"), 180, tmp_path / "ui.log")
        yield ask
    finally:
        os.killpg(ui.pid, signal.SIGINT)
        try:
            ui.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(ui.pid, signal.SIGKILL)
            ui.wait()


@pytest.mark.slow
@pytest.mark.timeout(2700)
def test_a_checkpoint_that_appears_reaches_the_leaderboard_by_itself(ask, home, tmp_path):
    log = tmp_path / "ui.log"
    _wait(lambda: _rows(ask) == 1, 1200, log)  # the base
    shutil.move(tmp_path / "checkpoint-4", home / "artifacts" / "training_run" / RUN / "checkpoint-4")
    _wait(lambda: _rows(ask) == 2, 1200, log)
    board = pl.read_parquet(home / "artifacts" / "leaderboard" / LEADERBOARD)
    assert sorted(board["checkpoint"]) == [f"{RUN}.0", f"{RUN}.4"]
    assert ask(FAILED)["runsOrError"]["results"] == []


def _rows(ask):
    """How many checkpoints the newest leaderboard has, as the UI tells."""
    materialised = ask(ROWS)["assetOrError"].get("assetMaterializations", [])
    entries = materialised[0]["metadataEntries"] if materialised else []
    return next((entry["intValue"] for entry in entries if entry["label"] == "dagster/row_count"), 0)


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return answer.status == 200
    except OSError:
        return False


def _wait(until, seconds, log):
    ends = time.monotonic() + seconds
    while not until():
        if time.monotonic() > ends:
            pytest.fail(f"not within {seconds} s; the UI said:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(3)
