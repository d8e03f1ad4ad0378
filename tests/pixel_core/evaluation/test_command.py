"""`python -m pixel_core eval`: a table, a report, and a clear word when something is wrong."""

import pytest
import yaml

from pixel_core.__main__ import main
from tests.pixel_core.evaluation.world import RECIPE, ROOT, RUN

SCENARIOS = str(ROOT / "data" / "scenarios")


@pytest.fixture
def small(tmp_path):
    """The recipe of the shared world as a file: with another one its evaluations would be written anew under the other tests."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(RECIPE.model_dump(mode="json")))
    return str(path)


def test_it_prints_every_figure_and_names_the_report(world, small, capsys):
    before = (world.artifacts / "clinical_evaluation" / f"{RUN}.4" / "manifest.json").read_bytes()
    assert main(["eval", str(world.run[4]), "--scenarios", SCENARIOS, "--recipe", small]) == 0
    assert (world.artifacts / "clinical_evaluation" / f"{RUN}.4" / "manifest.json").read_bytes() == before
    out = capsys.readouterr().out
    assert "eq_overall" in out
    assert "untrained" in out
    assert "no profile" in out
    assert out.strip().endswith("report.html")
    assert (world.artifacts / "scorecard" / f"{RUN}.4" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["checkpoint-9"], "is not there"),
        (["checkpoint-4", "--scenarios", "nowhere"], "nowhere"),
        (["checkpoint-4", "--recipe", "nothing"], "nothing"),
    ],
)
def test_what_is_wrong_is_named(world, capsys, arguments, word):
    step, *more = arguments
    assert main(["eval", str(world.run[4].parent / step), *more]) == 1
    assert word in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("training_mixture", ("training_mixture holds a training_mixture", "<run>/checkpoint-<step>")),
        ("training_mixture/train.parquet", ("train.parquet is a file", "<run>/checkpoint-<step>")),
        ("nothing", ("nothing is not there", "<run>/checkpoint-<step>")),
        (".", ("holds no manifest.json", "<run>/checkpoint-<step>")),
    ],
)
def test_what_is_no_checkpoint_is_named(world, capsys, given, words):
    assert main(["eval", str(world.artifacts / given)]) == 1
    said = capsys.readouterr().err
    assert all(word in said for word in words), said


@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize("whom", ["checkpoint", "endpoint"])
def test_a_file_in_place_of_the_folder_for_results_is_named(world, tmp_path, capsys, below, whom):
    taken = tmp_path / "taken.json"
    taken.write_text("{}")
    who = [str(world.run[4])] if whom == "checkpoint" else ["--endpoint", "http://127.0.0.1:9/v1", "--model", "any"]
    assert main(["eval", *who, "--out", str(taken / below)]) == 1
    said = capsys.readouterr().err
    assert f"{taken} is a file" in said
    assert "name a folder" in said
    assert taken.read_text() == "{}"


def test_each_checkpoint_is_loaded_once_for_all_axes(world):
    assert world.loaded == [folder.name for folder in world.run.values()]
