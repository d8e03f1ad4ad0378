from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pixel_core.knowledge.sentences import sentence_spans, short_spans


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


@given(st.text(st.sampled_from("ab .;,\n"), max_size=300), st.integers(1, 8))
def test_a_sentence_longer_than_wanted_is_cut_and_nothing_is_lost(text, longest):
    spans = list(short_spans(text, longest))
    assert "".join(text[start:end] for start, end in spans).split() or not text.strip()
    assert "".join(text[s:e] for s, e in spans).replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")
    assert all(len(text[start:end].split()) <= longest for start, end in spans)


def test_long_sentences_are_cut_at_clauses():
    text = "one two three, four five; six seven eight nine ten"
    assert [text[s:e] for s, e in short_spans(text, 6)] == ["one two three, four five;", "six seven eight nine ten"]
