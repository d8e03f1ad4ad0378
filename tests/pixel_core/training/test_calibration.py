"""Shrinking heads towards their priors: what is fitted, how it is judged, and what a checkpoint keeps of it."""

import pytest
import torch

from pixel_core.model.decoding import prior_bias
from pixel_core.model.heads import HEADS, find_head
from pixel_core.model.layers import Head, shrink
from pixel_core.objectives.losses import head_loss
from pixel_core.training.calibration import FOLDS, SCALES, fit_scales, fold_of, scaled_losses, sum_names

ROWS = 400


class Held:
    """The part of a batch that calibration reads: labels of one head in many groups."""

    def __init__(self, head, targets):
        self.query_groups = tuple(f"group {n}" for n in range(len(targets)))
        self.query_rows = torch.zeros(len(targets), dtype=torch.long)
        self.head_targets = {head: targets}


def affect(seed=0):
    torch.manual_seed(seed)
    return (torch.rand(ROWS, 3) > 0.7).float()


def fitted(raw, targets, head="affect"):
    priors = {head: prior_bias(find_head(head), targets)}
    sums = scaled_losses({head: raw(priors[head])}, priors, Held(head, targets))
    total, count = head_loss(find_head(head).kind, priors[head].expand(ROWS, -1), targets, 0)
    return fit_scales(sums, priors)[head], float(total) / count


def test_a_head_that_knows_is_left_as_it_is():
    targets = affect()
    found, prior = fitted(lambda bias: bias + 2 * (targets - 0.3), targets)
    assert found.scale == 1
    assert found.loss < 0.8 * prior


def test_a_head_that_says_too_much_is_shrunk_and_beats_its_prior():
    targets = affect()
    torch.manual_seed(1)
    noise = torch.randn(ROWS, 3)
    found, prior = fitted(lambda bias: bias + 6 * (targets - 0.3) + 12 * noise, targets)
    assert 0 < found.scale < 0.5
    assert found.loss < prior


def test_a_head_that_guesses_gains_nothing():
    """Judged crosswise noise is not below the prior by more than chance: a scale fitted and judged on the same labels would be."""
    gains = []
    for seed in range(20):
        targets = affect(seed)
        torch.manual_seed(100 + seed)
        noise = torch.randn(ROWS, 3)
        found, prior = fitted(lambda bias, noise=noise: bias + noise, targets)
        gains.append(prior - found.loss)
        assert abs(gains[-1]) < 4 * found.error + 1e-4
        assert found.scale <= 0.2
    assert sum(gains) / len(gains) < 1e-4


def test_the_sums_hold_the_raw_loss_and_the_priors():
    targets = affect()
    prior, raw = prior_bias(find_head("affect"), targets), torch.randn(ROWS, 3)
    sums = scaled_losses({"affect": raw}, {"affect": prior}, Held("affect", targets))
    assert set(sums) <= set(sum_names(["affect"]))
    for index, said in ((0, prior.expand(ROWS, -1)), (len(SCALES) - 1, raw)):
        expected = float(head_loss("regression", said, targets, 0)[0])
        assert sum(sums[f"affect/{fold}/{index}"] for fold in FOLDS) == pytest.approx(expected, rel=1e-4)


def test_labels_in_one_fold_alone_shrink_nothing():
    group = next(f"g{n}" for n in range(99) if fold_of(f"g{n}") == 0)
    targets = affect()
    held = Held("affect", targets)
    held.query_groups = (group,) * ROWS
    prior = {"affect": prior_bias(find_head("affect"), targets)}
    raw = {"affect": torch.randn(ROWS, 3) * 5}
    found = fit_scales(scaled_losses(raw, prior, held), prior)["affect"]
    assert found.scale == 1
    assert found.loss == pytest.approx(float(head_loss("regression", raw["affect"], targets, 0)[0]) / (ROWS * 3), rel=1e-4)
    assert fit_scales({}, ["affect"]) == {}


def test_a_batch_of_padding_adds_nothing():
    prior = {"affect": torch.zeros(3)}
    assert scaled_losses({"affect": torch.zeros(0, 3)}, prior, Held("affect", torch.zeros(0, 3))) == {}


@pytest.mark.parametrize("spec", HEADS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("scale", [0.0, 0.35, 1.0])
def test_stored_weights_say_what_the_scale_asks_for(spec, scale):
    torch.manual_seed(3)
    head = Head(spec, 16, dropout=0.0)
    targets = torch.randint(0, spec.levels or 2, (50, len(spec.outputs))).float()
    prior = prior_bias(spec, targets)
    head.start_at(prior)
    torch.nn.init.normal_(head.predict.weight)
    head.predict.bias.data += 0.3
    features = torch.randn(20, 16)
    raw = head(features)
    weight, bias = shrink(spec, head.predict.weight.data, head.predict.bias.data, prior, scale)
    head.predict.weight.data, head.predict.bias.data = weight, bias
    torch.testing.assert_close(head(features), prior + scale * (raw - prior), rtol=1e-3, atol=1e-3)
