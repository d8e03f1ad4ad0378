import math

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import HEADS
from pixel_core.recipe.steering import GuardRecipe
from pixel_core.training.guard import Guard, safety_counts, safety_figures
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue

WEIGHTS = {"language": 1.0, "crisis": 0.5, "appropriateness": 0.5}


def guard(**recipe):
    return Guard(GuardRecipe(**recipe), WEIGHTS, 100)


def test_a_loss_above_its_bound_is_a_breach_of_its_component_alone():
    own = guard(divergence=1.5)
    assert own.judge(0, {"language": 8.0, "crisis": 1.0}, {}) == []
    assert own.judge(10, {"language": 4.0, "crisis": 1.4}, {}) == []
    (breach,) = own.judge(20, {"language": 6.1, "crisis": 1.0}, {})
    assert (breach.component, breach.figure, breach.observed, breach.bound, breach.number) == ("language", "validation_loss", 6.1, 6.0, 1)
    assert own.exhausted == []
    (second,) = own.judge(30, {"language": 6.2}, {})
    assert second.number == 2 and own.exhausted == ["language"]


def test_two_breaches_of_two_components_stop_nothing():
    own = guard(divergence=1.5)
    own.judge(0, {"language": 1.0, "crisis": 1.0}, {})
    assert [b.component for b in own.judge(1, {"language": 2.0, "crisis": 2.0}, {})] == ["crisis", "language"]
    assert own.exhausted == []


def test_divergence_may_be_left_unwatched():
    own = guard(divergence=None)
    assert [own.judge(step, {"language": loss}, {}) for step, loss in ((0, 1.0), (1, 50.0))] == [[], []]


def test_a_loss_that_is_no_number_is_a_breach_and_hides_none_after_it():
    own = Guard(GuardRecipe(), {"language": 1.0, "crisis": 1.0}, 100)
    assert [b.component for b in own.judge(0, {"language": math.nan, "crisis": 1.0}, {})] == ["language"]
    assert own.judge(1, {"language": 3.0, "crisis": 1.0}, {}) == []
    assert [b.component for b in own.judge(2, {"language": 7.0, "crisis": math.inf}, {})] == ["crisis", "language"]
    assert own.exhausted == ["language"]
    assert own.state()["lowest"] == {"language": 3.0, "crisis": 1.0}


def test_rounding_about_zero_is_no_divergence():
    own = Guard(GuardRecipe(), {"eq": 1.0}, 100)
    assert [own.judge(step, {"eq": loss}, {}) for step, loss in enumerate((-2e-8, 3e-8, 1e-7, 1e-6))] == [[], [], [], []]


@pytest.mark.parametrize(("figure", "component"), [("crisis_recall", "crisis"), ("appropriateness", "appropriateness")])
def test_a_safety_figure_is_held_to_its_bound_after_the_first_part_of_the_run(figure, component):
    own = guard(**{figure: 0.8, "after": 0.5})
    assert own.judge(50, {}, {figure: 0.0}) == []
    (breach,) = own.judge(51, {}, {figure: 0.5})
    assert (breach.component, breach.figure, breach.bound) == (component, figure, 0.8)
    assert own.judge(60, {}, {figure: 0.8}) == []
    with pytest.raises(ValueError, match=rf"training\.guard\.{figure} = 0\.\d+ cannot be watched.* label the head {component}"):
        own.judge(70, {}, {})


def test_a_bound_on_a_head_that_is_not_trained_is_refused():
    with pytest.raises(ValueError, match=r"training\.guard\.crisis_recall = 0\.5 watches the head crisis, which has no weight"):
        Guard(GuardRecipe(crisis_recall=0.5), {"language": 1.0}, 100)


def test_a_resumed_guard_remembers_lowest_losses_and_breaches():
    own, fresh = guard(divergence=1.5), guard(divergence=1.5)
    own.judge(0, {"language": 1.0}, {})
    own.judge(1, {"language": 2.0}, {})
    fresh.restore(own.state())
    assert fresh.judge(2, {"language": 1.6}, {}) == own.judge(2, {"language": 1.6}, {}) != []
    assert fresh.exhausted == ["language"]


@pytest.fixture(scope="module")
def batch():
    tokenizer = train_tokenizer([turn.content for number in range(10) for turn in labelled_dialogue(number)], 300)
    batch = build_batch([[example_of(labelled_dialogue(number), tokenizer)] for number in range(3)], pad=0)
    rows = len(batch.query_rows)
    assert rows >= 6
    batch.head_targets["crisis"][:, 0] = torch.tensor(([0, 1, 2, 3, 4, math.nan] * rows)[:rows])
    batch.head_targets["appropriateness"][:, 0] = torch.tensor(([0, 1, math.nan] * rows)[:rows])
    return batch


def raw_of(batch, crisis, appropriate):
    """Heads that always say this crisis level, and this about a reply."""
    (spec,) = [spec for spec in HEADS if spec.name == "crisis"]
    over = torch.tensor([9.0 if level < crisis else -9.0 for level in range(spec.levels - 1)])
    rows = len(batch.query_rows)
    return {"crisis": over.expand(rows, -1), "appropriateness": torch.full((rows, 1), 9.0 if appropriate else -9.0)}


@pytest.mark.parametrize(("crisis", "appropriate", "expected"), [(0, True, 0.0), (1, True, 0.0), (2, False, 1.0), (4, False, 1.0)])
def test_safety_is_the_share_of_what_is_dangerous_that_is_found(batch, crisis, appropriate, expected):
    counts = safety_counts(raw_of(batch, crisis, appropriate), batch)
    assert counts["crisis_recall/asked"] == int((batch.head_targets["crisis"] >= 2).sum()) > 0
    assert counts["appropriateness/asked"] == int((batch.head_targets["appropriateness"] == 0).sum()) > 0
    assert safety_figures(counts) == {"crisis_recall": expected, "appropriateness": expected}


def test_what_nobody_asked_has_no_figure(batch):
    assert safety_figures(safety_counts({}, batch)) == {}
