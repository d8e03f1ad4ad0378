"""Alerts: what fell is named, what left its course is found, and chance alone warns of little."""

import math
import random

import pytest

from pixel_core.evaluation.figures import Difference
from pixel_core.evaluation.ranking import alerts
from pixel_core.evaluation.ranking.alerts import BASE, PROMOTED, TREND, expected, falls, read_alerts, to_frame, to_markdown, trends
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard
from tests.pixel_core.evaluation.world import RUN

STEPS = (20, 40, 60, 80, 100, 120, 140, 160)


@pytest.fixture
def card(world):
    return read_scorecard(world.artifacts / "scorecard" / f"{RUN}.4" / SCORECARD)


def with_figure(card, name, **changes):
    figures = tuple(f.model_copy(update=changes) if f.name == name else f for f in card.figures)
    return card.model_copy(update={"figures": figures})


def gap(figure, low, high):
    return Difference(figure=figure.name, n=9, value=(low + high) / 2, low=low, high=high, lower_is_better=figure.lower_is_better)


@pytest.mark.parametrize("name", ["eq_overall", "bits_per_byte"])
def test_a_figure_falls_where_the_whole_interval_is_on_the_bad_side(card, name):
    figure = card.figure(name)
    worse = 1 if figure.lower_is_better else -1
    ends = sorted((worse * 0.1, worse * 0.3))
    fallen = with_figure(card, name, difference=gap(figure, *ends), promoted=0.5, against_promoted=gap(figure, *ends))
    own = [alert for alert in falls(fallen) if alert.figure == name]
    assert {alert.kind for alert in own} == {BASE, PROMOTED}
    assert all(alert.headline and alert.worse for alert in own)
    assert next(a for a in own if a.kind == PROMOTED).value == pytest.approx(0.5 + worse * 0.2)
    for low, high in ((-0.1, 0.3), (-ends[1], -ends[0])):  # within the interval, and better
        kept = with_figure(card, name, difference=gap(figure, low, high))
        assert name not in {alert.figure for alert in falls(kept)}


def test_the_base_never_falls_below_itself(world):
    assert falls(read_scorecard(world.artifacts / "scorecard" / f"{RUN}.0" / SCORECARD)) == []


def course(card, values, half=0.02, name="eq_overall", **changes):
    """A scorecard a step of a run, in which one figure takes these values."""
    made = []
    for step, value in zip(STEPS, values, strict=False):
        alone = card.model_copy(update={"figures": (card.figure(name),)})
        own = with_figure(alone, name, value=value, low=value - half, high=value + half)
        made.append(own.model_copy(update={"checkpoint": f"{RUN}.{step}"} | changes))
    return made


def odd(cards, name="eq_overall"):
    return [alert for alert in trends(cards) if alert.figure == name]


def test_a_checkpoint_that_drops_off_its_course_is_found_and_the_next_ones_are_not(card):
    rising = [0.30, 0.32, 0.33, 0.35, 0.37, 0.20, 0.40, 0.42]
    (alert,) = odd(course(card, rising))
    assert (alert.checkpoint, alert.kind, alert.worse) == (f"{RUN}.120", TREND, True)
    assert alert.against == pytest.approx(0.386, abs=0.01)


def test_a_jump_to_the_better_is_marked_and_is_no_fall(card):
    (alert,) = odd(course(card, [0.30, 0.31, 0.30, 0.31, 0.30, 0.60]))
    assert not alert.worse
    assert "to the better" in to_markdown([alert], 6)


def test_lower_is_better_turns_the_side_round(card):
    (alert,) = odd(course(card, [2.5, 2.4, 2.3, 2.2, 2.1, 2.9], name="bits_per_byte"), "bits_per_byte")
    assert alert.worse


def test_a_learning_curve_that_levels_off_is_no_alert(card):
    smooth = [0.8 - 0.5 * math.exp(-step / 60) for step in STEPS]
    assert odd(course(card, smooth, half=0.05)) == []


def test_noise_as_wide_as_the_interval_hardly_ever_alerts(card):
    draw = random.Random("noise")
    runs = [course(card, [0.4 + draw.gauss(0, 0.02) for _ in STEPS], half=1.96 * 0.02) for _ in range(60)]
    found = sum(len(odd(run)) for run in runs)
    assert found <= 0.03 * 60 * (len(STEPS) - alerts.EARLIER)


def test_too_few_checkpoints_or_other_items_make_no_course(card):
    values = [0.30, 0.30, 0.30, 0.30, 0.90]
    assert odd(course(card, values[1:])) == []
    assert len(odd(course(card, values))) == 1
    other = card.model_copy(update={"tasks": {n: t.model_copy(update={"digest": "f" * 64}) for n, t in card.tasks.items()}})
    assert odd([*course(card, values[:3]), *course(other, values)[3:]]) == []


def test_one_odd_point_does_not_bend_the_line():
    at, _ = expected([1, 2, 3, 4, 5], [1, 2, 30, 4, 5], 6)
    assert at == pytest.approx(6)


def test_a_table_of_alerts_comes_back_and_is_shown_with_its_most_important_first(card):
    figure = card.figure("eq_overall")
    found = falls(with_figure(card, "eq_overall", difference=gap(figure, -0.3, -0.1)))
    assert read_alerts(to_frame(found)) == found
    assert found[0].figure == "eq_overall"
    assert "**eq_overall** | below base" in to_markdown(found, 40)
    assert to_markdown([], 40) == "No alert in 40 comparisons."
