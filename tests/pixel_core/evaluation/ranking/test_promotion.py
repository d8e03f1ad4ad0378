"""Promotion: the pointer moves only where no axis falls, and a refusal names the axis."""

import shutil

import polars as pl
import pytest

from pixel_core.artifacts import finish, read_manifest, write_json
from pixel_core.evaluation import AXES, build_promotion, quality, read_pointer
from pixel_core.evaluation.ranking.guards import GUARDS
from pixel_core.evaluation.ranking.promotion import DECISION
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard, write_scorecard
from tests.pixel_core.evaluation.boards import GOOD, board, decision, flip, lose, place, promote
from tests.pixel_core.evaluation.world import RUN

KEY = f"{RUN}.4"


def test_a_checkpoint_that_falls_nowhere_is_promoted(home):
    place(home, 8, GOOD)
    built = promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.8"
    assert built.summary.figures["moved"]
    assert quality.check_promotion(built.folder, home / "training_run").passed


@pytest.mark.parametrize("axis", AXES)
def test_a_refusal_names_the_axis_that_fell(home, axis):
    gains = dict.fromkeys(AXES, (0.3, 0.5)) | {axis: (-0.05, -0.01)}
    place(home, 8, gains)
    built = promote(home)
    entry = next(e for e in decision(home)["considered"] if e["checkpoint"] == f"{RUN}.8")
    assert entry["falls"] == [axis]
    assert entry["axes"][axis]["falls"] == ["below base"]
    assert not entry["promoted"]
    assert read_pointer(home / "promotion") != f"{RUN}.8"
    assert quality.check_promotion(built.folder, home / "training_run").passed


def test_within_the_interval_is_no_fall(home):
    place(home, 8, dict.fromkeys(AXES, (0.3, 0.5)) | {"clinical": (-0.05, 0.01)})
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.8"


def test_a_score_no_better_than_the_base_is_refused_by_its_weakest_axis(home):
    for step in (4, 8):
        place(home, step, dict.fromkeys(AXES, (-0.2, 0.1)) | {"eq": (-0.9, 0.1)})
    promote(home)
    assert read_pointer(home / "promotion") is None
    considered = decision(home)["considered"]
    assert [entry["falls"] for entry in considered] == [["eq"], ["eq"]]
    assert considered[0]["axes"]["eq"]["falls"] == ["score not above base"]


def test_the_base_is_never_promoted(home):
    shutil.rmtree(home / "scorecard" / KEY)
    promote(home)
    assert read_pointer(home / "promotion") is None
    assert decision(home)["considered"] == []


def test_the_same_leaderboard_leads_to_the_same_decision(home):
    place(home, 8, GOOD)
    first, again = promote(home), promote(home)
    assert again.skipped
    forced = build_promotion(home / "leaderboard", home / "scorecard", home / "training_run", home / "promotion", force=True)
    assert forced.manifest == first.manifest


def test_the_pointer_moves_on_only_past_the_last_promoted_one(home):
    place(home, 8, GOOD)
    promote(home)
    place(home, 12, dict.fromkeys(AXES, (0.2, 0.4)))
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.12"
    assert decision(home)["before"] == f"{RUN}.8"
    place(home, 16, dict.fromkeys(AXES, (0.1, 0.2)))
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.12"
    (newest,) = decision(home)["considered"]  # nothing ranks higher, but why the newest one is not it is said
    assert (newest["checkpoint"], newest["promoted"], len(newest["falls"])) == (f"{RUN}.16", False, 1)
    assert newest["axes"][newest["falls"][0]]["falls"] == ["score not above last promoted"]
    assert quality.check_promotion(home / "promotion", home / "training_run").passed


def test_falling_below_the_last_promoted_is_refused_though_the_base_is_beaten(home):
    place(home, 8, GOOD)
    promote(home)
    place(home, 12, dict.fromkeys(AXES, (0.2, 0.4)))
    worse_persona(home / "scorecard" / f"{RUN}.12")
    promote(home)
    entry = decision(home)["considered"][0]
    assert (entry["checkpoint"], entry["falls"]) == (f"{RUN}.12", ["persona"])
    assert entry["axes"]["persona"]["falls"] == ["below last promoted"]
    assert read_pointer(home / "promotion") == f"{RUN}.8"


@pytest.mark.parametrize("axis", AXES)
def test_a_guard_that_falls_is_refused_though_every_headline_rose(home, axis):
    place(home, 8, GOOD)
    guard = GUARDS[axis][-1]
    lose(home, 8, guard, -0.3, -0.1)
    built = promote(home)
    entry = next(e for e in decision(home)["considered"] if e["checkpoint"] == f"{RUN}.8")
    assert (entry["promoted"], entry["falls"]) == (False, [axis])
    assert entry["axes"][axis]["falls"] == [f"{guard} below base"]
    assert quality.check_promotion(built.folder, home / "training_run").passed


def test_a_guard_falls_by_the_interval_that_holds_for_all_of_them(home):
    place(home, 8, GOOD)
    lose(home, 8, "clients_harmless", -0.41, -0.01)  # by itself that excludes zero
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.8"


