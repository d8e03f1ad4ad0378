import hashlib
from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.corpus.draw import draw, fill, ranks, spread

PINNED = [15382283242546449436, 5043535777035935772, 15563775022408542508]
NO_VALUES = pl.DataFrame(schema={"number": pl.UInt32, "value": pl.String})


def rows(tokens, source=lambda i: "a", start=0):
    return pl.DataFrame(
        {
            "number": range(start, start + len(tokens)),
            "id": [hashlib.sha256(str(i).encode()).hexdigest() for i in range(len(tokens))],
            "source": [source(i) for i in range(len(tokens))],
            "tokens": tokens,
        },
        schema={"number": pl.UInt32, "id": pl.String, "source": pl.String, "tokens": pl.Int64},
    )


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 40), max_size=60), st.integers(0, 1500))
def test_sizes_are_filled_with_distinct_rows_as_nearly_as_one_exchange_can(sizes, wanted):
    array = np.array(sizes, np.int64)
    chosen = fill(array, min(wanted, int(array.sum())))
    assert len(set(chosen.tolist())) == len(chosen)
    left = abs(min(wanted, sum(sizes)) - int(array[chosen].sum()))
    assert left <= max(sizes, default=0) / 2


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(20, 220)), st.integers(2000, 4000), st.integers(0, 3))
def test_tokens_are_met_to_the_token_where_there_is_choice(tokens, wanted, seed):
    table = rows(tokens)
    numbers = draw(table, NO_VALUES, wanted, unit="tokens", seed=str(seed))
    assert numbers.is_unique().all()
    assert table.filter(pl.col("number").is_in(numbers.implode()))["tokens"].sum() == wanted


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(60)), st.sampled_from(["conversations", "tokens"]))
def test_neither_the_order_of_rows_nor_their_numbers_matter(order, unit):
    table = rows([30 + i % 17 for i in range(60)], source=lambda i: "ab"[i % 2])
    straight = draw(table, NO_VALUES, 25, unit=unit, seed="s")
    other = table[list(order)].with_columns(number=pl.int_range(100, 160, dtype=pl.UInt32))
    shuffled = draw(other, NO_VALUES, 25, unit=unit, seed="s")
    assert set(table.filter(pl.col("number").is_in(straight.implode()))["id"]) == set(
        other.filter(pl.col("number").is_in(shuffled.implode()))["id"]
    )


def test_sources_give_evenly_in_either_unit():
    table = rows([50] * 300, source=lambda i: "small" if i < 60 else "large")
    for unit, wanted in (("conversations", 100), ("tokens", 5000)):
        numbers = draw(table, NO_VALUES, wanted, unit=unit, seed="s")
        assert Counter(table.filter(pl.col("number").is_in(numbers.implode()))["source"]) == {"small": 50, "large": 50}


def test_more_than_there_is_repeats_every_row_equally_often_first():
    counts = Counter(draw(rows([10] * 7), NO_VALUES, 17, unit="conversations", seed="s").to_list())
    assert sorted(counts.values()) == [2] * 4 + [3] * 3
    assert draw(rows([10] * 7), NO_VALUES, 170, unit="tokens", seed="s").len() == 17
    assert draw(rows([]), NO_VALUES, 0, unit="tokens", seed="s").is_empty()


def test_the_seed_decides():
    ids = rows([1] * 500)["id"]
    one, other = ranks(ids, "1"), ranks(ids, "2")
    assert one.n_unique() == other.n_unique() == 500
    assert one.arg_sort().to_list() != other.arg_sort().to_list()
    assert ranks(ids[::-1], "1").to_list() == one.to_list()[::-1]


def test_ranks_stay_the_same_from_release_to_release():
    """The bytes of a mixture rest on them, so they are pinned here."""
    assert ranks(pl.Series([f"{i:064x}"[::-1] for i in range(3)]), "20:train").to_list() == PINNED


def test_spread_keeps_rare_values_while_there_is_room():
    table = rows([10] * 1000)
    values = pl.DataFrame({"number": range(1000), "value": ["common"] * 990 + ["rare"] * 10}, schema_overrides={"number": pl.UInt32})
    kept = spread(table, values, 40, seed="s")
    assert kept.len() == kept.n_unique() == 40
    assert sum(number >= 990 for number in kept) == 10
