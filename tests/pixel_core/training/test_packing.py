"""First-fit packing, and the order in which a run sees what was packed."""

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.training.batches import PackedSplit, Share, drawn
from pixel_core.training.packing import first_fit


@given(st.lists(st.integers(1, 50)), st.integers(50, 120))
def test_every_item_has_one_place_and_no_bin_overflows(sizes, capacity):
    bins = first_fit(sizes, capacity)
    assert sorted(index for row in bins for index in row) == list(range(len(sizes)))
    assert all(0 < sum(sizes[index] for index in row) <= capacity for row in bins)


def test_an_item_goes_into_the_first_bin_with_room():
    assert first_fit([6, 7, 3, 4, 1], 10) == [[0, 2, 4], [1], [3]]
    assert first_fit([6, 7, 4, 3], 10) == [[0, 2], [1, 3]]


def test_an_item_larger_than_a_bin_is_an_error():
    with pytest.raises(ValueError, match="item 1 of size 11"):
        first_fit([5, 11], 10)


@given(st.integers(1, 30), st.integers(0, 90), st.integers(0, 40))
def test_the_order_is_endless_and_does_not_depend_on_where_one_looks(count, start, length):
    whole = drawn(count, "seed:rows", 0, start + length)
    assert drawn(count, "seed:rows", start, start + length) == whole[start:]
    epoch = drawn(count, "seed:rows", count, 2 * count)
    assert sorted(epoch) == list(range(count))


def test_epochs_and_seeds_are_shuffled_differently():
    assert drawn(20, "1:rows", 0, 20) != drawn(20, "1:rows", 20, 40)
    assert drawn(20, "1:rows", 0, 20) != drawn(20, "2:rows", 0, 20)
    assert drawn(0, "1:rows", 0, 20) == []


@given(st.lists(st.integers(), max_size=40), st.integers(1, 8), st.integers(1, 4))
def test_ranks_and_micro_batches_take_every_item_once(items, world, micro):
    slices = [taken for rank in range(world) for taken in Share(rank, world, micro).of(items)]
    assert [item for taken in slices for item in taken] == items
    assert max(map(len, slices)) == Share(0, world, micro).most(items)


@pytest.fixture(scope="module")
def split(packed):
    return PackedSplit(packed, "train")


def at(split, step, share):
    return split.step(step, rows=4, head_rows=2, seed=20, share=share)


def content(batches):
    """Token sequences and their targets in a batch, whatever rows and ranks they lie on."""
    rows = []
    for batch in batches:
        for ids, length, targets in zip(batch.input_ids, batch.lengths, batch.language_targets, strict=True):
            if length > 1:
                rows.append((tuple(ids[:length].tolist()), tuple(targets[:length].tolist())))
    return sorted(rows)


@pytest.mark.parametrize("share", [(0, 2, 1), (0, 1, 2), (0, 2, 2), (0, 4, 1)])
def test_all_ranks_together_see_the_same_rows_whatever_their_number(split, share):
    _, world, micro = share
    whole = content(at(split, 3, Share()))
    parts = content([batch for rank in range(world) for batch in at(split, 3, Share(rank, world, micro))])
    assert parts == whole


def test_every_rank_has_the_same_shape_at_every_micro_batch(split):
    shapes = [[tuple(batch.input_ids.shape) for batch in at(split, 5, Share(rank, 4, 2))] for rank in range(4)]
    assert all(shape == shapes[0] for shape in shapes)


def test_a_step_is_the_same_whenever_it_is_asked_for(split, packed):
    first, again = at(split, 7, Share(1, 2)), at(PackedSplit(packed, "train"), 7, Share(1, 2))
    assert all(torch.equal(a.input_ids, b.input_ids) for a, b in zip(first, again, strict=True))
    assert content(at(split, 7, Share())) != content(at(split, 8, Share()))


def test_targets_are_the_next_tokens_within_a_conversation(split):
    (batch,) = at(split, 1, Share())
    learned = batch.language_targets != -100
    rows, places = learned.nonzero(as_tuple=True)
    assert torch.equal(batch.language_targets[learned], batch.input_ids[rows, places + 1])
    assert (batch.position_ids[rows, places + 1] == batch.position_ids[rows, places] + 1).all(), "a target crosses a conversation's end"


def test_examples_carry_labels_and_no_language_loss(split, packed):
    """One epoch of head rows shows every labelled example once."""
    rows = pl.read_parquet(packed / "head_train.parquet")
    (batch,) = split.step(1, rows=0, head_rows=rows.height, seed=20, share=Share())
    assert (batch.language_targets == -100).all()
    labels = rows["turns"].explode().struct.field("labels").list.eval(pl.element().struct.field("output")).list.join(" ")
    assert (~batch.head_targets["emotions"].isnan()).any(1).sum() == labels.str.contains("emotions").sum() > 0


@pytest.mark.parametrize("world", [1, 2, 3])
def test_validation_covers_the_split_once_with_equally_many_batches_a_rank(packed, world):
    held_out = PackedSplit(packed, "validation")
    ranks = [held_out.everything(rows=4, share=Share(rank, world)) for rank in range(world)]
    assert len({len(batches) for batches in ranks}) == 1
    everything = content([batch for batches in ranks for batch in batches])
    assert everything == content(held_out.everything(rows=100, share=Share()))
    labelled = sum(int((~b.head_targets["emotions"].isnan()).any(1).sum()) for batches in ranks for b in batches)
    assert labelled == len(held_out.targets["emotions"])
