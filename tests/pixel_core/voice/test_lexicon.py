import csv
from pathlib import Path

import pytest

from pixel_core.voice import lexicon


def test_no_term_stands_twice_in_a_category():
    rows = list(csv.reader((Path(lexicon.__file__).parent / "lexicon.csv").open()))[1:]
    assert len(rows) == len({tuple(row) for row in rows})
    assert all(term == term.lower().strip() for _, term in rows)


def test_a_longer_term_counts_once():
    assert lexicon.count_terms(["it", "sounds", "like", "rain"], "empathy") == 1
    assert lexicon.count_terms(["i", "think", "maybe", "i", "guess", "so"], "hedge") == 3
    assert lexicon.count_terms(["nothing", "at", "all"], "absolute") == 2
    assert lexicon.count_terms([], "hedge") == 0


def test_function_words_are_grammar():
    assert {"the", "i", "of", "and", "is", "not"} <= lexicon.function_words()
    assert not {"sister", "walk", "afraid"} & lexicon.function_words()
    with pytest.raises(KeyError):
        lexicon.terms("nouns")
