import pytest

from pixel_core.recipe import load_recipe
from pixel_core.training.guard import Stopped
from pixel_core.training.steering import Steering
from pixel_core.training.validation import Validation

WEIGHTS = {"language": 0.5, "eq": 1.0, "crisis": 0.5}
BASELINES = {"language": 6.0, "eq": 0.5, "crisis": 1.0}


def steering(*overrides):
    training = load_recipe("tiny", ["training.steps=10", *overrides]).training
    return Steering(training, WEIGHTS, BASELINES, seed=3)


def validation(**losses):
    return Validation({"language": 5.0, "eq": 0.4, "crisis": 0.9} | losses, {}, {"crisis_recall": 0.2})


def test_the_default_recipe_steers_nothing():
    own = steering()
    for step in range(1, 11):
        assert own.weights() == WEIGHTS
        assert own.after_step(step, {"language": 7.0 - step / 10}, None) == []
    assert own.after_validation(10, validation()) == [] and not own.needs_gramian and not own.changes_weights
    own.require_safe(10)


def test_a_first_breach_raises_the_weight_and_a_second_stops_the_run():
    own = steering("training.guard.crisis_recall=0.5", "training.guard.raise_by=3.0")
    assert own.after_validation(5, validation()) == []
    (event,) = own.after_validation(6, validation())
    assert event == {
        "step": 6,
        "event": "weight_raised",
        "component": "crisis",
        "figure": "crisis_recall",
        "observed": 0.2,
        "bound": 0.5,
        "raised": 3.0,
    }
    assert own.weights() == WEIGHTS | {"crisis": 1.5} and not own.exhausted
    own.require_safe(6)
    (last,) = own.after_validation(8, validation())
    assert last["event"] == "stopped" and own.exhausted
    with pytest.raises(Stopped, match=r"crisis passed a bound of training\.guard for the second time by step 8"):
        own.require_safe(8)


def test_a_loss_that_has_no_weight_of_its_own_is_not_guarded():
    own = steering()
    own.after_validation(0, validation(consistency=0.01))
    assert own.after_validation(5, validation(consistency=9.0)) == []


def test_phases_are_events():
    own = steering("training.weighting.phases=[{name: foundation, until: 0.3, priorities: {eq: 0.0}}]")
    assert own.begin() == [{"step": 0, "event": "phase", "phase": "foundation"}]
    events = [event for step in range(1, 11) for event in own.after_step(step, {}, None)]
    assert events == [{"step": 3, "event": "phase", "phase": None}]


@pytest.mark.parametrize("strategy", ["famo", "performance", "uncertainty"])
def test_a_resumed_steering_goes_on_as_if_nothing_had_happened(tmp_path, strategy):
    overrides = (f"training.weighting.strategy={strategy}", "training.weighting.momentum=0.5", "training.guard.crisis_recall=0.5")
    own, fresh = steering(*overrides), steering(*overrides)
    own.after_step(1, {"language": 6.5, "eq": 0.3}, None)
    own.after_validation(6, validation(eq=0.1))
    own.save(tmp_path)
    fresh.restore(tmp_path)
    assert fresh.weights() == own.weights()
    for step in (2, 3):
        own.after_step(step, {"language": 6.1, "eq": 0.25}, None)
        fresh.after_step(step, {"language": 6.1, "eq": 0.25}, None)
        assert fresh.weights() == own.weights() != WEIGHTS
    assert fresh.after_validation(7, validation()) == own.after_validation(7, validation()) != []
