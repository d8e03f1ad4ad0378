"""Named properties of a model's reading: what surrounds a conversation never changes what the heads say about it."""

import torch

from pixel_core.model.batch import build_batch

TOLERANCE = {"rtol": 2e-4, "atol": 2e-5}  # matrix products of other shapes add up in another order


@torch.no_grad()
def heads_of(model, rows, length=None):
    """Raw outputs by head, queries in the order of the rows."""
    return model(build_batch(rows, pad=model.tokenizer.pad_token_id, length=length)).heads


def assert_same_heads(found, expected):
    assert found.keys() == expected.keys()
    for name, raw in expected.items():
        torch.testing.assert_close(found[name], raw, **TOLERANCE, msg=lambda message, name=name: f"head {name}: {message}")


def assert_padding_invariant(model, example, padding):
    alone = heads_of(model, [[example]])
    assert_same_heads(heads_of(model, [[example]], length=len(example.encoded.ids) + padding), alone)


def assert_packing_invariant(model, examples):
    """Packed into one row, each conversation gets what it gets alone."""
    alone = [heads_of(model, [[example]]) for example in examples]
    assert_same_heads(heads_of(model, [examples]), {name: torch.cat([heads[name] for heads in alone]) for name in alone[0]})


def assert_order_invariant(model, examples, order):
    """Rows in another order give the same outputs in that order."""
    each = heads_of(model, [[example] for example in examples])
    counts = [len(example.queries) for example in examples]
    expected = {name: list(raw.split(counts)) for name, raw in each.items()}
    found = heads_of(model, [[examples[index]] for index in order])
    assert_same_heads(found, {name: torch.cat([parts[index] for index in order]) for name, parts in expected.items()})
