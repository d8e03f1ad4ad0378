"""Which labels a figure may rest on."""

from math import nan

import pytest

from pixel_core.conversation import Conversation, Label, Provenance, Turn
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.harness import HeadTask, Question
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.evaluation.supervised import labelled_turns, measures_of
from pixel_core.model.heads import find_head
from tests.pixel_core.evaluation.scripted import Knowing

PLACE = Provenance("s", "pixel-sample://s", "row 1", "CC0-1.0", "synthetic", "1")


def post(*labels):
    turns = (Turn("user", "client", "Nobody answers when I call.", labels=labels),)
    return Conversation(turns, "supervision", "g", 1, (PLACE,))


@pytest.mark.parametrize("source", ["human", "written"])
def test_what_somebody_labelled_is_asked(source):
    (question,) = labelled_turns("affect", [post(Label("affect.valence", 0.25, source))])
    assert question.truth[0] == 0.25
    assert question.truth[1] != question.truth[1], "an output without a label is unknown"


@pytest.mark.parametrize("source", ["derived:grammar", "model:judge"])
def test_what_a_rule_or_a_model_labelled_is_not(source):
    assert labelled_turns("affect", [post(Label("affect.valence", 0.25, source))]) == []
    mixed = post(Label("affect.valence", 0.25, source), Label("affect.arousal", 0.5, "human"))
    (question,) = labelled_turns("affect", [mixed])
    assert question.truth[0] != question.truth[0] and question.truth[1] == 0.5


def test_where_only_people_count_what_was_written_as_it_was_labelled_is_not_asked():
    row = post(Label("affect.valence", 0.25, "written"), Label("affect.arousal", 0.5, "human"))
    (question,) = labelled_turns("affect", [row], human=True)
    assert question.truth[0] != question.truth[0] and question.truth[1] == 0.5
    assert labelled_turns("affect", [post(Label("affect.valence", 0.25, "written"))], human=True) == []


def test_an_output_that_was_trained_but_that_nobody_labelled_has_no_items():
    turns = (Turn("user", "client", "Nobody answers when I call."),)
    asked = tuple(Question(f"i{n}", f"g{n}", turns, (0.25 * n, nan, nan), "text", t=0) for n in range(4))
    measures = measures_of(find_head("affect"))
    task = HeadTask(name="affect_head", axis="eq", version="1", questions=asked, measures=measures, head="affect")
    figures = {figure.name: figure for figure in figures_of([task], ask([task], Knowing([task])), Settings(resamples=20))}
    assert figures["affect_valence_mae"].status == "measured"
    assert figures["affect_arousal_mae"].status == "no items"
    assert figures["affect_calibration_error"].status == "measured"
    untrained = type("Untrained", (Knowing,), {"supervised": lambda self, head: [1, 0, 0]})([task])
    figures = {figure.name: figure for figure in figures_of([task], ask([task], untrained), Settings(resamples=20))}
    assert figures["affect_arousal_mae"].status == "untrained"


def test_the_calibration_error_of_a_regression_is_the_gap_between_what_is_said_and_what_is_so():
    turns = (Turn("user", "client", "Nobody answers when I call."),)
    truths = [0.0, 0.2, 0.4, 0.6]
    asked = tuple(Question(f"i{n}", f"g{n}", turns, (truth,) * 3, "text", t=0) for n, truth in enumerate(truths))
    task = HeadTask(name="affect_head", axis="eq", version="1", questions=asked, measures=measures_of(find_head("affect")), head="affect")
    high = type("High", (Knowing,), {"heads": lambda self, d, t: [{"affect": HeadAnswer((0.45,) * 3, (0.45,) * 3)} for _ in d]})([task])
    found = {figure.name: figure.value for figure in figures_of([task], ask([task], high), Settings(resamples=20))}
    assert found["affect_calibration_error"] == pytest.approx(0.15)  # says .45 where the mean is .3
    assert found["affect_mae"] == pytest.approx(0.225)
