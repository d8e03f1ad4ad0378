import polars as pl
import pytest

from pixel_core.conversation import Label
from pixel_core.corpus import import_source, supervision_of
from pixel_core.corpus.supervision import ABSENT, DERIVED, UNTRAINED, WRITTEN, markdown_of
from pixel_core.evaluation.supervised import labelled_turns
from tests.pixel_core.corpus.adapters.test_dialogues import ESCONV
from tests.pixel_core.corpus.worlds import artifact, clinical, conversation, entry, lines, recipe


@pytest.fixture
def table(tmp_path):
    lines(tmp_path / "sample.jsonl", [ESCONV, ESCONV | {"dialog": ESCONV["dialog"][1:3]}])
    built = import_source(entry("esconv"), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    return supervision_of({"a": built.folder, "written": tmp_path})


def test_every_label_is_counted_with_the_rule_that_gave_it(table):
    row = table.row(by_predicate=pl.col("output") == "eq.emotional_regulation", named=True)
    assert (row["source"], row["label_source"], row["n"], row["positive"]) == ("sample", "derived:intensity_fall", 2, 2)
    assert "final_emotion_intensity) 0..4 -> 0..1" in row["rule"]
    by = table.filter(output="technique.open_question", label_source="derived:question_form")
    assert (by["n"].sum(), by["positive"].sum()) == (2, 2)
    assert by["why"].str.len_chars().min() > 20


def test_an_output_without_a_source_stands_there_as_untrained(table):
    bare = table.filter(n=0)
    assert {"eq.emotional_awareness", "eq.social_cognition", "crisis.level"} <= set(bare["output"])
    assert set(bare.filter(pl.col("output").str.starts_with("technique."))["why"]) <= {ABSENT, UNTRAINED}
    assert set(bare.filter(~pl.col("output").str.starts_with("technique."))["why"]) == {UNTRAINED}
    assert not set(bare["output"]) & set(table.filter(table["n"] > 0)["output"])


def test_the_data_card_says_domain_source_mapping_and_n(table):
    text = markdown_of(table)
    assert "| eq.empathy_recognition | sample | survey_score.seeker.empathy: " in text
    assert f"| eq.social_cognition | - | {UNTRAINED} | - | 0 | 0 |" in text


def test_only_what_somebody_gave_is_measured_by_the_rule_that_the_evaluation_goes_by(tmp_path):
    """Of the same rows the evaluation asks about exactly those labels that the card counts as measured."""
    rows = [
        conversation(1, "psychology", labels=[Label("crisis.level", 1.0, "written")]),
        conversation(2, "psychology", labels=[Label("crisis.level", 2.0, "human")]),
        conversation(3, "psychology", labels=[Label("crisis.level", 2.0, "derived:test")]),
        conversation(4, "psychology", labels=[Label("crisis.level", 0.0, "model:x")]),
    ]
    folder = artifact(tmp_path / "written", rows).folder
    table = supervision_of({"knowledge_conversations": folder})
    why = dict(table.filter(output="crisis.level").select("label_source", "why").iter_rows())
    assert why == {"human": WRITTEN, "written": WRITTEN, "derived:test": DERIVED, "model:x": DERIVED}
    cells = [line.split(" | ") for line in markdown_of(table, "crisis").splitlines()[2:]]
    measured = sum(int(line[-1].rstrip(" |")) for line in cells)
    assert (sum(int(line[-2]) for line in cells), measured) == (4, 2)
    assert len(labelled_turns("crisis", rows)) == measured


def test_an_output_that_only_the_rest_labels_is_told_from_an_untrained_one(tmp_path):
    folder = artifact(tmp_path / "written", [conversation(1, "psychology", labels=clinical("F32"))]).folder
    why = dict(supervision_of({"knowledge_conversations": folder}).select("output", "why").iter_rows())
    assert (why["clinical.F32"], why["clinical.F31"], why["affect.valence"]) == (DERIVED, ABSENT, UNTRAINED)
