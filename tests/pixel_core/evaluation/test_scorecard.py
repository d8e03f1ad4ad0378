"""Scorecard, leaderboard and promotion: complete, in the order of the rule, and never moved by chance."""

import json
import shutil

import jsonschema
import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, Summary, finish, read_manifest, verify, write_json
from pixel_core.evaluation import AXES, EvaluationError, build_leaderboard, build_promotion, build_scorecard, compare, quality, read_pointer
from pixel_core.evaluation.figures import Difference, headlines
from pixel_core.evaluation.ranking.due import newest_and_best, stale
from pixel_core.evaluation.ranking.guards import GUARDS
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD, SCHEMA, rank
from pixel_core.evaluation.ranking.promotion import DECISION
from pixel_core.evaluation.reports import quality as report_quality
from pixel_core.evaluation.scorecard import REPORT, SCORECARD, read_scorecard, summary_figures, to_text, write_scorecard
from pixel_core.evaluation.scorecard import SCHEMA as SCHEMA_FILE
from tests.pixel_core.evaluation.world import RUN

KEY = f"{RUN}.4"


@pytest.fixture
def folder(world):
    return world.artifacts / "scorecard" / KEY


def test_it_has_all_five_axes_and_follows_its_schema(folder):
    raw = json.loads((folder / SCORECARD).read_text())
    schema = json.loads((folder / SCHEMA_FILE).read_text())
    jsonschema.validate(raw, schema)
    described = [p for p in schema["$defs"]["Figure"]["properties"].values() if "description" in p]
    assert len(described) == len(schema["$defs"]["Figure"]["properties"])
    assert quality.check_scorecard(folder).passed
    assert {figure["axis"] for figure in raw["figures"]} == set(AXES)
    assert {"training_mixture", "head_examples", "packed_dataset", "model", "training"} <= set(raw["trained_with"])
    broken = raw | {"figures": [{k: v for k, v in raw["figures"][0].items() if k != "n"}]}
    for wrong in (broken, raw | {"tasks": {"eq_items": {"version": "1"}}}, raw | {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_the_report_needs_nothing_else(folder):
    assert report_quality.check_report(folder).passed
    assert "data:image/png;base64," in (folder / REPORT).read_text()


def test_no_text_of_an_item_or_reply_reaches_summary_or_report(world, folder):
    replies = pl.read_parquet(folder / "items.parquet")["reply"].drop_nulls().unique()
    asked = pl.concat(pl.read_parquet(world.artifacts / f"{a}_evaluation" / KEY / "questions.parquet") for a in AXES)["text"].unique()
    shown = (folder / REPORT).read_text() + read_manifest(folder).to_json() + to_text(read_scorecard(folder / SCORECARD))
    assert not [text for text in [*replies, *asked] if len(text) > 20 and text in shown]


def test_evaluations_of_two_checkpoints_make_no_scorecard(world, tmp_path):
    folders = {axis: world.artifacts / f"{axis}_evaluation" / KEY for axis in AXES}
    folders["persona"] = world.artifacts / "persona_evaluation" / f"{RUN}.0"
    with pytest.raises(EvaluationError, match="differ in checkpoint"):
        build_scorecard(folders, tmp_path / "card")
    folders["persona"] = tmp_path / "none"
    with pytest.raises(ArtifactError, match="never finished"):
        build_scorecard(folders, tmp_path / "card")


@pytest.fixture
def home(world, tmp_path):
    """Scorecards and runs of one's own."""
    for name in ("scorecard", "training_run"):
        shutil.copytree(world.artifacts / name, tmp_path / name)
    return tmp_path


def board(home):
    return build_leaderboard(home / "scorecard", home / "leaderboard")


def read_board(home):
    return pl.read_parquet(home / "leaderboard" / LEADERBOARD)


def place(home, step, gains, base=None):
    """A scorecard and checkpoint of another step whose headlines differ from the base by `gains` (low, high) an axis, its guards not."""
    key, folder = f"{RUN}.{step}", home / "scorecard" / f"{RUN}.{step}"
    checkpoint = home / "training_run" / RUN / f"checkpoint-{step}"
    if step != 4:
        shutil.copytree(home / "scorecard" / KEY, folder)
        shutil.copytree(home / "training_run" / RUN / "checkpoint-4", checkpoint)
    inputs = read_manifest(checkpoint).inputs
    (checkpoint / "step").write_text(str(step))
    digest = finish(checkpoint, kind="checkpoint", version="1", inputs=inputs, summary=Summary(figures={"step": step})).digest
    card = read_scorecard(folder / SCORECARD)
    figures = [moved(figure, *gains.get(figure.axis, (0.0, 0.0))) if figure.headline else figure for figure in card.figures]
    figures = [fallen(figure, 0.0, 0.0) if figure.name in GUARDS[figure.axis] else figure for figure in figures]
    card = card.model_copy(update={"checkpoint": key, "digest": digest, "figures": tuple(figures)})
    write_scorecard(folder / SCORECARD, card)
    summary = Summary(figures=summary_figures(card) | {"score": card.score})
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)


def moved(figure, low, high):
    """The figure, better than the base by the middle of low and high (in the direction that is good)."""
    sign = -1 if figure.lower_is_better else 1
    gain = (low + high) / 2
    ends = sorted((sign * low, sign * high))
    gap = Difference(figure=figure.name, n=figure.n, value=sign * gain, low=ends[0], high=ends[1], lower_is_better=figure.lower_is_better)
    perfect = figure.perfect
    value = figure.base + sign * gain
    return figure.model_copy(update={"value": value, "skill": (value - figure.floor) / (perfect - figure.floor), "difference": gap})


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


def promote(home):
    board(home)
    return build_promotion(home / "leaderboard", home / "scorecard", home / "training_run", home / "promotion")


def decision(home):
    return json.loads((home / "promotion" / DECISION).read_text())


GOOD = dict.fromkeys(AXES, (0.02, 0.06))


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


def lose(home, step, guard, low, high):
    """Let a guard of a placed scorecard differ from the base by low to high, in the direction that is good."""
    folder = home / "scorecard" / f"{RUN}.{step}"
    card = read_scorecard(folder / SCORECARD)
    figures = tuple(fallen(figure, low, high) if figure.name == guard else figure for figure in card.figures)
    write_scorecard(folder / SCORECARD, card.model_copy(update={"figures": figures}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=read_manifest(folder).summary)


def fallen(figure, low, high):
    sign = -1 if figure.lower_is_better else 1
    ends = sorted((sign * low, sign * high))
    gap = Difference(figure=figure.name, n=9, value=sum(ends) / 2, low=ends[0], high=ends[1], lower_is_better=figure.lower_is_better)
    return figure.model_copy(update={"difference": gap})


def worse_persona(folder):
    """Turn every answer to the persona items wrong in the stored rows; the stored figures stay."""
    items = pl.read_parquet(folder / "items.parquet")
    wrong = pl.when(pl.col("task") == "persona_items").then(pl.col("truth").list.eval(1 - pl.element())).otherwise(pl.col("prediction"))
    items.with_columns(prediction=wrong).write_parquet(folder / "items.parquet")
    manifest = read_manifest(folder)
    finish(folder, kind="scorecard", version="1", inputs={}, summary=manifest.summary)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


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


def test_altered_answers_are_not_compared(home):
    place(home, 8, GOOD)
    folders = [home / "scorecard" / f"{RUN}.{step}" for step in (8, 4)]
    assert compare(*folders)
    flip(folders[1] / "items.parquet")
    with pytest.raises(ArtifactError, match=r"items\.parquet"):
        compare(*folders)


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


def test_newest_and_best_of_the_present_data(home, world):
    place(home, 8, GOOD)
    board(home)
    folders = {f"{RUN}.{step}": home / "training_run" / RUN / f"checkpoint-{step}" for step in (0, 8, 4)}
    assert newest_and_best(folders, world.packed, home / "leaderboard") == [f"{RUN}.4", f"{RUN}.8"]
    assert newest_and_best(dict(reversed(folders.items())), world.packed, home / "leaderboard") == [f"{RUN}.0", f"{RUN}.8"]
    assert newest_and_best(folders, home / "leaderboard", home / "leaderboard") == []
    assert newest_and_best(folders, world.packed, home / "none") == [f"{RUN}.4"]


def test_headlines_and_score_follow_the_figures(world):
    card = read_scorecard(world.artifacts / "scorecard" / KEY / SCORECARD)
    heads = headlines(card.figures)
    assert card.score == pytest.approx(sum(heads[axis].skill for axis in AXES) / 5, abs=1e-6)
    assert verify(world.artifacts / "scorecard" / KEY).summary.figures["score"] == card.score
