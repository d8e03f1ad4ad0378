import math
from dataclasses import replace

import polars as pl

from pixel_core.conversation import Label, Turn, to_frame
from pixel_core.corpus.facts import facts_of, label_values, tokens_of
from tests.pixel_core.corpus.worlds import clinical, conversation, post

ROWS = [
    conversation(1, labels=clinical("F32")),
    conversation(2, labels=[Label("eq.empathy_recognition", 0.2, "human"), Label("emotions.grief", 0.0, "human")], difficulty=5),
    post(3, [Label("crisis.level", 0.0, "human"), Label("affect.valence", 0.7, "human")]),
]


def frame(rows=ROWS):
    return to_frame(rows).with_row_index("number").with_columns(source=pl.lit("a"))


def test_what_is_known_of_a_row():
    rows = facts_of([frame()]).rows
    assert rows["id"].to_list() == [c.id for c in ROWS]
    assert rows["labels"].to_list() == [2, 2, 2]
    assert rows["difficulty"].to_list() == [2, 5, 2]
    assert rows["characters"].to_list() == [sum(len(turn.content) for turn in c.turns) for c in ROWS]


def test_tokens_are_estimated_from_bytes_and_turns():
    wide = [conversation(4), replace(post(5, []), turns=(Turn("user", "other", "na\u00efve \u2014 \u4f60\u597d"),))]
    told = frame(wide).select(tokens=tokens_of(pl.col("turns")))["tokens"].to_list()
    assert told == [sum(4 + math.ceil(len(turn.content.encode()) / 4) for turn in c.turns) for c in wide]


def test_zero_is_a_value_of_scales_and_an_absence_of_classes():
    assert label_values(frame()).rows() == [
        (0, "clinical.F32=1"),
        (1, "eq.empathy_recognition=0"),
        (2, "affect.valence=1"),
        (2, "crisis.level=0"),
    ]


def test_facts_of_stretches_are_those_of_the_whole_and_can_be_narrowed():
    whole = facts_of([frame()])
    parts = facts_of([frame()[:1], frame()[1:]])
    for one, other in zip((whole.rows, whole.values, whole.said), (parts.rows, parts.values, parts.said), strict=True):
        assert one.equals(other)
    few = whole.only(pl.Series([0, 2], dtype=pl.UInt32))
    assert few.rows["number"].to_list() == [0, 2]
    assert set(few.values["number"]) == {0, 2}
    assert few.extended(whole.only(pl.Series([1], dtype=pl.UInt32))).rows.height == 3
