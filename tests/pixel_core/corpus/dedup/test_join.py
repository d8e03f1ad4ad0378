import random
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.corpus.dedup import join, near_duplicate_pairs, near_duplicates, prefixes
from pixel_core.corpus.dedup.shingles import shingle
from tests.pixel_core.corpus.worlds import wording

SPOKEN = "so I told my sister that I would rather stay at home tonight and she did not say a word about it"


def runs(text, words):
    """The runs of words of a text, the plain way."""
    spoken = re.findall(r"[^\W_]+", re.sub("[\u2000-\u203f]", " ", text).lower())
    return {tuple(spoken[i : i + words]) for i in range(max(len(spoken) - words + 1, 1))} if spoken else set()


def jaccard(one, other, words):
    a, b = runs(one, words), runs(other, words)
    return len(a & b) / len(a | b) if a and b else 0.0


def by_hand(texts, threshold, words):
    """The clusters by comparing every pair."""
    clusters = [{i} for i in range(len(texts))]
    for i, j in combinations(range(len(texts)), 2):
        if jaccard(texts[i], texts[j], words) >= threshold - 1e-12:
            one, other = (next(c for c in clusters if k in c) for k in (i, j))
            if one is not other:
                clusters.remove(other)
                one |= other
    return sorted(tuple(sorted(c)) for c in clusters if len(c) > 1)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=9).map(" ".join), max_size=12),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
    st.integers(1, 4),
)
def test_the_clusters_are_those_of_comparing_every_pair(texts, threshold, words):
    assert near_duplicates(texts, threshold=threshold, words=words) == by_hand(texts, threshold, words)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="aZ9é \u2019-_\n\x00漢", max_size=12), max_size=8))
def test_words_are_those_of_the_text(texts):
    found = shingle(texts, 1)
    assert len(found) == len(texts)
    spoken = [re.findall(r"[a-zA-Z0-9é漢]+", text) for text in texts]
    assert found.sizes.tolist() == [len(words) for words in spoken]
    folded = [word.lower() for words in spoken for word in words]
    same = {word: {int(h) for w, h in zip(folded, found.hashes, strict=True) if w == word} for word in folded}
    assert all(len(hashes) == 1 for hashes in same.values())
    assert len(set(map(frozenset, same.values()))) == len(same), "two words share a hash"


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (SPOKEN, SPOKEN),
        (SPOKEN, SPOKEN.upper() + "!!"),
        ("It\u2019s what \u201cthey\u201d said \u2014 yes, they did.", "it's what 'they' said - yes they did"),
        ("Hi.", "hi"),
        (SPOKEN, f"{SPOKEN} either"),
    ],
)
def test_case_punctuation_and_a_few_words_do_not_hide_a_copy(text, copy):
    texts = [wording(1), text, wording(2), copy]
    assert near_duplicates(texts) == [(1, 3)]


def test_texts_without_words_are_no_duplicates():
    assert near_duplicates(["", "...", "", "?!", "x"]) == []
    assert near_duplicates([]) == []


def test_pairs_state_their_similarity_and_nothing_lies_below_the_threshold():
    drawn = random.Random(5)
    texts = [wording(i, 40) for i in range(200)]
    for i in range(100):
        words = texts[i].split()
        words[drawn.randrange(40)] = "otherwise"
        texts.append(" ".join(words[: drawn.randint(20, 40)]))
    pairs = near_duplicate_pairs(texts, threshold=0.6)
    expected = {(i, j) for i, j in combinations(range(300), 2) if jaccard(texts[i], texts[j], 5) >= 0.6}
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == expected
    assert 20 < len(expected) < 100, "the copies lie on both sides of the threshold"
    exact = [jaccard(texts[i], texts[j], 5) for i, j in zip(pairs.first, pairs.second, strict=True)]
    assert np.allclose(pairs.jaccard, exact)


def test_the_order_of_texts_changes_no_cluster():
    texts = [wording(i // 3, 30) + (f" {wording(900 + i, 2)}" if i % 3 else "") for i in range(60)]
    clusters = {frozenset(texts[i] for i in c) for c in near_duplicates(texts)}
    mixed = random.Random(1).sample(texts, len(texts))
    assert {frozenset(mixed[i] for i in c) for c in near_duplicates(mixed)} == clusters
    assert len(clusters) == 20


def test_many_copies_of_one_template_are_one_cluster(monkeypatch):
    monkeypatch.setattr(prefixes, "WINDOW", 3)
    texts = [f"{SPOKEN} {i}" for i in range(500)]
    assert near_duplicates(texts) == [tuple(range(500))]


def test_chunks_and_batches_divide_nothing(monkeypatch):
    texts = [wording(i % 50, 30) + f" {i}" for i in range(150)]
    whole = near_duplicates(texts)
    monkeypatch.setattr("pixel_core.corpus.dedup.shingles._CHUNK", 100)
    monkeypatch.setattr(join, "_BATCH", 64)
    monkeypatch.setattr(prefixes, "_SPARE", -2)
    monkeypatch.setattr(prefixes, "_CHUNK", 100)
    monkeypatch.setattr(prefixes, "_TEXTS", 7)
    monkeypatch.setattr(prefixes, "_PAIRS", 10)
    assert near_duplicates(texts) == whole
    assert len(whole) == 50


@pytest.mark.parametrize(("settings", "named"), [({"threshold": 0}, "threshold 0"), ({"threshold": 1.5}, "1.5"), ({"words": 0}, "0 words")])
def test_impossible_settings_are_named(settings, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        near_duplicates(["a"], **settings)
