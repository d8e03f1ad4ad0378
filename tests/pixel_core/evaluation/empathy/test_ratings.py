"""The empathy head beside what people felt: correlation and a line fitted on other writers, with the mean rating as floor."""

import random

import numpy as np
import pytest

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.empathy.ratings import cross_fitted, ratings, read_ratings
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import ItemError
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.unseen import DATA
from tests.pixel_core.evaluation.world import speech

HEADER = "message_id,response_id,article_id,empathy,distress,empathy_bin,distress_bin,essay\n"


def line(number, rating):
    return f"M{number},R{number // 5},1,{rating},2.0,0,0,{speech(f'essay:{number}')}\n"


@pytest.fixture
def path(tmp_path):
    drawn = random.Random("ratings")
    (tmp_path / "messages.csv").write_text(HEADER + "".join(line(n, round(drawn.uniform(1, 7), 3)) for n in range(150)))
    return tmp_path / "messages.csv"


class Levels(Knowing):
    """A head whose levels are a function of the rating."""

    def __init__(self, task, level):
        self._ratings = {question.turns: question.truth[0] for question in task.questions}
        self._level = level

    def heads(self, dialogues, turns):
        levels = [self._level(self._ratings[tuple(dialogue)]) for dialogue in dialogues]
        return [{"empathy": HeadAnswer(level, level)} for level in levels]


def figures(path, level, **more):
    task = ratings(DATA, path, load_recipe("tiny", ["evaluation.items=999"]).evaluation)
    respondent = type("Head", (Levels,), more)(task, level)
    return {figure.name: figure for figure in figures_of([task], ask([task], respondent), Settings(resamples=200))}


def test_a_head_that_knows_the_rating_up_to_a_line_is_perfect(path):
    found = figures(path, lambda rating: (0.4 + rating, 1.0, 0.2))
    assert found["empathy_ratings_correlation"].value == pytest.approx(1)
    assert found["empathy_ratings_mae"].value == pytest.approx(0, abs=1e-5)
    assert found["empathy_ratings_mae"].skill == pytest.approx(1, abs=1e-4)
    assert (found["empathy_ratings_mae"].n, found["empathy_ratings_mae"].groups) == (150, 30)


def test_a_head_that_knows_nothing_comes_to_the_floor(path):
    drawn = random.Random("nothing")
    found = figures(path, lambda rating: tuple(drawn.uniform(0, 2) for _ in range(3)))
    assert found["empathy_ratings_correlation"].low < 0 < found["empathy_ratings_correlation"].high
    assert found["empathy_ratings_correlation"].floor == 0
    mae = found["empathy_ratings_mae"]
    assert mae.low <= mae.floor <= mae.high


def test_a_head_that_says_the_reverse_has_a_negative_correlation_though_a_line_repairs_it(path):
    found = figures(path, lambda rating: (2 - rating, 1.0, 1.0))
    assert found["empathy_ratings_correlation"].value == pytest.approx(-1)
    assert found["empathy_ratings_mae"].value == pytest.approx(0, abs=1e-5)


def test_an_untrained_head_says_untrained(path):
    found = figures(path, lambda rating: (rating,) * 3, supervised=lambda self, head: [0, 0, 0])
    assert {figure.status for figure in found.values()} == {"untrained"}


def test_nothing_of_a_writer_reaches_the_line_for_the_same_writer():
    drawn = np.random.default_rng(1)
    levels, groups = drawn.normal(size=(60, 3)), [f"R{n // 4}" for n in range(60)]
    truth = drawn.uniform(size=60)
    before, mean = cross_fitted(levels, truth, groups)
    changed = truth.copy()
    changed[:4] = 1 - changed[:4]
    after, mean_after = cross_fitted(levels, changed, groups)
    assert np.array_equal(before[:4], after[:4])
    assert np.array_equal(mean[:4], mean_after[:4])
    assert not np.array_equal(before, after)


def test_the_limit_keeps_some(path):
    assert len(ratings(DATA, path, load_recipe("tiny", ["evaluation.items=20"]).evaluation).questions) == 20


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (line(1, "8.0"), "'8.0' is no rating"),
        (line(1, "nan"), "is no rating"),
        (line(1, "much"), "ValueError"),
        (line(0, 3.0), "'M0' stands twice"),
        ("M1,R1,1,3.0,2.0,0,0, \n", "the essay is empty"),
        ("M1,R1,1,3.0\n", "AttributeError"),
    ],
)
def test_a_malformed_row_is_named(row, fault, tmp_path):
    (tmp_path / "m.csv").write_text(HEADER + line(0, 2.0) + row)
    with pytest.raises(ItemError, match=f"m.csv line 3: .*{fault}"):
        read_ratings(tmp_path / "m.csv")


def test_a_file_of_another_kind_and_a_missing_one_are_named(tmp_path):
    (tmp_path / "m.csv").write_text("message_id,essay\n")
    with pytest.raises(ItemError, match="no column empathy, response_id"):
        read_ratings(tmp_path / "m.csv")
    with pytest.raises(ItemError, match="does not exist"):
        read_ratings(tmp_path / "none.csv")


@pytest.mark.reference
def test_the_published_file_reads_whole(reference):
    found = read_ratings(reference / "empathic_reactions" / "messages.csv")
    assert len(found) == 1860
    assert len({question.group for question in found}) == 372
    assert {min(q.truth[0] for q in found), max(q.truth[0] for q in found)} == {0.0, 1.0}
