"""The leaderboard: every scorecard once, in the order of the rule, and none that stops the others."""

import json
import shutil

import polars as pl

from pixel_core.artifacts import finish, read_manifest
from pixel_core.evaluation import quality
from pixel_core.evaluation.ranking.due import stale
from pixel_core.evaluation.ranking.leaderboard import SCHEMA, rank
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard
from tests.pixel_core.evaluation.boards import GOOD, board, place, read_board
from tests.pixel_core.evaluation.world import RUN

KEY = f"{RUN}.4"


def test_every_scorecard_is_listed_once_best_first(home):
    place(home, 8, {"eq": (0.1, 0.3)})
    built = board(home)
    frame = read_board(home)
    assert frame.schema == SCHEMA
    assert sorted(frame["checkpoint"]) == sorted([f"{RUN}.0", f"{RUN}.4", f"{RUN}.8"])
    assert frame["score"].is_sorted(descending=True)
    assert frame["rank"].to_list() == [1, 2, 3]
    assert quality.check_leaderboard(built.folder, home / "scorecard").passed
    assert board(home).skipped


def test_a_broken_scorecard_freezes_nothing(home):
    place(home, 8, {"eq": (0.1, 0.3)})
    (home / "scorecard" / f"{RUN}.8" / SCORECARD).write_text("{}")
    built = board(home)
    assert sorted(read_board(home)["checkpoint"]) == [f"{RUN}.0", f"{RUN}.4"]
    assert built.summary.rejects == {"broken_scorecard": 1}
    assert quality.check_leaderboard(built.folder, home / "scorecard").passed


def test_the_leaderboard_notices_a_scorecard_that_came_later(home):
    board(home)
    place(home, 8, {})
    assert not quality.check_leaderboard(home / "leaderboard", home / "scorecard").passed


def test_scorecards_of_an_earlier_evaluator_come_last(world):
    card = read_scorecard(world.artifacts / "scorecard" / KEY / SCORECARD)
    old = card.model_copy(update={"checkpoint": f"{RUN}.9", "evaluator": "0"})
    frame = rank({"a": old, "b": card})
    assert frame["checkpoint"].to_list() == [KEY, f"{RUN}.9"]
    assert frame["comparable"].n_unique() == 2


def test_what_cannot_be_read_or_is_no_checkpoints_stands_apart_and_is_due_again(home, world):
    folder = home / "scorecard" / KEY
    raw, summary = json.loads((folder / SCORECARD).read_text()), read_manifest(folder).summary
    place(home, 8, GOOD)
    endpoint = home / "scorecard" / "gpt-4.1-0123abcd"
    shutil.copytree(folder, endpoint)
    (folder / SCORECARD).write_text(json.dumps(raw | {"schema_version": "1"}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)
    board(home)
    assert set(read_board(home)["checkpoint"]) == {f"{RUN}.0", f"{RUN}.8"}
    assert pl.read_parquet(home / "leaderboard" / "rejected.parquet")["position"].to_list() == [endpoint.name, KEY]
    assert quality.check_leaderboard(home / "leaderboard", home / "scorecard").passed
    folders = {f"{RUN}.{step}": home / "training_run" / RUN / f"checkpoint-{step}" for step in (0, 4, 8)}
    assert stale(folders, world.packed, home / "leaderboard") == [KEY]
