import shutil

import pytest

from pixel_core.evaluation import AXES, evaluate_checkpoint, tasks_of
from pixel_core.evaluation.respondents import opening
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.world import RECIPE, write_run, write_world


class World:
    """A home with held-out data, a run of two checkpoints, and the evaluations of the later one."""

    def __init__(self, home):
        self.home = home
        self.artifacts = home / "artifacts"
        self.data = write_world(home)
        self.packed = self.artifacts / "packed_dataset"
        self.run = write_run(home)
        self.loaded = []

    def evaluate(self, step, out=None, **more):
        given = {"data": self.data, "packed": self.packed, "recipe": RECIPE} | more
        return evaluate_checkpoint(self.run[step], out or self.artifacts, **given)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Shared and not to be altered: what a test changes, it copies first."""
    built = World(tmp_path_factory.mktemp("world"))
    load = opening.load

    def noted(folder, device):
        built.loaded.append(folder.name)
        return load(folder, device)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "load", noted)
        for step in built.run:
            built.evaluate(step)
    return built


@pytest.fixture
def home(world, tmp_path):
    """Scorecards and runs of one's own."""
    for name in ("scorecard", "training_run"):
        shutil.copytree(world.artifacts / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="session")
def tasks(tmp_path_factory):
    """Every task of every axis, with enough labelled turns."""
    data = write_world(tmp_path_factory.mktemp("many"), examples=120)
    recipe = load_recipe("tiny", ["evaluation.vignettes=999"]).evaluation
    return [task for axis in AXES for task in tasks_of(axis, data, recipe)]
