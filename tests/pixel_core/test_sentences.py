import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.sentences import clauses_of, sentences_of


@pytest.mark.parametrize(
    ("text", "sentences", "clauses"),
    [
        ("I slept. Did you?  No!\nWell: no; never.", ["I slept.", "Did you?", "No!", "Well: no; never."], 6),
        ("At 7.30 it was 3:1", ["At 7.30 it was 3:1"], 1),
        ("", [""], 1),
    ],
)
def test_a_turn_is_cut_after_its_marks(text, sentences, clauses):
    assert sentences_of(text) == sentences
    assert len(clauses_of(text)) == clauses


@given(st.text("ab .?!;:\n", max_size=40))
def test_nothing_but_space_is_lost(text):
    for cut in (sentences_of, clauses_of):
        assert re.sub(r"\s", "", "".join(cut(text))) == re.sub(r"\s", "", text)
