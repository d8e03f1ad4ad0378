"""A scorecard: complete, by its schema, and of one checkpoint."""

import json

import jsonschema
import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, read_manifest, verify
from pixel_core.evaluation import AXES, EvaluationError, build_scorecard, compare, quality
from pixel_core.evaluation.figures import headlines
from pixel_core.evaluation.reports import quality as report_quality
from pixel_core.evaluation.reports.lines import to_text
from pixel_core.evaluation.scorecard import FIGURES, REPORT, SCORECARD, read_scorecard
from pixel_core.evaluation.scorecard import SCHEMA as SCHEMA_FILE
from pixel_core.evaluation.uniting import unite
from tests.pixel_core.evaluation.boards import GOOD, flip, place
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
    questions = pl.concat(pl.read_parquet(world.artifacts / f"{a}_evaluation" / KEY / "questions.parquet") for a in AXES)
    asked = [*questions["text"].unique(), *questions["answers"].explode().drop_nulls().unique()]
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


def test_altered_answers_are_not_compared(home):
    place(home, 8, GOOD)
    folders = [home / "scorecard" / f"{RUN}.{step}" for step in (8, 4)]
    assert compare(*folders)
    flip(folders[1] / "items.parquet")
    with pytest.raises(ArtifactError, match=r"items\.parquet"):
        compare(*folders)


def test_headlines_and_score_follow_the_figures(world):
    card = read_scorecard(world.artifacts / "scorecard" / KEY / SCORECARD)
    heads = headlines(card.figures)
    assert card.score == pytest.approx(sum(heads[axis].skill for axis in AXES) / 5, abs=1e-6)
    assert verify(world.artifacts / "scorecard" / KEY).summary.figures["score"] == card.score


def test_evaluations_of_two_forms_unite_to_one_of_the_newer(world):
    """After an upgrade only some axes are measured again: what they hold together is of the newer form."""
    parts = [read_scorecard(world.artifacts / f"{axis}_evaluation" / KEY / FIGURES) for axis in AXES]
    older = [part.model_copy(update={"schema_version": "3"}) for part in parts[:2]]
    assert unite([*older, *parts[2:]]).schema_version == parts[2].schema_version == "4"
