"""Replies are judged by what they are, and nobody's voice is claimed on too little speech."""

import shutil

import pytest

from pixel_core.evaluation import Settings
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.dialogue.authenticity import authenticity, likeness
from pixel_core.evaluation.dialogue.tasks import QUALITIES, agreement, distinct, sentence_length, tasks, variety
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.world import write_profile

RECIPE = load_recipe("tiny").evaluation


class Writes(Knowing):
    """Writes what a function makes of the place of the dialogue."""

    def __init__(self, write):
        super().__init__([])
        self._write = write

    def replies(self, dialogues, part, max_new_tokens):
        return [self._write(f"{part} {n}") for n, _ in enumerate(dialogues)]


@pytest.mark.parametrize(
    ("text", "size", "share"),
    [("a b c d", 2, 1.0), ("a a a a a", 2, 0.25), ("a b a b a", 2, 0.5), ("a", 2, 0.0), ("", 1, 0.0)],
)
def test_distinct_ngrams(text, size, share):
    assert distinct(text.split(), size) == share


def test_agreement_is_symmetric_and_zero_for_nothing():
    assert agreement(10, 20) == agreement(20, 10) == 0.5
    assert agreement(7, 7) == 1.0
    assert agreement(0, 5) == 0.0


def test_variety_is_compared_over_as_many_words_as_both_have():
    human = ["you", "waited", "and", "you", "waited", "and", "you", "came", "home"]
    assert variety(human, human) == 1.0
    assert variety(human[:4], human) == 1.0
    assert variety(["the"] * 9, human) == pytest.approx((1 / 9) / (5 / 9))
    assert variety([], human) == 0.0


def test_sentences_are_counted_by_the_marks_that_end_them():
    assert sentence_length(["i", "see", ".", "what", "now", "?"]) == 2.0
    assert sentence_length(["no", "mark", "at", "all"]) == 4.0


def task_of(data, name):
    return next(task for task in tasks(data, RECIPE) if task.name == name)


def figures(task, respondent):
    return {figure.name: figure for figure in figures_of([task], ask([task], respondent), Settings(resamples=50))}


def test_the_floor_of_replies_is_one_word_over_and_over(world):
    task = task_of(world.data, "replies")
    found = figures(task, Writes(lambda n: " ".join(["the"] * RECIPE.reply_tokens)))
    assert {found[f"reply_{name}"].value - found[f"reply_{name}"].floor for name in QUALITIES} == {0.0}
    assert found["human_distinct_2"].value > 0.8
    assert found["human_unique"].value == 1.0


def test_the_same_reply_to_everybody_is_not_unique(world):
    task = task_of(world.data, "replies")
    same = figures(task, Writes(lambda n: "that sounds hard to carry"))
    own = figures(task, Writes(lambda n: f"that sounds hard to carry, number {n}"))
    assert same["reply_unique"].value == 0.0
    assert own["reply_unique"].value == 1.0
    assert same["reply_distinct_2"].value == 1.0


def test_below_two_hours_there_is_no_profile(world):
    task = authenticity(world.data, RECIPE)
    figure = figures(task, Writes(str))["authenticity"]
    assert (figure.status, figure.n, figure.value) == ("no profile", 0, None)


@pytest.fixture
def known_voice(world, tmp_path):
    shutil.copytree(world.artifacts / "personality_profile", tmp_path / "profile")
    write_profile(tmp_path / "profile", hours=3.0)
    return HeldOut(world.data.scenarios, world.data.mixture, world.data.head_examples, tmp_path / "profile")


def test_with_enough_speech_the_speakers_own_words_are_told_apart(known_voice):
    task = authenticity(known_voice, RECIPE)
    alike = figures(task, Writes(lambda n: "I and the the the the i i and the window"))["authenticity"]
    unlike = figures(task, Writes(lambda n: "none of those words"))["authenticity"]
    assert alike.value == 1.0
    assert unlike.value < 0.5
    assert alike.floor == unlike.floor == 0.5


def test_likeness_does_not_depend_on_length_or_subject():
    rates = {"the": 60.0, "i": 40.0}
    assert likeness("the i the", rates) == likeness("the dog i know the the cat i the", rates)
    assert likeness("nothing here", rates) == 0.0
