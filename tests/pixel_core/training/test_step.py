import math
from collections import Counter

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.decoding import decode
from pixel_core.model.heads import HEADS, OBJECTIVES
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.conflicts import ConflictLog
from pixel_core.objectives.losses import head_loss
from pixel_core.objectives.merging import METHODS
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue, small_backbone

EVERYTHING = dict.fromkeys(OBJECTIVES, 1.0)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([turn.content for number in range(10) for turn in labelled_dialogue(number)], 300)


def model_of(tokenizer, **changes):
    model = PixelModel(small_backbone(tokenizer, **changes), tokenizer=tokenizer)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for parameter in model.heads.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def batch_of(tokenizer, *numbers, drop=()):
    """One row a dialogue; the heads in `drop` lose their labels."""
    batch = build_batch([[example_of(labelled_dialogue(number), tokenizer)] for number in numbers], pad=0)
    for head in drop:
        batch.head_targets[head].fill_(math.nan)
    return batch


def counted(step, *batches):
    total = Counter()
    for batch in batches:
        total.update(step.counts(batch))
    return total


def gradients_of(step):
    return {name: parameter.grad.clone() for name, parameter in step.named_parameters() if parameter.grad is not None}


def assert_same_gradients(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6, msg=lambda message, name=name: f"{name}: {message}")


def test_counts_are_of_labels(tokenizer):
    step = TrainingStep(model_of(tokenizer), EVERYTHING)
    counts = step.counts(batch_of(tokenizer, 0, 1))
    assert counts["affect"] == 6 and counts["clinical"] == 200 and counts["mer"] == 2 and counts["crisis"] == 2 and counts["balance"] == 1
    assert counts["language"] == int((batch_of(tokenizer, 0, 1).language_targets >= 0).sum()) > 0
    assert list(counts) == [*OBJECTIVES, "balance"]


def test_the_total_is_the_weighted_sum_of_the_means_and_the_balance(tokenizer):
    weights = {"crisis": 0.5, "language": 2.0, "eq": 0.0}
    step = TrainingStep(model_of(tokenizer), weights)
    batch = batch_of(tokenizer, 0, 1)
    losses = step(batch, counted(step, batch))
    assert list(step.weights) == ["language", "crisis"], "in the order of the table, without what weighs nothing"
    parts = losses.parts
    assert losses.total.item() == pytest.approx(2 * parts["language"].item() + 0.5 * parts["crisis"].item() + parts["balance"].item())
    assert not any(part.requires_grad for part in parts.values())
    assert parts["language"].item() == pytest.approx(math.log(len(tokenizer)), rel=0.1), "a random model knows nothing"


@pytest.mark.parametrize("merge", METHODS)
def test_micro_batches_add_up_to_the_whole(tokenizer, merge):
    """With global counts as denominators, the parts of the micro-batches are those of the whole batch; with `sum` so are the gradients."""
    step = TrainingStep(model_of(tokenizer), EVERYTHING, merge, chunk=8)
    whole, pieces = batch_of(tokenizer, 0, 1, 2), [batch_of(tokenizer, 0, 1), batch_of(tokenizer, 2)]
    denominators = counted(step, *pieces)
    together = step(whole, {**denominators, "balance": math.inf})
    together.total.backward()
    expected = gradients_of(step)
    step.zero_grad()
    sums = Counter()
    for piece in pieces:
        losses = step(piece, {**denominators, "balance": math.inf})  # the balance of a batch is no sum over its rows
        losses.total.backward()
        sums.update({name: part.item() for name, part in losses.parts.items()})
    assert sums == pytest.approx({name: part.item() for name, part in together.parts.items()}, rel=1e-4)
    if merge == "sum":
        assert_same_gradients(gradients_of(step), expected)
    else:
        assert gradients_of(step).keys() == expected.keys()


def test_merging_by_sum_is_plain_backward_over_the_whole_model(tokenizer):
    model, batch = model_of(tokenizer), batch_of(tokenizer, 0, 1)
    step = TrainingStep(model, EVERYTHING, "sum", chunk=8)
    denominators = counted(step, batch)
    step(batch, denominators).total.backward()
    found = gradients_of(step)
    step.zero_grad()
    output = model(batch)
    logits = model.language_model(batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits
    plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.language_targets.flatten(), reduction="sum")
    total = plain / denominators["language"] + output.balance
    for spec in HEADS:
        total = (
            total + head_loss(spec.kind, output.heads[spec.name], batch.head_targets[spec.name], spec.levels)[0] / denominators[spec.name]
        )
    total.backward()
    assert_same_gradients(found, gradients_of(step))


