"""EmoBench: read in its published form, both parts of an answer needed, and chance as its floor."""

import json

import pytest

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.eq.emobench import APPLICATION, UNDERSTANDING, emobench
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import ItemError
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.unseen import DATA
from tests.pixel_core.evaluation.world import speech

SETTINGS = Settings(resamples=200)
EMOTIONS = ["Relief", "Envy", "Pride", "Shame", "Fear", "Delight"]


def understood(number, causes=4):
    listed = [f"because of the {speech(f'cause:{number}:{k}', 5)}" for k in range(causes)]
    return {
        "qid": str(number),
        "language": "en",
        "coarse_category": ("complex_emotions", "emotional_cues")[number % 2],
        "finegrained_category": "any",
        "scenario": f"A person {speech(f'eu:{number}')}",
        "subject": "the person",
        "emotion_choices": EMOTIONS,
        "emotion_label": EMOTIONS[number % 6],
        "cause_choices": listed,
        "cause_label": listed[number % causes],
    }


def applied(number):
    listed = [speech(f"way:{number}:{k}", 6) for k in range(4)]
    return {
        "qid": str(number),
        "language": "en",
        "category": ("Personal-Self", "Social-Others")[number % 2],
        "question type": ("Action", "Response")[number // 2 % 2],
        "scenario": f"Somebody {speech(f'ea:{number}')}",
        "subject": "the friend",
        "choices": listed,
        "label": listed[number % 4],
    }


def write(folder, understandings, applications):
    for name, rows in ((UNDERSTANDING, understandings), (APPLICATION, applications)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def folder(tmp_path):
    foreign = understood(99) | {"language": "zh", "qid": "0"}
    return write(tmp_path, [understood(n, 4 + 2 * (n % 2)) for n in range(60)] + [foreign], [applied(n) for n in range(60)])


def figures(tasks, respondent):
    return {figure.name: figure for figure in figures_of(tasks, ask(tasks, respondent), SETTINGS)}


def test_english_rows_are_asked_and_chance_is_the_floor(folder):
    tasks = emobench(DATA, folder)
    assert [len(task.questions) for task in tasks] == [60, 60]
    found = figures(tasks, Guessing(tasks))
    assert found["emobench_eu"].floor == pytest.approx((1 / 24 + 1 / 36) / 2, abs=1e-6)
    assert found["emobench_eu_emotion"].floor == pytest.approx(1 / 6, abs=1e-6)
    assert found["emobench_eu_cause"].floor == pytest.approx((1 / 4 + 1 / 6) / 2, abs=1e-6)
    assert found["emobench_ea"].floor == 0.25
    assert found["emobench_eu_complex_emotions"].n == found["emobench_ea_social_others"].n == 30


def test_given_the_answers_everything_is_right(folder):
    tasks = emobench(DATA, folder)
    assert {figure.value for figure in figures(tasks, Knowing(tasks)).values()} == {1.0}


def test_guessing_comes_to_the_floor(folder):
    tasks = emobench(DATA, folder)
    inside = [f.low <= f.floor <= f.high for seed in range(5) for f in figures(tasks, Guessing(tasks, seed)).values()]
    assert sum(inside) >= 0.85 * len(inside)


def test_the_right_emotion_for_the_wrong_cause_is_half_an_answer(folder):
    tasks = emobench(DATA, folder)

    class HalfRight(Knowing):
        def likelihoods(self, dialogues, choices):
            asked = [self._asked[tuple(dialogue)] for dialogue in dialogues]
            right = [question.choices[question.truth.index(1.0)] for question in asked]
            return [
                [float(choice != wanted and choice.split(".")[0] == wanted.split(".")[0]) for choice in question.choices]
                for question, wanted in zip(asked, right, strict=True)
            ]

    found = figures(tasks[:1], HalfRight(tasks))
    assert (found["emobench_eu"].value, found["emobench_eu_emotion"].value, found["emobench_eu_cause"].value) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"emotion_label": "Boredom"}, "0 of 24 choices"),
        ({"cause_choices": "text"}, "ValueError"),
        ({"scenario": ...}, "KeyError: 'scenario'"),
        ({"qid": "0"}, "'0' stands twice"),
        ({"emotion_choices": ["Relief", "Relief"], "emotion_label": "Relief"}, "ValueError"),
    ],
    ids=["label no choice", "causes as text", "no scenario", "repeated", "two choices alike"],
)
def test_a_malformed_row_is_named_by_file_and_line(change, fault, tmp_path):
    row = {key: value for key, value in (understood(1) | change).items() if value is not ...}
    write(tmp_path, [understood(0), row], [applied(0)])
    with pytest.raises(ItemError, match=f"EU.jsonl line 2: .*{fault}"):
        emobench(DATA, tmp_path)


def test_an_unknown_kind_of_question_and_a_missing_file_are_named(tmp_path):
    write(tmp_path, [understood(0)], [applied(0) | {"question type": "Feeling"}])
    with pytest.raises(ItemError, match=r"EA.jsonl line 1: KeyError: 'feeling'"):
        emobench(DATA, tmp_path)
    (tmp_path / APPLICATION).unlink()
    with pytest.raises(ItemError, match=r"EA.jsonl does not exist: name the folder"):
        emobench(DATA, tmp_path)


@pytest.mark.reference
def test_the_published_set_has_two_hundred_items_of_each_kind_and_the_published_chance(reference):
    tasks = emobench(DATA, reference / "emobench")
    assert [len(task.questions) for task in tasks] == [200, 200]
    found = figures(tasks, Guessing(tasks))
    assert (found["emobench_eu"].floor, found["emobench_ea"].floor) == (0.0375, 0.25)
    assert found["emobench_eu"].low <= 0.0375 <= found["emobench_eu"].high
