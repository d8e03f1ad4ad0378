"""Intervals are reproducible, cover what they promise, and resample groups."""

import numpy as np
import pytest

from pixel_core.evaluation.statistics import intervals
from pixel_core.evaluation.statistics.intervals import bootstrap_mean, resamples


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = list(np.random.default_rng(1).random(40))
    assert bootstrap_mean(values, seed="a") == bootstrap_mean(values, seed="a")
    assert bootstrap_mean(values, seed="a") != bootstrap_mean(values, seed="b")


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        low, high = bootstrap_mean(list(rng.normal(2.0, 1.0, 40)), count=200, seed=f"{trial}")
        hits += low <= 2.0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_items_of_a_group_are_drawn_together():
    groups = ["a"] * 3 + ["b"] * 2 + ["c"]
    for block in resamples(groups, 50, "seed"):
        assert (block[:, 0] == block[:, 1]).all()
        assert (block[:, 3] == block[:, 4]).all()
        assert ((block[:, 0] + block[:, 3] + block[:, 5]) == 3).all()


def test_copies_in_one_group_do_not_narrow_the_interval():
    values = list(np.random.default_rng(2).random(30))
    names = [str(n) for n in range(30)]
    low, high = bootstrap_mean(values, names, seed="s")
    wide = bootstrap_mean(values * 4, names * 4, seed="s")
    assert wide == pytest.approx((low, high))
    narrow = bootstrap_mean(values * 4, seed="s")
    assert narrow[1] - narrow[0] < 0.7 * (high - low)


def test_blocks_hold_all_resamples_and_do_not_change_the_interval(monkeypatch):
    values = list(np.random.default_rng(4).random(20))
    whole = bootstrap_mean(values, count=100)
    monkeypatch.setattr(intervals, "_CELLS", 300)
    assert bootstrap_mean(values, count=100) == whole
    assert sum(len(block) for block in resamples([str(n) for n in range(20)], 100, "seed")) == 100
