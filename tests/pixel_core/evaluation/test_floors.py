"""Whoever was given the answers scores as well as can be, whoever guesses scores the floor: figure by figure.

A floor that stands for chance must be what guessing comes to, neither less nor more. A floor that a constant, a prior or an honest
doubt gets is the stronger one: nobody beats it by guessing. Both are asked of each figure by itself, at a level that holds for all
of them together (Bonferroni): at 95 % one in twenty would fail by chance, and a share of the figures that may fail hides the one
whose floor is wrong.
"""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import t as student

from pixel_core.evaluation import AXES, Settings
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.statistics.intervals import LEVEL
from tests.pixel_core.evaluation.scripted import Dealing, Guessing, Knowing

SETTINGS = Settings(resamples=200)
FALSE = 0.01  # chance that one of all figures is called wrong though all are right
SEEDS = 60
GUESSED = {"random": Guessing, "shuffled": Dealing}  # who does just what such a floor stands for
STRONGER = ("top_calibration_error", "risk_area")  # the guess that the floor stands for knows that it guesses


@pytest.mark.parametrize("axis", AXES)
def test_given_the_answers_every_instrument_is_perfect(tasks, axis):
    """As good as can be, that is: 1 (no error, no loss), or where people's replies stand beside, as good as these."""
    own = [task for task in tasks if task.axis == axis]
    figures = figures_of(own, ask(own, Knowing(own)), SETTINGS)
    measured = [figure for figure in figures if figure.status == "measured"]
    assert {figure.task for figure in measured} == {task.name for task in own if task.questions}
    for figure in measured:
        human = beside(figure, measured)
        if human is not None:
            assert figure.value == pytest.approx(human.value), figure.name
            continue
        assert figure.value == pytest.approx(figure.perfect), figure.name
        assert figure.low == figure.high == pytest.approx(figure.perfect), figure.name
        assert figure.skill == pytest.approx(1.0) or figure.floor == figure.value, figure.name


def beside(figure, figures):
    """The same figure of human replies, or of the model's own, where both are measured."""
    alike = ("task", "columns", "statistic", "tags")
    found = [other for other in figures if all(getattr(other, name) == getattr(figure, name) for name in alike)]
    return next((other for other in found if {other.use, figure.use} == {"prediction", "scores"}), None)


def judged_by(figure, figures):
    """The floor of a figure that guessing is held against, and whether it must be met; None where nothing is right or wrong."""
    if beside(figure, figures) is not None or figure.indicative:
        return None  # how much of something there is: the human figure beside it says how much there should be
    chance = next((name for name in ("shuffled", "random") if name in figure.floors), None)
    if chance is None or figure.statistic in STRONGER:
        return "", figure.floor, False
    return chance, figure.floors[chance], True


def gaps(own, seed, settings):
    """By figure that is measured: the figure, what guessing gets beyond its floor (in the good direction), and whether it must be 0."""
    found = {}
    for name, kind in GUESSED.items():
        figures = [f for f in figures_of(own, ask(own, kind(own, seed)), settings) if f.status == "measured"]
        for figure in figures:
            held = judged_by(figure, figures)
            if held is not None and (held[0] or "random") == name:
                sign = -1 if figure.lower_is_better else 1
                found[figure.name] = figure, sign * (figure.value - held[1]), held[2]
    return found


def unseen(count, figures):
    """What may be missed of a rate though it never showed in so many draws, at the level that holds for all figures."""
    return math.log(2 * figures / FALSE) / count


@pytest.mark.parametrize("axis", AXES)
def test_guessing_stays_within_the_interval_of_every_floor(tasks, axis):
    """One guess each: the figure's own interval, widened to the level that holds for all figures."""
    own = [task for task in tasks if task.axis == axis]
    found = gaps(own, 1, Settings(resamples=60))
    count = sum(len(task.measures) for task in tasks)
    wider = NormalDist().inv_cdf(1 - FALSE / count / 2) / NormalDist().inv_cdf((1 + LEVEL) / 2)
    off = {}
    for name, (figure, gap, met) in found.items():
        room = wider * max(figure.high - figure.value, figure.value - figure.low) + unseen(figure.groups, count)
        if gap > room or (met and gap < -room):
            off[name] = round(gap, 4)
    assert {figure.task for figure, _, _ in found.values()} >= {task.name for task in own if task.questions and not_only_shown(task)}
    assert not off


def not_only_shown(task):
    """Whether a figure of the task is right or wrong, and not only how much of something there is."""
    return any(not measure.indicative for measure in task.measures) and task.name not in ("replies", "seeker_replies")


@pytest.mark.slow
@pytest.mark.parametrize("axis", AXES)
def test_guessing_comes_to_every_floor_on_the_mean_of_many_seeds(tasks, axis):
    """The interval of the mean over the seeds, at the level that holds for all figures, covers the floor of each."""
    own = [task for task in tasks if task.axis == axis]
    runs = [gaps(own, seed, Settings(resamples=1, seed=str(seed))) for seed in range(SEEDS)]
    count = sum(len(task.measures) for task in tasks)
    quantile, off = student.ppf(1 - FALSE / count / 2, SEEDS - 1), {}
    for name, (figure, _, met) in runs[0].items():
        drawn = np.array([run[name][1] for run in runs])
        room = quantile * drawn.std(ddof=1) / math.sqrt(SEEDS) + unseen(SEEDS * figure.groups, count)
        if drawn.mean() > room or (met and drawn.mean() < -room):
            off[name] = f"{drawn.mean():+.4f}, at most {room:.4f} by chance"
    assert not off
