import numpy as np
import pytest

from pixel_core.knowledge.diversity import diversified


@pytest.fixture
def candidates():
    vectors = np.array([[1, 0, 0], [0.99, 0.141, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    return np.array([0.9, 0.88, 0.6, 0.2], dtype=np.float32), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_no_diversity_is_the_order_of_the_scores(candidates):
    assert diversified(*candidates, k=4, diversity=0.0) == [0, 1, 2, 3]


def test_the_best_stays_first_and_its_twin_gives_way(candidates):
    assert diversified(*candidates, k=2, diversity=0.5) == [0, 2]


def test_full_diversity_takes_the_most_different(candidates):
    assert diversified(*candidates, k=3, diversity=1.0) == [0, 2, 3]


def test_every_candidate_is_taken_once_at_most(candidates):
    for diversity in (0.0, 0.3, 1.0):
        assert sorted(diversified(*candidates, k=9, diversity=diversity)) == [0, 1, 2, 3]
