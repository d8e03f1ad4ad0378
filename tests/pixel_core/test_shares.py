import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.shares import largest_remainder

counts = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 50), min_size=1, max_size=6)


@given(st.integers(0, 5000), counts)
def test_shares_sum_to_the_total_and_none_is_off_by_a_whole(total, ratios):
    if not any(ratios.values()):
        ratios = dict.fromkeys(ratios, 1)
    found = largest_remainder(total, ratios)
    assert sum(found.values()) == total
    assert list(found) == list(ratios)
    assert all(abs(found[key] - total * ratio / sum(ratios.values())) < 1 for key, ratio in ratios.items())
    assert found == largest_remainder(total, dict(sorted(ratios.items())))


def test_of_equal_remainders_the_larger_ratio_comes_first_and_then_the_name():
    assert largest_remainder(1, {"b": 1, "a": 1}) == {"b": 0, "a": 1}
    assert largest_remainder(5, {"a": 1, "b": 3}) == {"a": 1, "b": 4}
    assert largest_remainder(10, {"b": 0.15, "a": 0.05, "c": 0.8}) == {"b": 2, "a": 0, "c": 8}


@pytest.mark.parametrize(
    ("total", "ratios", "said"),
    [(-1, {"a": 1}, "must not be negative"), (3, {"a": 2, "b": -1}, "must not be negative"), (1, {"a": 0}, "cannot be shared out")],
)
def test_what_cannot_be_shared_out_is_an_error(total, ratios, said):
    with pytest.raises(ValueError, match=said):
        largest_remainder(total, ratios)


def test_nothing_is_shared_out_among_nobody():
    assert largest_remainder(0, {"a": 0}) == {"a": 0}
