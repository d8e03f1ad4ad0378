"""Empathy over the turns of a conversation: steady replies, weakest replies, and people's at the same places."""

import pytest

from pixel_core.conversation import Turn
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.empathy.steadiness import SteadyReplies, course, dealt, question_of, steadiness
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.unseen import Unseen
from tests.pixel_core.evaluation.world import ROOT, dialogue, speech


def talk(number, replies):
    """A conversation of so many replies, each of which says its place."""
    turns = []
    for place in range(replies):
        turns += [Turn("user", "client", speech(f"{number}:{place}:c")), Turn("assistant", "therapist", f"human {place}")]
    base = dialogue("test", number, "mental_health")
    return type(base)(tuple(turns), base.category, base.group, base.difficulty, base.provenance)


class Speaker:
    """Replies `own <number of turns before>`; the head reads the level from the reply by these functions of that number."""

    def __init__(self, own, human, learned=(1, 1, 1)):
        self._levels, self._learned = {"own": own, "human": human}, learned

    def replies(self, dialogues, part, max_new_tokens):
        assert part == "therapist"
        assert all(turns[-1].role == "user" for turns in dialogues)
        return [f"own {len(turns) // 2}" for turns in dialogues]

    def heads(self, dialogues, turns):
        assert all(t == len(d) - 1 for d, t in zip(dialogues, turns, strict=True))
        said = [d[-1].content.split() for d in dialogues]
        levels = [2 * self._levels[whose](int(place)) for whose, place in said]
        return [{"empathy": HeadAnswer((level,) * 3, (level,) * 3)} for level in levels]

    def supervised(self, head):
        return self._learned


def task(conversations, limit=50):
    data = Unseen(ROOT / "data" / "scenarios", ROOT, ROOT, ROOT)
    data.__dict__["conversations"] = conversations
    return steadiness(data, load_recipe("tiny", [f"evaluation.replies={limit}"]).evaluation)


def figures(own, human, conversations=None, learned=(1, 1, 1)):
    tasks = [task([talk(n, 3 + n % 4) for n in range(12)] if conversations is None else conversations)]
    asked = ask(tasks, Speaker(own, human, learned))
    return {figure.name: figure for figure in figures_of(tasks, asked, Settings(resamples=100))}, asked


def test_the_same_empathy_in_every_turn_is_steady_and_no_better_than_its_floor():
    found, _ = figures(lambda place: 0.6, lambda place: 0.6)
    steady = found["own_empathy_steadiness"]
    assert (steady.value, steady.floor, steady.skill) == (1.0, 1.0, 0.0)
    assert found["own_empathy_weakest"].value == pytest.approx(0.6)
    assert steady.indicative


def test_empathy_that_fades_is_less_steady_and_its_weakest_reply_shows_it():
    found, asked = figures(lambda place: max(0.0, 0.9 - 0.3 * place), lambda place: 0.5 + 0.1 * (place == 0))
    assert found["own_empathy_steadiness"].value < 0.4 < found["human_empathy_steadiness"].value
    assert found["own_empathy_weakest"].value < 0.31
    assert found["human_empathy_weakest"].value == pytest.approx(0.5)
    assert all(row.count("own") == 3 for row in asked["reply"])


def test_the_columns_of_a_course():
    assert course([0.2, 0.5, 0.4]) == pytest.approx([0.7, 0.2])
    assert dealt([0.4], 3, "a") == pytest.approx([1.0, 0.4])
    assert dealt([0.0, 1.0], 3, "a") == dealt([0.0, 1.0], 3, "a")
    assert dealt([0.0, 1.0], 3, "a")[0] == pytest.approx(0.25, abs=0.08)  # three of a kind


def test_replies_that_say_nothing_have_no_empathy():
    silent = Speaker(lambda place: 1.0, lambda place: 1.0)
    silent.replies = lambda dialogues, part, most: ["" for _ in dialogues]
    silent.heads = lambda dialogues, turns: [{"empathy": HeadAnswer((2.0,) * 3, (2.0,) * 3)} for _ in dialogues]
    rows = ask([task([talk(1, 3)])], silent)
    assert rows["prediction"].to_list() == [[1.0, 0.0]]
    assert rows["scores"].to_list() == [[1.0, 1.0]]


def test_short_conversations_are_not_asked_and_long_ones_at_three_places():
    kept = {question.group: question for question in task([talk(1, 2), talk(2, 3), talk(3, 9)]).questions}
    assert len(kept) == 2
    assert question_of(talk(3, 9)).right[-1] == "human 8"
    _, asked = figures(lambda place: 0.5, lambda place: 0.5, [talk(3, 9)])
    assert asked["reply"].to_list() == ["own 0\nown 4\nown 8"]


def test_at_most_so_many_conversations_are_answered():
    assert len(task([talk(n, 4) for n in range(9)], limit=10).questions) == 5


def test_a_head_that_nobody_supervised_says_untrained():
    found, _ = figures(lambda place: 0.5, lambda place: 0.5, learned=(0, 0, 0))
    assert {figure.status for figure in found.values()} == {"untrained"}
    partly, _ = figures(lambda place: 0.5, lambda place: 0.5, learned=(0, 3, 0))
    assert partly["own_empathy_weakest"].value == pytest.approx(0.5)
    assert isinstance(task([]), SteadyReplies)
