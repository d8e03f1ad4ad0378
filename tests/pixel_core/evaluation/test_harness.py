"""Whoever knows the answers scores 1, whoever guesses scores the floor, and what cannot be parsed is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from pixel_core.conversation import Turn
from pixel_core.evaluation import AXES, Settings, tasks_of
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, HeadTask, Question, Scored, TextTask, ask, questions_of
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.world import write_world

SETTINGS = Settings(resamples=200)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Every task of every axis, with enough labelled turns."""
    data = write_world(tmp_path_factory.mktemp("many"), examples=120)
    recipe = load_recipe("tiny", ["evaluation.vignettes=999"]).evaluation
    return [task for axis in AXES for task in tasks_of(axis, data, recipe)]


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


@pytest.mark.parametrize("axis", AXES)
def test_guessing_comes_to_the_floor_of_every_instrument(tasks, axis):
    """Within the interval where the floor is chance, and not above it where it is what a constant gets."""
    own, inside, above = [task for task in tasks if task.axis == axis], [], []
    for seed in range(3):
        figures = [f for f in figures_of(own, ask(own, Guessing(own, seed)), SETTINGS) if f.status == "measured"]
        for figure in figures:
            chance = figure.floors.get("shuffled", figure.floors.get("random"))
            if chance is not None:
                inside.append((figure.low <= chance <= figure.high, figure.name))
            elif not figure.indicative and beside(figure, figures) is None:
                above.append((figure.high < figure.floor if figure.lower_is_better else figure.low > figure.floor, figure.name))
    assert np.mean([hit for hit, _ in inside] or [1.0]) >= 0.75, sorted(
        {name for hit, name in inside if not hit}
    )  # of 95 % intervals over few groups
    assert np.mean([hit for hit, _ in above] or [0.0]) <= 0.1, sorted({name for hit, name in above if hit})
    assert inside or above


def choice_task(**more):
    questions = tuple(
        Question(f"i{n}", f"g{n}", (Turn("user", "other", f"q{n}"),), (0.0, 1.0, 0.0, 0.0), f"q{n}", choices=("a", "b", "c", "d"))
        for n in range(4)
    )
    given = {"questions": questions, "measures": (Measure("right", "mean", "random"),)} | more
    return ChoiceTask(name="choice", axis="eq", version="1", **given)


class Fixed:
    """Answers every choice with the same likelihoods, every prompt with the same reply."""

    def __init__(self, likelihoods=(), reply=""):
        self._likelihoods, self._reply = list(likelihoods), reply

    def likelihoods(self, dialogues, choices):
        return [self._likelihoods for _ in dialogues]

    def replies(self, dialogues, part, max_new_tokens):
        return [self._reply for _ in dialogues]


def test_the_likeliest_choice_is_the_answer_and_the_floor_is_chance():
    task = choice_task(top=(1, 3), measures=(Measure("top1", "mean", "random", (0,)), Measure("top3", "mean", "random", (1,))))
    rows = ask([task], Fixed([-1.0, -2.0, -0.5, -3.0]))
    assert rows["answer"].to_list() == ["2"] * 4
    top1, top3 = figures_of([task], rows, SETTINGS)
    assert (top1.value, top1.floor) == (0.0, 0.25)
    assert (top3.value, top3.floor) == (1.0, 0.75)


def test_equal_likelihoods_take_the_first_choice():
    rows = ask([choice_task()], Fixed([0.0] * 4))
    assert rows["answer"].to_list() == ["0"] * 4


def text_task(score):
    return TextTask(
        name="text",
        axis="clinical",
        version="1",
        questions=choice_task().questions,
        measures=(Measure("said", "mean", "majority"),),
        reply_tokens=8,
        score=score,
        floor_of=lambda question, reply: (0.5,),
    )


def test_an_unparsed_reply_is_wrong_and_counted():
    task = text_task(lambda reply, question: Scored((1.0,), parsed=bool(reply), answer=reply))
    said = figures_of([task], ask([task], Fixed(reply="b")), SETTINGS)[0]
    silent = figures_of([task], ask([task], Fixed(reply="")), SETTINGS)[0]
    assert (said.value, said.unparsed) == (1.0, 0)
    assert (silent.value, silent.unparsed, silent.n) == (0.0, 4, 4)


def test_a_head_that_nobody_supervised_says_untrained(tasks):
    head = next(task for task in tasks if task.name == "empathy_head")

    class Untrained(Knowing):
        def supervised(self, name):
            return [0, 1, 1] if name == "empathy" else super().supervised(name)

    found = {figure.name: figure for figure in figures_of([head], ask([head], Untrained([head])), SETTINGS)}
    assert found["empathy_emotional_reactions_f1"].status == "untrained"
    assert found["empathy_emotional_reactions_f1"].value is None
    assert found["empathy_interpretations_f1"].value == 1.0
    assert found["empathy_f1"].untrained == 1


def test_a_task_without_items_has_no_number():
    figure = figures_of([choice_task(questions=())], ask([], Fixed()), SETTINGS)[0]
    assert (figure.status, figure.n, figure.value) == ("no items", 0, None)


def test_the_digest_is_that_of_items_settings_and_version_and_of_nothing_else(tasks):
    task = choice_task()
    assert task.digest == choice_task().digest
    first = replace(task.questions[0], text="other", turns=(Turn("user", "other", "other"),))
    for changed in (
        replace(task, version="2"),
        replace(task, questions=task.questions[1:]),
        replace(task, questions=(first, *task.questions[1:])),
        replace(task, top=(2,)),
        replace(task, measures=()),
    ):
        assert changed.digest != task.digest
    head = next(t for t in tasks if isinstance(t, HeadTask))  # its truth holds unknown values
    assert head.digest == replace(head).digest


def test_every_question_has_its_row(tasks):
    rows = ask(tasks, Knowing(tasks))
    asked = questions_of(tasks)
    assert rows.height == asked.height == sum(len(task.questions) for task in tasks)
    assert rows.select("task", "item").equals(asked.select("task", "item"))
    assert asked.select("task", "item").is_duplicated().sum() == 0
