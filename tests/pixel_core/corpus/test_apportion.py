from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.corpus.apportion import DeficitError, apportion, level, table

SHARES = {"psychology": 0.30, "voice": 0.25, "mental_health": 0.20, "reasoning": 0.15, "personality": 0.10}
ratios = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(1, 50).map(lambda n: n / 100), min_size=1, max_size=6)


def assert_sums_to(total, counts):
    assert sum(counts.values()) == total
    assert all(count >= 0 for count in counts.values())


@given(st.integers(0, 100_000), ratios)
def test_shares_sum_to_the_total_and_are_off_by_less_than_one_row(total, ratios):
    counts = apportion(total, ratios)
    assert_sums_to(total, counts)
    whole = sum(Fraction(str(r)) for r in ratios.values())
    assert all(abs(counts[key] - total * Fraction(str(ratio)) / whole) < 1 for key, ratio in ratios.items())


@given(st.integers(0, 1000), ratios, st.randoms())
def test_the_order_of_the_ratios_does_not_matter(total, ratios, random):
    items = list(ratios.items())
    random.shuffle(items)
    assert apportion(total, dict(items)) == apportion(total, ratios)


def test_the_shares_of_the_project_at_a_hundred_thousand():
    counts = apportion(100_000, SHARES)
    assert list(counts.values()) == [30_000, 25_000, 20_000, 15_000, 10_000]
    assert list(counts) == list(SHARES)


def test_too_few_rows_are_an_error_that_counts_them():
    with pytest.raises(DeficitError, match="reasoning: 15 wanted, 14 available"):
        apportion(100, SHARES, dict.fromkeys(SHARES, 14) | {"psychology": 99, "voice": 99, "mental_health": 99})


def test_a_deficit_is_redistributed_by_the_other_shares():
    counts = apportion(
        100, SHARES, {"psychology": 10, "voice": 100, "mental_health": 100, "reasoning": 100, "personality": 5}, deficit="redistribute"
    )
    assert_sums_to(100, counts)
    assert (counts["psychology"], counts["personality"]) == (10, 5)
    assert counts["voice"] > counts["mental_health"] > counts["reasoning"] > 15


@given(st.integers(0, 300), st.lists(st.integers(0, 100), min_size=5, max_size=5))
def test_redistribution_never_takes_more_than_there_is(total, rows):
    available = dict(zip(SHARES, rows, strict=True))
    if sum(rows) < total:
        with pytest.raises(DeficitError):
            apportion(total, SHARES, available, deficit="redistribute")
    else:
        counts = apportion(total, SHARES, available, deficit="redistribute")
        assert_sums_to(total, counts)
        assert all(counts[key] <= available[key] for key in SHARES)


def test_a_share_of_zero_is_not_filled_from():
    with pytest.raises(DeficitError):
        apportion(10, {"a": 1.0, "b": 0.0}, {"a": 5, "b": 100}, deficit="redistribute")


def test_repeating_has_a_cap():
    assert apportion(10, {"a": 1.0}, {"a": 4}, deficit="repeat", repeat_cap=3) == {"a": 10}
    with pytest.raises(DeficitError, match="13 wanted, 12 available"):
        apportion(13, {"a": 1.0}, {"a": 4}, deficit="repeat", repeat_cap=3)


@pytest.mark.parametrize(("total", "ratios"), [(-1, {"a": 1.0}), (1, {"a": -0.1}), (1, {"a": 0.0})])
def test_nonsense_is_refused(total, ratios):
    with pytest.raises(ValueError, match=r"negative|every ratio is 0"):
        apportion(total, ratios)


@given(st.integers(0, 5000))
def test_a_table_has_exactly_the_sums_of_its_rows_and_columns(total):
    rows, columns = apportion(total, SHARES), apportion(total, {"train": 0.8, "validation": 0.1, "test": 0.1})
    cells = table(rows, columns)
    assert {row: sum(cells[row].values()) for row in rows} == rows
    assert {column: sum(cells[row][column] for row in rows) for column in columns} == columns
    assert all(abs(cells[r][c] - rows[r] * columns[c] / max(total, 1)) < 2 for r in rows for c in columns)


def test_a_table_whose_sums_disagree_is_refused():
    with pytest.raises(ValueError, match="must agree"):
        table({"a": 3}, {"x": 2})


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 20), min_size=1), st.integers(0, 60))
def test_levelling_is_even_up_to_what_there_is(available, total):
    if total > sum(available.values()):
        with pytest.raises(DeficitError):
            level(total, available)
        return
    counts = level(total, available)
    assert_sums_to(total, counts)
    assert all(counts[key] <= available[key] for key in available)
    full = max((counts[key] for key in available), default=0)
    assert all(counts[key] >= full - 1 or counts[key] == available[key] for key in available)
