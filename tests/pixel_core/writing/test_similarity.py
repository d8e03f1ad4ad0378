import random

from hypothesis import given
from hypothesis import strategies as st

from pixel_core.writing.similarity import jaccard, near_duplicates, shingles


def brute(texts, threshold):
    sets = [shingles(t) for t in texts]
    return {i for i in range(len(sets)) if any(jaccard(sets[i], sets[j]) >= threshold for j in range(i))}


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=12).map(" ".join), max_size=8), st.sampled_from([0.3, 0.5, 0.7, 1.0]))
def test_the_index_finds_what_comparing_all_pairs_finds(texts, threshold):
    assert near_duplicates(texts, threshold) == brute(texts, threshold)


def test_a_changed_word_in_a_long_text_is_still_a_near_duplicate():
    words = [f"w{i}" for i in range(200)]
    other = [*words[:50], "changed", *words[51:]]
    mixed = random.Random(1).sample(words, 200)
    assert near_duplicates([" ".join(words), " ".join(other), " ".join(mixed)]) == {1}
