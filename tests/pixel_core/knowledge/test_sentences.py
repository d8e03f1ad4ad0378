from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pixel_core.knowledge.sentences import sentence_spans


def split(text):
    return [text[a:b] for a, b in sentence_spans(text)]


def test_sentences_end_where_people_end_them():
    assert split("It rains. Does it? Yes! He said: 'No.' Then he left…  So be it") == [
        "It rains.",
        "Does it?",
        "Yes!",
        "He said: 'No.'",
        "Then he left…",
        "So be it",
    ]


def test_abbreviations_and_small_letters_do_not_end_a_sentence():
    assert split("Ask Dr. Brown about it, e.g. At noon. and so on.") == ["Ask Dr. Brown about it, e.g. At noon. and so on."]


@given(st.text(alphabet="ab .!?\"'\n(A)Z…", max_size=80))
def test_no_character_but_space_is_lost(text):
    spans = list(sentence_spans(text))
    assert "".join(text[a:b] for a, b in spans).split() == text.split() or "".join("".join(text[a:b] for a, b in spans).split()) == "".join(
        text.split()
    )
    assert all(a < b for a, b in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
