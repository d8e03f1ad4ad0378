"""A task asks, ranks, parses and counts: what cannot be parsed is wrong, and what was never trained says so."""

import math
from dataclasses import replace

import pytest

from pixel_core.conversation import Turn
from pixel_core.evaluation import AXES, Settings
from pixel_core.evaluation.asking import ask, questions_of
from pixel_core.evaluation.clinical.tasks import ListedClasses
from pixel_core.evaluation.dialogue.tasks import Language
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, HeadTask, Question, Scored, TextTask
from tests.pixel_core.evaluation.scripted import Knowing

SETTINGS = Settings(resamples=200)


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


class Failing(Knowing):
    """Knows everything, but for some dialogues the scores do not come out; what is decided by them looks like an answer all the same."""

    def __init__(self, tasks, fails, **supervised):
        super().__init__(tasks)
        self._fails, self._supervised = fails, supervised

    def _said(self, spec, dialogue):
        said = super()._said(spec, dialogue)
        return replace(said, scores=(math.nan,) * len(said.scores)) if self._fails(dialogue) else said

    def supervised(self, head):
        return self._supervised.get(head) or super().supervised(head)


@pytest.mark.parametrize("axis", AXES)
def test_an_answer_that_is_no_number_is_wrong_and_counted_and_leaves_the_others(tasks, axis):
    own = [task for task in tasks if task.axis == axis and not isinstance(task, ChoiceTask | TextTask | Language | ListedClasses)]
    few = Settings(resamples=20)
    once = {task.questions[0].turns for task in own if task.questions}
    rows = ask(own, Failing(own, lambda dialogue: not once.isdisjoint((dialogue, dialogue[:-1]))))
    found = {figure.name: figure for figure in figures_of(own, rows, few)}
    whole = {figure.name: figure for figure in figures_of(own, ask(own, Knowing(own)), few)}
    assert {name: figure.status for name, figure in found.items()} == {name: figure.status for name, figure in whole.items()}
    failed = [figure for figure in found.values() if figure.unparsed]
    assert {figure.task for figure in failed} >= {task.name for task in own if isinstance(task, HeadTask) and task.questions}
    for figure in failed:
        assert figure.n == whole[figure.name].n
        assert 0 < figure.unparsed < figure.n
        assert worse(figure, whole[figure.name]), figure.name
    parsed = dict(rows.select("item", "parsed").iter_rows())
    assert not all(parsed.values())


def worse(figure, other):
    return figure.value > other.value if figure.lower_is_better else figure.value < other.value


def test_a_model_of_which_no_number_comes_out_is_wrong_throughout_and_what_was_never_trained_stays_untrained(tasks):
    head = next(task for task in tasks if task.name == "empathy_head")
    asked = Failing([head], lambda _: True, empathy=[0, 1, 1])
    found = {figure.name: figure for figure in figures_of([head], ask([head], asked), SETTINGS)}
    assert found["empathy_emotional_reactions_f1"].status == "untrained"
    one = found["empathy_interpretations_f1"]
    assert (one.status, one.value, one.unparsed) == ("measured", 0.0, one.n)
    assert found["empathy_f1"].untrained == 1


def test_a_loss_that_is_no_number_counts_as_that_of_the_floor(tasks):
    language = next(task for task in tasks if task.name == "language")

    class Diverged(Knowing):
        def losses(self, dialogues, training):
            found = super().losses(dialogues, training)
            return [replace(found[0], nats=math.nan), *found[1:]]

    figure = next(f for f in figures_of([language], ask([language], Diverged([language])), SETTINGS) if f.headline)
    bits = 30.0 / math.log(2)  # of the unigram model that the scripted respondent speaks of
    assert (figure.status, figure.unparsed) == ("measured", 1)
    assert figure.value == pytest.approx(bits / (40 * figure.n), abs=1e-6)


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


def test_a_reply_of_another_length_is_another_item():
    task = text_task(lambda reply, question: Scored((1.0,)))
    (question, *_) = task.questions
    assert task.digest_of_item(question) != replace(task, reply_tokens=9).digest_of_item(question) != question.digest
    assert replace(task, version="2").digest_of_item(question) == task.digest_of_item(question)
    assert choice_task().digest_of_item(question) == question.digest
