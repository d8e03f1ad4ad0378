import pytest

from pixel_core.voice.words import word_error_rate, word_errors, words_of


def test_words_are_small_and_bare():
    assert words_of("“Well,” she said — I\u2019m NOT well-known… 24 times!") == [
        "well",
        "she",
        "said",
        "i'm",
        "not",
        "well-known",
        "24",
        "times",
    ]
    assert words_of(" … ") == []


@pytest.mark.parametrize(
    ("heard", "said", "errors"),
    [("a b c", "a b c", 0), ("a c", "a b c", 1), ("a x b c", "a b c", 1), ("a x c", "a b c", 1), ("", "a b", 2), ("b a", "a b", 2)],
)
def test_errors_are_the_fewest_edits(heard, said, errors):
    assert word_errors(heard.split(), said.split()) == errors
    assert word_errors(said.split(), heard.split()) == errors


def test_the_rate_counts_what_was_never_heard():
    assert word_error_rate({"a": "one two"}, {"a": "one two", "b": "three four"}) == 0.5
    assert word_error_rate({"a": "One, two!", "z": "more"}, {"a": "one two"}) == 0
    with pytest.raises(ValueError, match="at least one word"):
        word_error_rate({"a": "x"}, {"a": "..."})
