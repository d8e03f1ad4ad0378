"""What the heads that may abstain say aloud, beside all that they would say."""

import math
from dataclasses import replace

import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.clinical.abstention import COUNTED, NAMED, RIGHT, SAID, abstaining
from pixel_core.evaluation.clinical.tasks import by_head, tasks
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import read_vignettes
from pixel_core.evaluation.measuring import Rows, difference_of
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.model.heads import HEADS
from pixel_core.recipe import load_recipe
from pixel_core.training.abstention import NEVER
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.world import ROOT, write_world

CODES = taxonomy.ids("dsm5")
VIGNETTES = read_vignettes(ROOT / "data" / "scenarios")
ILL = [v for v in VIGNETTES if v.codes]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("abstention"))


@pytest.fixture(scope="module")
def task(data):
    return abstaining(by_head(data, VIGNETTES), "clinical", "vignettes_aloud")


class Reader(Knowing):
    """Is sure of the right class of every second person with a disorder, and unsure of a wrong one of the others; others it finds well."""

    def __init__(self, task, least, well=0.1):
        super().__init__([task])
        self._least, self._well = least, well
        self._sure = {q.turns for k, q in enumerate(q for q in task.questions if any(q.truth)) if k % 2}

    def least_confidence(self, head):
        return self._least

    def heads(self, dialogues, turns):
        return [{"clinical": self._read(tuple(dialogue))} for dialogue in dialogues]

    def _read(self, dialogue):
        truth = self._labels[dialogue, "clinical"]
        if not any(truth):
            said = tuple(self._well if k == 3 else 0.0 for k in range(len(truth)))
        elif dialogue in self._sure:
            said = tuple(0.9 * value for value in truth)
        else:
            said = tuple(0.3 * (1 - value) for value in truth)
        return HeadAnswer(said, tuple(float(value >= 0.5) for value in said))


def figures(task, respondent):
    found = figures_of([task], ask([task], respondent), Settings(resamples=100))
    return {figure.name.removeprefix("vignettes_aloud_"): figure for figure in found}


def test_coverage_and_what_is_right_of_it_stand_beside_all_that_would_be_said(task):
    found = figures(task, Reader(task, 0.5))
    share = (len(ILL) // 2) / len(ILL)
    assert found["right_of_all"].value == found["coverage"].value == pytest.approx(share)
    assert found["right_of_said"].value == 1
    assert found["where_nothing_is"].value == 0
    assert (found["right_of_all"].n, found["right_of_said"].n) == (len(ILL), len(VIGNETTES))
    loose = figures(task, Reader(task, 0.2))
    assert (loose["coverage"].value, loose["right_of_said"].value) == (1, pytest.approx(share))


def test_what_is_said_of_people_without_a_disorder_is_wrong(task):
    found = figures(task, Reader(task, 0.5, well=0.7))
    well = len(VIGNETTES) - len(ILL)
    assert found["where_nothing_is"].value == 1
    assert found["right_of_said"].value == pytest.approx((len(ILL) // 2) / (len(ILL) // 2 + well))
    assert found["coverage"].value == figures(task, Reader(task, 0.5))["coverage"].value, "of those with something to be named"


def test_who_never_speaks_names_nothing_wrongly_and_has_a_number_to_be_compared_with(task):
    """Its base may be silent where it speaks, and the other way round: every figure must be there of both."""
    found = figures(task, Reader(task, NEVER))
    assert (found["coverage"].value, found["where_nothing_is"].value, found["right_of_said"].value) == (0, 0, 0)
    assert found["right_of_all"].value > 0
    rows = [Rows.of(ask([task], Reader(task, least)), task.name) for least in (0.5, NEVER)]
    for measure in task.measures:
        base, gap = difference_of(measure, *rows, count=50, seed="x")
        assert math.isfinite(base) and math.isfinite(gap.low) and math.isfinite(gap.high)


def test_the_floor_speaks_where_the_head_does_and_says_what_is_commonest(task):
    class Prior(Reader):
        def prior(self, head):
            return HeadAnswer(tuple(0.9 if code == "F32" else 0.1 for code in CODES), tuple(float(code == "F32") for code in CODES))

    rows = ask([task], Prior(task, 0.5)).to_dicts()
    for row, question in zip(rows, task.questions, strict=True):
        assert row["item"] == question.item
        assert row["floor"][COUNTED] == row["prediction"][COUNTED]
        assert row["floor"][RIGHT] == question.truth[CODES.index("F32")]
        assert row["floor"][SAID] == row["floor"][NAMED] == 1


def test_what_is_no_number_is_said_aloud_and_wrong(task):
    class Broken(Reader):
        def _read(self, dialogue):
            return HeadAnswer((math.nan,) * len(CODES), (math.nan,) * len(CODES))

    found = figures(task, Broken(task, 0.5))
    assert [found[name].value for name in ("right_of_all", "coverage", "right_of_said", "where_nothing_is")] == [0, 0, 0, 1]
    rows = ask([task], Broken(task, 0.5)).filter(~pl.col("parsed")).select("prediction", "truth").rows()
    assert not any(said > 0 and (right or 0) > 0 for row in rows for said, right in zip(*row, strict=True)), "none counts as right"
    assert found["right_of_said"].unparsed == len(VIGNETTES)


def test_an_untrained_head_says_nothing_aloud(task):
    class Untrained(Reader):
        def supervised(self, head):
            return [0] * len(CODES)

    assert {figure.status for figure in figures(task, Untrained(task, 0.5)).values()} == {"untrained"}


def test_every_head_that_may_abstain_is_heard_and_the_all_knowing_is_perfect(data):
    found = [task for task in tasks(data, load_recipe("tiny").evaluation) if task.name.endswith("_aloud")]
    assert {task.head for task in found} == {spec.name for spec in HEADS if spec.abstains}
    assert len(found) == 3
    for task in found:
        for figure in figures_of([task], ask([task], Knowing([task])), Settings(resamples=50)):
            assert figure.value in (None, 1.0 if not figure.lower_is_better else 0.0), figure.name
            assert not figure.headline


def test_a_text_of_which_only_what_is_true_is_known_asks_nothing(task):
    known = [replace(q, truth=tuple(v or math.nan for v in q.truth)) for q in task.questions[:9]]
    some = abstaining(replace(task, questions=(*known, *task.questions[9:])), "clinical", "vignettes_aloud")
    assert some.questions == task.questions[9:]
