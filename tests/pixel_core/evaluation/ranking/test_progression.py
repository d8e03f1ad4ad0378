"""The course of figures over a run: robust trends, and checkpoints that fall out of them."""

import random
import shutil

import pytest

from pixel_core.evaluation.ranking.progression import FEWEST, progression, progression_of, to_text
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard
from tests.broken.evaluation import scorecard

RUN = "small-0123456789ab"
NAME = "eq_overall"


@pytest.fixture(scope="module")
def scorecards(tmp_path_factory):
    """The scorecards of somebody who guesses at two steps."""
    home = tmp_path_factory.mktemp("progression")
    for step in (0, 4):
        scorecard(home, f"{RUN}.{step}")
    return home / "artifacts" / "scorecard"


@pytest.fixture
def card(scorecards):
    return read_scorecard(scorecards / f"{RUN}.4" / SCORECARD)


def cards(card, values, width=0.02, lower=False, start=0):
    """Scorecards of one figure with these values, a hundred steps apart."""
    [figure] = [figure for figure in card.figures if figure.name == NAME]
    found = []
    for number, value in enumerate(values, start):
        changed = {"value": value, "low": value - width, "high": value + width, "lower_is_better": lower}
        found.append(card.model_copy(update={"checkpoint": f"{RUN}.{100 * number}", "figures": (figure.model_copy(update=changed),)}))
    return found


def course(given):
    [found] = progression(given)
    return found


def noisy(slope, seed, count=9, noise=0.01):
    drawn = random.Random(f"progression:{seed}")
    return [0.4 + slope * number + drawn.gauss(0, noise) for number in range(count)]


def test_a_rising_course_is_better_and_its_slope_is_found(card):
    trend = course(cards(card, noisy(0.03, 1))).trend
    assert trend.direction == "better"
    assert trend.low < 0.3 < trend.high  # 0.03 in a hundred steps
    assert trend.slope == pytest.approx(0.3, abs=0.04)


def test_where_lower_is_better_a_rising_course_is_worse(card):
    assert course(cards(card, noisy(0.03, 1), lower=True)).trend.direction == "worse"
    assert course(cards(card, noisy(-0.03, 1), lower=True)).trend.direction == "better"


def test_courses_that_only_scatter_seldom_have_a_trend(card):
    found = [course(cards(card, noisy(0, seed))).trend.direction for seed in range(200)]
    assert found.count("level") >= 0.9 * len(found)


def test_four_checkpoints_are_no_trend_however_they_rise(card):
    few = course(cards(card, [0.1, 0.3, 0.5, 0.7]))
    assert len(few.points) == FEWEST - 1
    assert few.trend is None
    assert few.anomalies == ()
    assert "too few" in to_text([few])


def test_one_collapse_is_marked_and_leaves_the_trend_as_it_is(card):
    steady = noisy(0.03, 2)
    collapsed = [*steady[:6], 0.1, *steady[7:]]
    before, after = course(cards(card, steady)), course(cards(card, collapsed))
    assert before.anomalies == ()
    [mark] = after.anomalies
    assert (mark.step, mark.direction, mark.value) == (600, "worse", 0.1)
    assert mark.deviations < -3.5
    assert mark.expected == pytest.approx(steady[6], abs=0.04)
    assert after.trend.direction == "better"
    assert "step 600 worse" in to_text([after])


def test_a_leap_where_lower_is_better_is_a_mark_for_the_worse(card):
    steady = noisy(-0.01, 3)
    [mark] = course(cards(card, [*steady[:4], 0.9, *steady[5:]], lower=True)).anomalies
    assert (mark.step, mark.direction) == (400, "worse")
    assert mark.deviations > 3.5


def test_a_checkpoint_whose_own_interval_reaches_the_line_is_not_marked(card):
    steady = noisy(0.03, 2)
    collapsed = [*steady[:6], 0.1, *steady[7:]]
    assert course(cards(card, collapsed, width=0.6)).anomalies == ()


def test_a_course_without_scatter_marks_what_leaves_it(card):
    [mark] = course(cards(card, [0.5, 0.5, 0.5, 0.9, 0.5, 0.5])).anomalies
    assert (mark.step, mark.direction) == (300, "better")


def test_figures_of_other_items_are_left_out(card):
    given = cards(card, noisy(0.03, 1))
    task = given[0].figures[0].task
    other = {task: given[0].tasks[task].model_copy(update={"digest": "1" * 64})}
    given[2] = given[2].model_copy(update={"tasks": given[2].tasks | other})
    found = course(given)
    assert found.left_out == (200,)
    assert [point.step for point in found.points] == [0, 100, 300, 400, 500, 600, 700, 800]


def test_the_order_in_which_scorecards_come_does_not_matter(card):
    given = cards(card, noisy(0.03, 1))
    assert progression(reversed(given)) == progression(given)


def test_two_runs_are_no_progression(card):
    given = cards(card, [0.1, 0.2])
    with pytest.raises(ValueError, match="several runs"):
        progression([given[0], given[1].model_copy(update={"checkpoint": "other-0123456789ab.4"})])
    assert progression([]) == ()


def test_the_scorecards_of_a_folder_give_every_measured_figure_of_the_run(scorecards, card):
    found = progression_of(RUN, scorecards)
    assert [one.figure for one in found] == [figure.name for figure in card.figures if figure.value is not None]
    assert all([point.step for point in one.points] == [0, 4] for one in found)
    [empathy] = progression_of(RUN, scorecards, ["empathy_overall"])
    assert empathy.axis == "empathy"
    assert empathy.points[-1].value == card.figure("empathy_overall").value
    assert progression_of("none-0123456789ab", scorecards) == ()


def test_a_broken_scorecard_is_not_looked_at(scorecards, tmp_path):
    copied = shutil.copytree(scorecards, tmp_path / "scorecard")
    (copied / f"{RUN}.0" / SCORECARD).write_text("{}")
    assert [len(one.points) for one in progression_of(RUN, copied)] == [1] * 5