def test_a_promotion_that_ignored_a_guard_is_noticed(home):
    place(home, 8, GOOD)
    built = promote(home)
    raw = decision(home)
    entry = next(e for e in raw["considered"] if e["promoted"])
    entry["axes"]["dialogue"]["guards"][0]["base"] |= {"low": -0.5, "high": -0.1}
    write_json(built.folder / DECISION, raw)
    finish(built.folder, kind="promotion", version="3", inputs={}, summary=built.manifest.summary)
    assert not quality.check_promotion(built.folder, home / "training_run").passed
    for verdict in entry["axes"].values():
        verdict.pop("guards")
    write_json(built.folder / DECISION, raw)
    finish(built.folder, kind="promotion", version="3", inputs={}, summary=built.manifest.summary)
    assert not quality.check_promotion(built.folder, home / "training_run").passed


def test_guards_are_figures_of_their_axis_that_prove_something(world):
    card = read_scorecard(world.artifacts / "scorecard" / KEY / SCORECARD)
    assert set(GUARDS) == set(AXES)
    for axis, names in GUARDS.items():
        for figure in map(card.figure, names):
            assert (figure.axis, figure.headline, figure.indicative, figure.uncalibrated) == (axis, False, False, False), figure.name


def worse_persona(folder):
    """Turn every answer to the persona items wrong in the stored rows; the stored figures stay."""
    items = pl.read_parquet(folder / "items.parquet")
    wrong = pl.when(pl.col("task") == "persona_items").then(pl.col("truth").list.eval(1 - pl.element())).otherwise(pl.col("prediction"))
    items.with_columns(prediction=wrong).write_parquet(folder / "items.parquet")
    manifest = read_manifest(folder)
    finish(folder, kind="scorecard", version="1", inputs={}, summary=manifest.summary)


def earlier(folder):
    """The scorecard as an earlier evaluator would have written it."""
    card, summary = read_scorecard(folder / SCORECARD), read_manifest(folder).summary
    tasks = {name: task.model_copy(update={"version": "0"}) for name, task in card.tasks.items()}
    write_scorecard(folder / SCORECARD, card.model_copy(update={"evaluator": "0", "tasks": tasks}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)


@pytest.mark.parametrize(
    "lose", [lambda folder: flip(folder / "items.parquet"), earlier], ids=["altered", "measured by an earlier evaluator"]
)
def test_what_cannot_be_compared_with_the_last_promoted_does_not_replace_it(home, lose):
    place(home, 8, dict.fromkeys(AXES, (0.2, 0.4)))
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.8"
    place(home, 12, GOOD)
    lose(home / "scorecard" / f"{RUN}.8")
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.8"
    [twelve] = [entry for entry in decision(home)["considered"] if entry["checkpoint"] == f"{RUN}.12"]
    assert all("not comparable with last promoted" in verdict["falls"] for verdict in twelve["axes"].values())
    assert quality.check_promotion(home / "promotion", home / "training_run").passed


def test_a_headline_that_lost_its_number_is_a_fall(home):
    place(home, 8, dict.fromkeys(AXES, (0.3, 0.5)))
    folder = home / "scorecard" / f"{RUN}.8"
    card, summary = read_scorecard(folder / SCORECARD), read_manifest(folder).summary
    gone = {"status": "untrained", "value": None, "low": None, "high": None, "floor": None, "skill": None, "difference": None, "base": None}
    lost = [f.model_copy(update=gone | {"n": 0, "floors": {}}) if f.headline and f.axis == "empathy" else f for f in card.figures]
    write_scorecard(folder / SCORECARD, card.model_copy(update={"figures": tuple(lost)}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)
    promote(home)
    assert read_pointer(home / "promotion") != f"{RUN}.8"
    [eight] = [entry for entry in decision(home)["considered"] if entry["checkpoint"] == f"{RUN}.8"]
    assert eight["falls"] == ["empathy"]
    assert any(fall.endswith("not measured, as base") for fall in eight["axes"]["empathy"]["falls"])


def test_a_scorecard_that_was_altered_after_it_was_listed_is_passed_over(home):
    place(home, 8, GOOD)
    board(home)
    flip(home / "scorecard" / f"{RUN}.8" / "items.parquet")
    build_promotion(home / "leaderboard", home / "scorecard", home / "training_run", home / "promotion")
    assert read_pointer(home / "promotion") != f"{RUN}.8"
    assert f"{RUN}.8" not in [entry["checkpoint"] for entry in decision(home)["considered"]]


def test_a_candidate_whose_checkpoint_is_gone_or_altered_is_passed_over(home):
    place(home, 8, GOOD)
    (home / "training_run" / RUN / "checkpoint-8" / "config.json").write_text("{}")
    promote(home)
    assert read_pointer(home / "promotion") != f"{RUN}.8"


def test_a_promoted_checkpoint_that_is_gone_is_no_longer_pointed_at(home):
    place(home, 8, GOOD)
    promote(home)
    shutil.rmtree(home / "training_run" / RUN / "checkpoint-8")
    assert not quality.check_promotion(home / "promotion", home / "training_run").passed
    built = promote(home)
    assert read_pointer(home / "promotion") != f"{RUN}.8"
    assert quality.check_promotion(built.folder, home / "training_run").passed
