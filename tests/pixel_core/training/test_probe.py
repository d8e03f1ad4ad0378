import math

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import find_head
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe.steering import ProbeRecipe
from pixel_core.training.probe import ProbeWatch, probe
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue, small_backbone


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([turn.content for number in range(10) for turn in labelled_dialogue(number)], 300)


@pytest.fixture(scope="module")
def step(tokenizer):
    trained = {head: [9] * len(find_head(head).outputs) for head in ("clinical", "eq")}
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer, supervised=trained)
    return TrainingStep(model, {"language": 1.0, "clinical": 1.0, "eq": 1.0})


@pytest.fixture
def batch(tokenizer):
    return build_batch([[example_of(labelled_dialogue(number), tokenizer)] for number in range(3)], pad=0)


def says(step, head, raw):
    """The head says this whatever it reads."""
    predict = step.model.heads.by_name[head].predict
    with torch.no_grad():
        predict.weight.zero_()
        predict.bias.copy_(raw)


def test_figures_are_those_of_what_the_heads_say(step, batch):
    clinical, eq = batch.head_targets["clinical"], batch.head_targets["eq"]
    clinical.fill_(0.0)
    clinical[:, 7] = 1.0
    clinical[0, 7], clinical[0, 40] = 0.0, 1.0
    says(step, "clinical", torch.zeros(100).index_fill(0, torch.tensor([3, 7, 9]), 5.0))
    eq.fill_(math.nan)
    eq[1] = torch.tensor([0.9, 0.5, 0.5, 0.5, 0.5])
    says(step, "eq", torch.zeros(5))
    found = probe(step, step, [batch], "cpu", dict)
    assert found == pytest.approx({"probe_clinical_top3": 1 - 1 / len(clinical), "probe_eq": 1 - 0.4 / 5})


def test_what_is_unknown_of_a_turn_or_was_never_trained_is_no_answer(step, batch, monkeypatch):
    clinical = batch.head_targets["clinical"].fill_(math.nan)
    batch.head_targets["eq"].fill_(math.nan)
    clinical[0, [7, 20, 30, 40]] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    clinical[1, [7, 20, 30]] = torch.tensor([1.0, 0.0, 0.0])  # whoever names three is right
    clinical[2, [7, 20, 30, 40]] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    says(step, "clinical", torch.zeros(100).index_fill(0, torch.tensor([1, 2, 3, 4]), 5.0).index_fill(0, torch.tensor([7, 20, 30]), 1.0))
    assert probe(step, step, [batch], "cpu", dict) == {"probe_clinical_top3": 1.0}, "the four likeliest outputs are unknown of every turn"
    untrained = step.model.supervised | {"clinical": [0 if place == 7 else 9 for place in range(100)]}
    monkeypatch.setattr(step.model, "supervised", untrained)
    assert probe(step, step, [batch], "cpu", dict) == {}, "the only right answers are of an output that nobody trained"


def test_what_has_no_labels_has_no_figure_and_dropout_comes_back(step, batch):
    step.train()
    for head in ("clinical", "eq"):
        batch.head_targets[head].fill_(math.nan)
    assert probe(step, step, [batch], "cpu", dict) == {}
    assert step.training


def test_a_rise_is_a_milestone_and_a_fall_below_the_best_an_alert():
    watch = ProbeWatch(ProbeRecipe(tolerance=0.1))
    course = [0.5, 0.55, 0.61, 0.65, 0.54, 0.72]
    events = [watch.judge(step, {"probe_eq": value}) for step, value in enumerate(course)]
    assert [[event["event"] for event in found] for found in events] == [
        [],
        [],
        ["probe_milestone"],
        [],
        ["probe_alert"],
        ["probe_milestone"],
    ]
    assert events[4] == [{"step": 4, "event": "probe_alert", "figure": "probe_eq", "observed": 0.54, "best": 0.65}]


def test_a_resumed_watch_remembers_its_marks():
    own, fresh = (ProbeWatch(ProbeRecipe()) for _ in range(2))
    own.judge(1, {"probe_eq": 0.6})
    fresh.restore(own.state())
    assert fresh.judge(2, {"probe_eq": 0.5}) == own.judge(2, {"probe_eq": 0.5}) != []
