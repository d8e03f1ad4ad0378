import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.pooling import readings_of
from tests.pixel_core.model.asserts import (
    assert_order_invariant,
    assert_packing_invariant,
    assert_padding_invariant,
    assert_same_heads,
    heads_of,
)
from tests.pixel_core.model.small import labelled_dialogue

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.lists(st.integers(0, 9), min_size=2, max_size=4)


def examples_of(numbers, tokenizer):
    return [example_of(labelled_dialogue(number), tokenizer) for number in numbers]


@few
@given(st.integers(0, 9), st.integers(1, 70))
def test_padding_changes_nothing(model, tokenizer, number, padding):
    assert_padding_invariant(model, *examples_of([number], tokenizer), padding)


@few
@given(numbers)
def test_packing_neighbours_change_nothing(model, tokenizer, numbers):
    assert_packing_invariant(model, examples_of(numbers, tokenizer))


@few
@given(numbers, st.randoms())
def test_the_order_of_rows_changes_nothing(model, tokenizer, numbers, random):
    order = random.sample(range(len(numbers)), len(numbers))
    assert_order_invariant(model, examples_of(numbers, tokenizer), order)


@few
@given(numbers, st.integers(0, 40), st.randoms())
def test_padding_neighbours_and_order_together_change_nothing(model, tokenizer, numbers, padding, random):
    """Every conversation in some row, at some place in it, with more or less padding behind, is read as it is alone."""
    examples = examples_of(numbers, tokenizer)
    order = random.sample(range(len(numbers)), len(numbers))
    cut = random.randint(0, len(order))
    rows = [[examples[index] for index in part] for part in (order[:cut], order[cut:]) if part]
    length = max(sum(len(example.encoded.ids) for example in row) for row in rows) + padding
    alone = [heads_of(model, [[examples[index]]]) for index in order]
    assert_same_heads(heads_of(model, rows, length=length), {name: torch.cat([heads[name] for heads in alone]) for name in alone[0]})


def test_the_properties_can_fail(model, tokenizer):
    """Other words in what is read, or a neighbour that is not kept apart, do change the outputs."""
    one, other = examples_of([1, 2], tokenizer)
    with pytest.raises(AssertionError, match="head"):
        assert_same_heads(heads_of(model, [[one]]), heads_of(model, [[other]]))
    packed = build_batch([[other, one]], pad=0)
    running = torch.arange(packed.input_ids.shape[1])[None]
    leaking = packed.__class__(packed.input_ids, running, *(getattr(packed, name) for name in packed.__slots__[2:]))
    with pytest.raises(AssertionError, match="head"), torch.no_grad():
        assert_same_heads(model(leaking).heads, model(packed).heads)


def test_the_mean_is_over_exactly_the_masked_tokens():
    hidden = torch.arange(24.0).view(2, 4, 3)
    rows = torch.tensor([1, 0, 1])
    mask = torch.tensor([[False, True, True, False], [True, False, False, False], [False] * 4])
    expected = torch.stack([hidden[1, 1:3].mean(0), hidden[0, 0], torch.zeros(3)])
    reading = readings_of(rows, {"reply": mask}, 2)["reply"]
    torch.testing.assert_close(reading.mean(hidden), expected)
    torch.testing.assert_close(reading.mean(hidden, torch.zeros(2, 4)), expected)
    assert readings_of(rows[:0], {"reply": mask[:0]}, 2)["reply"].mean(hidden).shape == (0, 3)


def test_salient_tokens_count_more_and_others_than_the_read_ones_never():
    hidden, mask = torch.randn(1, 4, 3), torch.tensor([[True, True, True, False]])
    reading = readings_of(torch.tensor([0]), {"reply": mask}, 1)["reply"]
    salience = torch.tensor([[0.0, 2.0, 1.0, 50.0]])
    weights = salience[0, :3].exp()
    torch.testing.assert_close(reading.mean(hidden, salience)[0], (weights / weights.sum()) @ hidden[0, :3])
    loud = reading.mean(hidden, torch.tensor([[0.0, 900.0, 0.0, 900.0]]))  # no overflow, and nothing of the token that is not read
    torch.testing.assert_close(loud[0], hidden[0, 1])