@pytest.mark.parametrize("merge", METHODS)
def test_an_objective_without_labels_reaches_every_parameter_and_moves_none(tokenizer, merge):
    step = TrainingStep(model_of(tokenizer), EVERYTHING, merge)
    full, bare = batch_of(tokenizer, 0, 1), batch_of(tokenizer, 0, 1, drop=("crisis", "clinical"))
    for batch in (full, bare, build_batch([[example_of(labelled_dialogue(1), tokenizer, ask=[])]], pad=0)):
        step.zero_grad()
        losses = step(batch, counted(step, full))
        losses.total.backward()
        missing = [name for name, parameter in step.named_parameters() if parameter.grad is None]
        assert not missing, "a parameter that one rank does not use stops ZeRO-3"
        if batch is not full:
            assert losses.parts["crisis"].item() == 0
            assert not any(g.any() for name, g in gradients_of(step).items() if "by_name.crisis" in name)
        assert any(g.any() for name, g in gradients_of(step).items() if "embed_tokens" in name)


def test_a_head_without_weight_is_frozen_and_not_computed(tokenizer):
    model = model_of(tokenizer)
    model.supervised = {spec.name: [9] * len(spec.outputs) for spec in HEADS}
    step = TrainingStep(model, {"language": 1.0, "eq": 0.1})
    assert {name for name, labels in model.supervised.items() if any(labels)} == {"eq"}
    batch = batch_of(tokenizer, 0)
    step(batch, counted(step, batch)).total.backward()
    trained = {name for name, parameter in model.heads.named_parameters() if parameter.requires_grad}
    assert trained and all(name.startswith("by_name.eq.") for name in trained)
    assert all(parameter.grad is None for name, parameter in model.heads.named_parameters() if name not in trained)


def test_no_supervised_head_starts_without_a_gradient(tokenizer):
    """Weights start at zero: step 1 moves every head, and from then on the backbone and the emotion encoding feel it."""
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    step = TrainingStep(model, {spec.name: 1.0 for spec in HEADS})
    batch = batch_of(tokenizer, *range(6))
    optimizer = torch.optim.SGD(step.parameters(), lr=0.1)
    step.observe = conflicts = ConflictLog()
    for moment in ("first", "second"):
        optimizer.zero_grad()
        step(batch, {**counted(step, batch), "balance": math.inf}).total.backward()
        for spec in HEADS:
            predict = model.heads.by_name[spec.name].predict
            assert predict.weight.grad.any(1).all(), f"an output of {spec.name}"
        gramian, _ = conflicts.take()
        felt = {name: bool(length > 0) for name, length in zip(step.weights, gramian.diagonal(), strict=True)}
        assert felt == dict.fromkeys(felt, moment == "second"), "what each head alone gives back to the hidden state"
        assert bool(model.heads.emotion_encoding.project.weight.grad.any()) == (moment == "second")
        assert bool(model.language_model.get_input_embeddings().weight.grad.any()) == (moment == "second")
        optimizer.step()


def test_gradient_checkpointing_gives_the_same_gradients(tokenizer):
    batch = batch_of(tokenizer, 0, 1)
    found = []
    for checkpointing in (False, True):
        model = model_of(tokenizer)
        if checkpointing:
            model.language_model.gradient_checkpointing_enable({"use_reentrant": False})
        step = TrainingStep(model, EVERYTHING, "upgrad").train()
        step(batch, counted(step, batch)).total.backward()
        found.append(gradients_of(step))
    assert_same_gradients(found[1], found[0])


def test_a_batch_can_be_learned_by_heart_on_every_head(tokenizer):
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    step = TrainingStep(model, EVERYTHING, "upgrad")
    batch = batch_of(tokenizer, *range(6))
    denominators = counted(step, batch)
    # a middle level is sure only once its thresholds drifted apart, which takes a rate of their own
    thresholds = [model.heads.by_name[spec.name].predict.bias for spec in HEADS if spec.kind == "ordinal"]
    rest = [parameter for parameter in step.parameters() if all(parameter is not own for own in thresholds)]
    optimizer = torch.optim.AdamW([{"params": rest}, {"params": thresholds, "lr": 0.15}], lr=4e-3, weight_decay=0.0)
    first = None
    for _ in range(150):
        optimizer.zero_grad()
        losses = step(batch, denominators)
        losses.total.backward()
        optimizer.step()
        first = first or losses.parts
    for name in OBJECTIVES:
        assert losses.parts[name] < 0.05 * first[name], f"{name}: {first[name]:.3f} -> {losses.parts[name]:.3f}"
    raw = model.eval()(batch).heads
    for spec in HEADS:
        known = ~batch.head_targets[spec.name].isnan()
        gap = (decode(spec, raw[spec.name]).decisions - batch.head_targets[spec.name])[known].abs()
        assert gap.mean() < (0.05 if spec.kind == "regression" else 0.01), spec.name


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"mood": 1.0}, "names mood: objectives are language, eq"),
        ({"eq": 0.0}, "nothing would be trained"),
        ({"eq": 1.0, "crisis": math.nan}, r"training\.weights\.crisis = nan"),
        ({"eq": 1.0, "crisis": -0.5}, r"training\.weights\.crisis = -0\.5"),
    ],
)
def test_weights_that_make_no_sense_are_refused(tokenizer, weights, message):
    with pytest.raises(ValueError, match=message):
        TrainingStep(model_of(tokenizer), weights)
