import pytest

from pixel_core.evaluation import evaluate_checkpoint
from tests.pixel_core.evaluation.world import RECIPE, write_run, write_world


class World:
    """A home with held-out data, a run of two checkpoints, and the evaluations of the later one."""

    def __init__(self, home):
        self.home = home
        self.artifacts = home / "artifacts"
        self.data = write_world(home)
        self.packed = self.artifacts / "packed_dataset"
        self.run = write_run(home)

    def evaluate(self, step, out=None, **more):
        given = {"data": self.data, "packed": self.packed, "recipe": RECIPE} | more
        return evaluate_checkpoint(self.run[step], out or self.artifacts, **given)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Shared and not to be altered: what a test changes, it copies first."""
    built = World(tmp_path_factory.mktemp("world"))
    for step in built.run:
        built.evaluate(step)
    return built
