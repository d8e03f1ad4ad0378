import math

import pytest
import torch

from pixel_core.conversation import Label, Turn
from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import HEADS
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe.steering import TurnLosses
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from pixel_core.training.turns import HEAD_OF, conversations_of, count_pairs, turn_loss, turn_pairs
from tests.pixel_core.model.small import small_backbone

WEIGHTS = {"language": 1.0, "emotions": 1.0, "empathy": 1.0, "persona": 1.0}
ALL = TurnLosses(contrast=1.0, consistency=1.0, transition=1.0)
FORMULA, EXPLORES, INTERPRETS = (1, 0, 0), (0, 0, 2), (1, 2, 0)


def levels(*values):
    names = ("emotional_reactions", "interpretations", "explorations")
    return tuple(Label(f"empathy.{name}", value, "human") for name, value in zip(names, values, strict=True))


def mood(name):
    return (Label(f"emotions.{name}", 1, "human"), Label("emotions.*", 0, "human"))


def dialogue(*replies):
    """Client and therapist in turn; the client is sad at first and glad after; each reply has its levels of empathy."""
    turns = []
    for number, reply in enumerate(replies):
        turns.append(Turn("user", "client", f"so it goes {number}", labels=mood("joy" if number else "sadness")))
        turns.append(Turn("assistant", "therapist", f"that is how it is {number}", learn=True, labels=levels(*reply)))
    return turns


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([turn.content for turn in dialogue(FORMULA, EXPLORES)], 300)


@pytest.fixture(scope="module")
def batch(tokenizer):
    """Two dialogues packed into one row, a third one in another."""
    packed = [example_of(dialogue(*replies), tokenizer) for replies in ((FORMULA, EXPLORES), (FORMULA, FORMULA, INTERPRETS))]
    return build_batch([packed, [example_of(dialogue(EXPLORES), tokenizer)]], pad=0)


@pytest.fixture
def model(tokenizer):
    torch.manual_seed(0)
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    for parameter in model.heads.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_queries_know_their_conversation_within_a_packed_row(batch):
    found = conversations_of(batch).tolist()
    assert [found.count(name) for name in dict.fromkeys(found)] == [4, 6, 2]


def test_pairs_are_of_one_conversation_and_count_as_expected(batch):
    for name, expected in (("consistency", 1 + 2), ("transition", 1 + 2)):
        pairs = turn_pairs(name, batch)
        assert len(pairs) == expected
        conversations = conversations_of(batch)
        assert all(conversations[a] == conversations[b] for a, b in pairs.tolist())
    assert count_pairs("consistency", batch) == 3 * 28 and count_pairs("transition", batch) == 3


def test_contrasts_are_of_one_group(tokenizer):
    one, other = (example_of(dialogue(*replies), tokenizer) for replies in ((FORMULA, EXPLORES), (INTERPRETS,)))
    apart = build_batch([[type(one)(one.encoded, one.queries, "a"), type(other)(other.encoded, other.queries, "b")]], pad=0)
    together = build_batch([[type(one)(one.encoded, one.queries, "a"), type(other)(other.encoded, other.queries, "a")]], pad=0)
    assert (count_pairs("contrast", apart), count_pairs("contrast", together)) == (1, 2)


def test_off_by_default_and_then_not_a_number_changes(model, batch):
    plain, same = TrainingStep(model, WEIGHTS), TrainingStep(model, WEIGHTS, turns=TurnLosses())
    assert plain.counts(batch) == same.counts(batch) and not any(name in same.counts(batch) for name in HEAD_OF)
    assert torch.equal(plain(batch, plain.counts(batch)).total, same(batch, plain.counts(batch)).total)


def test_the_total_grows_by_weight_times_share_times_mean(model, batch):
    plain, more = TrainingStep(model, WEIGHTS | {"empathy": 0.5}), TrainingStep(model, WEIGHTS | {"empathy": 0.5}, turns=ALL)
    counts = more.counts(batch)
    losses = more(batch, counts)
    assert all(losses.parts[name] > 0 for name in HEAD_OF)
    extra = losses.parts["consistency"] + losses.parts["transition"] + 0.5 * losses.parts["contrast"]
    assert losses.total.item() == pytest.approx(plain(batch, counts).total.item() + extra.item(), rel=1e-5)


@pytest.mark.parametrize("name", HEAD_OF)
def test_a_turn_loss_reaches_its_head_alone_and_the_backbone(model, batch, name):
    outputs = model(batch).heads
    total, count = turn_loss(name, outputs[HEAD_OF[name]], batch, turn_pairs(name, batch))
    (total / count).backward()
    moved = {spec.name for spec in HEADS if any(p.grad is not None and p.grad.any() for p in model.heads.by_name[spec.name].parameters())}
    assert moved == {HEAD_OF[name]}
    assert model.language_model.get_input_embeddings().weight.grad.any()


def test_without_labels_a_turn_loss_is_zero_and_still_reaches_its_head(model, batch):
    outputs = model(batch).heads
    for name, head in HEAD_OF.items():
        bare = build_bare(batch, head)
        total, count = turn_loss(name, outputs[head], bare, turn_pairs(name, bare))
        assert total.item() == 0 and count == count_pairs(name, bare) == 0 and total.requires_grad


def build_bare(batch, head):
    bare = batch.to("cpu")
    bare.head_targets[head] = torch.full_like(batch.head_targets[head], math.nan)
    return bare


def test_a_turn_loss_of_a_head_that_is_not_trained_is_refused(model):
    with pytest.raises(ValueError, match=r"training\.turn_losses\.contrast teaches the head empathy, which has no weight"):
        TrainingStep(model, {"language": 1.0}, turns=ALL)
