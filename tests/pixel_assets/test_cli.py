import os
import subprocess
import sys
from pathlib import Path

import pytest

from pixel_assets import cli, report
from pixel_assets.paths import artifact
from pixel_assets.walk import Outcome

ROOT = Path(__file__).parents[2]


def outcome(asset="passages", partition=None, succeeded=True, **more):
    base = {"group": "knowledge", "seconds": 1.25, "metadata": {"dagster/row_count": 7, "rejected": 2}, "checks": {"spans": True}}
    return Outcome(asset=asset, partition=partition, succeeded=succeeded, **(base | more))


def test_the_table_has_one_row_an_asset_and_adds_up_partitions():
    text = report.table([outcome(partition="a"), outcome(partition="b"), outcome("index", metadata={"skipped": True, "recall": 0.98765})])
    lines = text.splitlines()
    assert len(lines) == 4
    assert "14 rows, 4 rejected" in lines[2]
    assert "2.5" in lines[2]
    assert "2/2" in lines[2]
    assert "recall 0.9877" in lines[3]
    assert "(valid)" in lines[3]


def test_problems_name_asset_partition_check_and_error():
    text = report.problems(
        [
            outcome(),
            outcome("audio", "talks", False, failed_checks={"complete": "1 failing rows"}, checks={"complete": False}),
            outcome("index", None, False, error="encoder x is not installed: use pip"),
        ]
    )
    assert text.splitlines() == ["audio [talks]: check complete failed: 1 failing rows", "index: encoder x is not installed: use pip"]


def test_the_next_lines_name_the_newest_checkpoint_where_it_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path))
    text = report.next_lines([outcome("scorecard", "tiny-abc.0"), outcome("scorecard", "tiny-abc.60")])
    assert f"{tmp_path}/artifacts/training_run/tiny-abc/checkpoint-60" in text


def test_trace_looks_below_the_home_unless_told_otherwise(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path / "home"))
    assert cli.main(["trace", "0123456789"]) == 1
    assert f"there is no folder {tmp_path}/home/artifacts" in capsys.readouterr().err
    assert cli.main(["trace", "0123456789", f"--artifacts={tmp_path}/other"]) == 1
    assert f"there is no folder {tmp_path}/other" in capsys.readouterr().err


def test_a_bad_recipe_is_told_in_one_line(monkeypatch, capsys):
    assert cli.main(["run", "--set", "training.stepz=3"]) == 2
    assert "unknown key training.stepz" in capsys.readouterr().err
    assert cli.main(["run", "--set", "training.steps"]) == 2
    assert cli.main(["run", "--recipe", "nobody"]) == 2


def test_the_environment_file_keeps_what_a_user_wrote(monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "PROJECT", tmp_path)
    for name in ("DAGSTER_HOME", "PIXEL_HOME", "PIXEL_DAGSTER_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "set"))
    (tmp_path / ".env").write_text("PIXEL_HOME=/elsewhere")
    cli.load_environment()
    cli.load_environment()
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines[0] == "PIXEL_HOME=/elsewhere"
    assert [line.partition("=")[0] for line in lines] == ["PIXEL_HOME", "DAGSTER_HOME", "PIXEL_DAGSTER_DIR"]
    assert os.environ["PIXEL_HOME"] == str(tmp_path / "set"), "the environment wins over .env"


def test_a_checkout_that_moved_does_not_go_on_with_the_artifacts_of_the_place_it_came_from(monkeypatch, tmp_path):
    for name in ("DAGSTER_HOME", "PIXEL_HOME", "PIXEL_DAGSTER_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "set"))
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    monkeypatch.setattr(cli, "PROJECT", old)
    cli.load_environment()
    with (old / ".env").open("a") as handle:
        handle.write("PIXEL_RECIPE=own\n")
    old.rename(new)
    monkeypatch.setattr(cli, "PROJECT", new)
    cli.load_environment()
    lines = dict(line.split("=", 1) for line in (new / ".env").read_text().splitlines())
    assert lines == {
        "DAGSTER_HOME": str(new),
        "PIXEL_HOME": str(new / "data"),
        "PIXEL_DAGSTER_DIR": str(new / ".dagster"),
        "PIXEL_RECIPE": "own",
    }


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b"])
def test_no_name_leaves_the_artifacts_folder(name):
    with pytest.raises(ValueError, match="cannot name an artifact folder"):
        artifact("playlist_audio", name) if name else artifact(name)


def test_exactly_one_faiss_is_installed():
    from importlib.metadata import distributions

    found = {d.metadata["Name"] for d in distributions() if d.metadata["Name"].startswith("faiss")}
    assert len(found) == 1, f"the extras cpu and gpu are exclusive, found {found}"


@pytest.mark.slow
@pytest.mark.timeout(1000)
def test_the_bare_commands_work_in_an_empty_environment(tmp_path):
    """As the README says them, from the repository root, with nothing but PATH."""
    cli.load_environment()
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    scripts = Path(sys.executable).parent
    for command in (
        [scripts / "dagster", "asset", "materialize", "--select", "knowledge_passages", "-m", "pixel_assets.definitions"],
        [scripts / "dg", "launch", "--assets", "knowledge_passages"],
        [sys.executable, "-m", "pixel_core", "trace", "--help"],
        [scripts / "pixel", "run", "--help"],
    ):
        done = subprocess.run(list(map(str, command)), check=False, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-2000:]
