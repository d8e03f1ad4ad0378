import polars as pl
import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge.lexical import Lexical, content_words, stem, write_lexical

TEXTS = [
    "Worry about money keeps people awake.",
    "Panic rises within minutes.",
    "Worries, worries: the panic of a worrier.",
    "Bread and butter.",
]


@pytest.fixture
def lexical(tmp_path):
    write_lexical(TEXTS, tmp_path)
    return Lexical.open(tmp_path, len(TEXTS))


@pytest.mark.parametrize(
    "forms", [("worry", "worries", "worried", "worrying"), ("plan", "plans", "planned", "planning"), ("hope", "hoped", "hoping")]
)
def test_the_forms_of_a_word_share_a_stem(forms):
    assert len({stem(form) for form in forms}) == 1


def test_different_words_keep_different_stems():
    words = ("grief", "grievance", "mania", "manual", "sleep", "slip", "this", "thesis")
    assert len({stem(word) for word in words}) == len(words)


def test_function_words_and_possessives_do_not_count():
    assert content_words("Whose is the client's fear, and why?") == ["client", "fear"]
    assert content_words("It\u2019s the client\u2019s") == content_words("It's the client's")


def test_a_passage_with_every_word_scores_higher_than_one_with_some(lexical):
    scores = lexical.scores("worry panic")
    assert scores[2] > max(scores[0], scores[1]) > scores[3] == 0
    assert scores.max() <= 1


def test_words_that_stand_nowhere_lower_every_score(lexical):
    assert lexical.scores("panic xylophone zeppelin")[1] < lexical.scores("panic")[1]
    assert not lexical.scores("xylophone").any()
    assert not lexical.scores("of the and").any()


def test_bm25_is_the_published_formula(lexical):
    import math

    words = [content_words(text) for text in TEXTS]
    mean = sum(map(len, words)) / len(words)
    rarity = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    expected = rarity * 2.2 / (1 + 1.2 * (0.25 + 0.75 * len(words[1]) / mean)) / (rarity * 2.2)
    assert lexical.scores("panic")[1] == pytest.approx(expected, rel=1e-5)


def test_the_same_texts_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_lexical(TEXTS, tmp_path / name)
    assert tree_digest(tmp_path / "a") == tree_digest(tmp_path / "b")
    assert pl.read_parquet(tmp_path / "a" / "lexical_terms.parquet")["term"].is_sorted()
