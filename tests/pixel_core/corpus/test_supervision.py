import polars as pl
import pytest

from pixel_core.corpus import import_source, supervision_of
from pixel_core.corpus.supervision import UNTRAINED, markdown_of
from tests.pixel_core.corpus.adapters.test_dialogues import ESCONV
from tests.pixel_core.corpus.worlds import entry, lines, recipe


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
    assert set(bare["why"]) == {UNTRAINED}
    assert not set(bare["output"]) & set(table.filter(table["n"] > 0)["output"])


def test_the_data_card_says_domain_source_mapping_and_n(table):
    text = markdown_of(table)
    assert "| eq.empathy_recognition | sample | survey_score.seeker.empathy: " in text
    assert f"| eq.social_cognition | - | {UNTRAINED} | - | 0 |" in text
