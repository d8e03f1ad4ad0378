import pytest

from pixel_core import taxonomy
from pixel_core.model.heads import HEADS, OBJECTIVES, find_head


def test_the_table_has_the_heads_of_the_design():
    table = {spec.name: (len(spec.outputs), spec.kind, spec.reads, spec.levels) for spec in HEADS}
    assert table == {
        "eq": (5, "regression", "reply", 0),
        "persona": (2, "class", "context", 0),
        "emotions": (28, "multilabel", "client", 0),
        "affect": (3, "regression", "client", 0),
        "mer": (6, "class", "client", 0),
        "clinical": (100, "multilabel", "client", 0),
        "pdm2": (len(taxonomy.ids("pdm2")), "multilabel", "client", 0),
        "empathy": (3, "ordinal", "reply", 3),
        "appropriateness": (1, "binary", "reply", 0),
        "technique": (len(taxonomy.ids("techniques")), "multilabel", "reply", 0),
        "intervention": (len(taxonomy.ids("techniques")), "class", "context", 0),
        "crisis": (1, "ordinal", "client", 5),
    }
    assert {spec.name for spec in HEADS if spec.encoding} == {"emotions", "affect", "mer"}
    assert {spec.name for spec in HEADS if spec.therapist_only} == {"eq", "empathy", "appropriateness"}
    assert OBJECTIVES[0] == "language" and len(set(OBJECTIVES)) == len(HEADS) + 1


def test_an_ordinal_output_has_a_raw_value_a_threshold():
    assert (find_head("empathy").width, find_head("crisis").width, find_head("clinical").width) == (6, 4, 100)
    assert find_head("empathy").label_names == ("empathy.emotional_reactions", "empathy.interpretations", "empathy.explorations")


def test_an_unknown_head_is_named_with_the_known_ones():
    with pytest.raises(KeyError, match="'mood' is not a head: use one of eq, persona"):
        find_head("mood")
