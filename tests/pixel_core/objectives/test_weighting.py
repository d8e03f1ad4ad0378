import json
import random

import pytest
import torch
from torchjd.scalarization import FAMO, UW

from pixel_core.objectives.balancing import LEAST, MOST
from pixel_core.objectives.learned import Famo, Uncertainty
from pixel_core.objectives.merging import weights as merging_weights
from pixel_core.objectives.schedules import FLOOR
from pixel_core.objectives.strategy import Seen
from pixel_core.objectives.weighting import Weighting
from pixel_core.recipe.steering import Strategy, WeightingRecipe

BASE = {"language": 0.5, "eq": 1.0, "clinical": 3.0, "crisis": 0.5}
STRATEGIES = Strategy.__args__
STEPS = 40


def a_step(number, labelled=tuple(BASE)):
    """Losses and a Gramian as step `number` might show them, the same whenever it is asked for."""
    draw = torch.Generator().manual_seed(number)
    rows = torch.randn((len(BASE), 9), generator=draw) * torch.tensor([4.0, 1.0, 0.2, 0.0 if number % 3 == 0 else 1.0])[:, None]
    fall = random.Random(number)
    return {name: fall.uniform(0.2, 2.0) for name in labelled}, rows @ rows.T, {"language": 0.8, "eq": 1.0, "clinical": 0.4}


def weighting(strategy, **more):
    return Weighting(WeightingRecipe(strategy=strategy, **more), BASE, steps=STEPS, seed=7)


def run(own, first, last):
    found = []
    for number in range(first, last + 1):
        found.append(own.weights())
        own.after(number, *a_step(number, labelled=tuple(BASE) if number % 4 else ("language", "eq")))
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_weights_are_finite_and_positive_and_deterministic(strategy):
    first, second = (run(weighting(strategy), 1, STEPS) for _ in range(2))
    assert first == second, "two ranks that see the same say the same"
    assert all(0 < weight < 1e3 and list(step) == list(BASE) for step in first for weight in step.values())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_resumed_weighting_goes_on_bit_for_bit(strategy, momentum):
    phases = ({"name": "foundation", "until": 0.6, "priorities": {"eq": 0.25}},)
    unbroken, broken = (weighting(strategy, momentum=momentum, phases=phases) for _ in range(2))
    expected = run(unbroken, 1, STEPS)
    run(broken, 1, 17)
    fresh = weighting(strategy, momentum=momentum, phases=phases)
    fresh.restore(json.loads(json.dumps(broken.state(), sort_keys=True)))
    assert run(fresh, 18, STEPS) == expected[17:]


def test_fixed_weights_are_the_recipes_to_the_last_bit():
    assert run(weighting("fixed"), 1, STEPS) == [BASE] * STEPS


@pytest.mark.parametrize("strategy", ["cosine", "exponential"])
def test_a_decay_falls_from_the_recipes_weights_to_a_tenth_and_leaves_language_alone(strategy):
    found = run(weighting(strategy), 1, STEPS)
    clinical = [step["clinical"] for step in found]
    assert clinical == sorted(clinical, reverse=True) and clinical[0] > 0.9 * BASE["clinical"]
    assert clinical[-1] == pytest.approx(FLOOR * BASE["clinical"])
    assert {step["language"] for step in found} == {BASE["language"]}
    assert all(step["eq"] / BASE["eq"] == pytest.approx(step["crisis"] / BASE["crisis"]) for step in found)


def test_objectives_enter_one_after_another():
    found = run(weighting("curriculum"), 1, STEPS)
    entered = {name: next(k for k, step in enumerate(found) if step[name] > 0.9 * BASE[name]) for name in BASE}
    assert list(entered) == sorted(entered, key=entered.get) and len(set(entered.values())) == len(BASE)
    assert found[0]["crisis"] == pytest.approx(FLOOR * BASE["crisis"]) and found[-1] == pytest.approx(BASE)


def test_random_factors_sum_to_the_number_of_objectives_and_differ_at_every_step():
    found = run(weighting("random"), 1, STEPS)
    assert all(sum(step[name] / BASE[name] for name in BASE) == pytest.approx(len(BASE)) for step in found)
    assert len({step["eq"] for step in found}) == STEPS
    assert Weighting(WeightingRecipe(strategy="random"), BASE, steps=STEPS, seed=8).weights() != found[0]


def test_what_lags_behind_its_baseline_gets_more():
    found = run(weighting("performance"), 1, 3)
    assert found[0] == BASE, "before the first validation"
    factors = {name: found[-1][name] / BASE[name] for name in BASE}
    assert factors["eq"] > factors["language"] > factors["clinical"]
    assert factors["crisis"] == 1, "it has no validation labels"


