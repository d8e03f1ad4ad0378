"""Which checkpoints are due again: newest and best of the present data, and what an earlier evaluator measured."""

from pixel_core.evaluation.ranking.due import newest_and_best
from tests.pixel_core.evaluation.boards import GOOD, board, place
from tests.pixel_core.evaluation.world import RUN

KEY = f"{RUN}.4"


def test_newest_and_best_of_the_present_data(home, world):
    place(home, 8, GOOD)
    board(home)
    folders = {f"{RUN}.{step}": home / "training_run" / RUN / f"checkpoint-{step}" for step in (0, 8, 4)}
    assert newest_and_best(folders, world.packed, home / "leaderboard") == [f"{RUN}.4", f"{RUN}.8"]
    assert newest_and_best(dict(reversed(folders.items())), world.packed, home / "leaderboard") == [f"{RUN}.0", f"{RUN}.8"]
    assert newest_and_best(folders, home / "leaderboard", home / "leaderboard") == []
    assert newest_and_best(folders, world.packed, home / "none") == [f"{RUN}.4"]