def test_gradient_norms_come_to_one_length():
    """With losses that all fall alike, the weighted gradients end at equal lengths."""
    own = Weighting(WeightingRecipe(strategy="gradient_norm", rate=0.2), BASE, steps=STEPS, seed=7)
    raw = {"language": 8.0, "eq": 1.0, "clinical": 0.5, "crisis": 2.0}
    for number in range(1, 200):
        lengths = torch.tensor([raw[name] * weight for name, weight in own.weights().items()])
        own.after(number, dict.fromkeys(BASE, 0.99**number), torch.diag(lengths**2), {})
    assert (lengths / lengths.mean() - 1).abs().max() < 0.05
    assert sum(own.weights()[name] / BASE[name] for name in BASE) == pytest.approx(len(BASE))


def test_an_objective_that_learns_slowly_is_given_a_longer_gradient():
    own = Weighting(WeightingRecipe(strategy="gradient_norm", rate=0.2), BASE, steps=STEPS, seed=7)
    for number in range(1, 30):
        falling = {name: 1.0 if name == "eq" else 0.9**number for name in BASE}
        own.after(number, falling, torch.eye(4), {})
    factors = {name: own.weights()[name] / BASE[name] for name in BASE}
    assert factors["eq"] > 2 * max(factors["language"], factors["clinical"])


def test_pareto_is_the_minimum_norm_point_of_the_recipes_own_gradients():
    """Whatever factors a step was taken with, the hull is that of the unchanged gradients."""
    own = weighting("pareto")
    rows = torch.randn((4, 9), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    expected = merging_weights(rows @ rows.T, "mgda").clamp(LEAST, MOST).tolist()
    for number in (1, 2, 3):
        factors = torch.tensor([own.weights()[name] / BASE[name] for name in BASE], dtype=torch.float64)
        weighted = rows * factors[:, None]
        own.after(number, {}, weighted @ weighted.T, {})
        assert [own.weights()[name] / BASE[name] for name in BASE] == pytest.approx(expected, rel=1e-4)


def test_uncertainty_learns_as_torchjds_by_gradient_descent():
    own, theirs = Uncertainty(tuple(BASE), 0.05), UW(4)
    optimiser = torch.optim.SGD(theirs.parameters(), lr=0.05)
    for number in range(1, 20):
        losses, *_ = a_step(number)
        optimiser.zero_grad()
        theirs(torch.tensor(list(losses.values()))).backward()
        optimiser.step()
        found = own.factors(Seen(number, STEPS, losses))
    assert list(found.values()) == pytest.approx((-theirs.log_var).exp().tolist(), rel=1e-4)


def test_famo_learns_as_torchjds_where_the_next_batch_is_the_same_one():
    own, theirs = Famo(tuple(BASE), 0.025), FAMO(4, lr=0.025)
    for number in range(1, 15):
        losses, *_ = a_step(number)
        values = torch.tensor(list(losses.values()), requires_grad=True)
        if number > 1:
            theirs.update(values)
        found = own.factors(Seen(number, STEPS, losses))
        (gradient,) = torch.autograd.grad(theirs(values), values)
        assert list(found.values()) == pytest.approx((4 * gradient).tolist(), rel=1e-3)


def test_famo_takes_a_loss_that_rounding_brought_below_zero():
    own = Famo(("language", "eq"), rate=0.1)
    for step in range(3):
        found = own.factors(Seen(step, 10, {"language": 1.0, "eq": -1e-7 * (step + 1)}))
        assert all(0 < factor < 3 for factor in found.values())


def test_momentum_keeps_a_share_of_what_was():
    plain, smooth = run(weighting("random"), 1, 6), run(weighting("random", momentum=0.75), 1, 6)
    for number in range(1, 6):
        for name in BASE:
            assert smooth[number][name] == pytest.approx(0.75 * smooth[number - 1][name] + 0.25 * plain[number][name])


def test_phases_follow_one_another_with_their_priorities():
    phases = (
        {"name": "foundation", "until": 0.25, "priorities": {"language": 2.0, "crisis": 0.0}},
        {"name": "enhancement", "until": 0.75, "priorities": {"eq": 3.0}},
    )
    own = weighting("fixed", phases=phases)
    found, names = [], []
    for number in range(1, STEPS + 1):
        names.append(own.phase)
        found += run(own, number, number)
    assert names == ["foundation"] * 10 + ["enhancement"] * 20 + [None] * 10
    assert found[0] == BASE | {"language": 1.0, "crisis": 0.0}
    assert found[10] == BASE | {"eq": 3.0} and found[30] == BASE


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"phases": [{"name": "a", "until": 0.5, "priorities": {"mood": 1}}]}, "phases names mood"),
        ({"phases": [{"name": "a", "until": 0.5, "priorities": {}}, {"name": "b", "until": 0.5, "priorities": {}}]}, "one after another"),
        ({"strategy": "magic"}, "magic"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(recipe, message):
    with pytest.raises(ValueError, match=message):
        Weighting(WeightingRecipe.model_validate(recipe), BASE, steps=STEPS, seed=7)


def test_a_raised_weight_stays_raised_and_is_remembered():
    own = weighting("fixed")
    assert own.raise_weight("crisis", 2.0) == 2.0
    own.after(1, *a_step(1))
    fresh = weighting("fixed")
    fresh.restore(own.state())
    assert fresh.weights() == own.weights() == BASE | {"crisis": 1.0}
