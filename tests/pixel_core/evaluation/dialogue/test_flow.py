"""Replies flow as the human ones do where they do the same at the same place, and belong to their dialogue where they are told apart."""

from collections import Counter

import pytest

from pixel_core.conversation import Turn
from pixel_core.evaluation import Settings
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.dialogue.coherence import TOGETHER, coherence
from pixel_core.evaluation.dialogue.flow import agreement, flow, stage_of
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.harness import Question
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from tests.pixel_core.evaluation.scripted import Guessing, Knowing

np = pytest.importorskip("numpy")


def question(number, part="therapist", category="psychology"):
    turns = (Turn("user", "client", f"I lost thing {number}"), Turn("assistant", part, f"You miss the thing that was number {number}"))
    stage = ("opening", "middle", "closing")[number % 3]
    return Question(f"q{number}", f"g{number}", turns, (), turns[1].content, (f"category:{category}", f"stage:{stage}"), t=1)


def figures(task, respondent):
    return {figure.name: figure for figure in figures_of([task], ask([task], respondent), Settings(resamples=100))}


TECHNIQUES = 25


class Therapist(Knowing):
    """Writes what a function says; the head sees one technique in a reply, by its last character."""

    def __init__(self, write, trained=1):
        super().__init__([])
        self._write, self._trained = write, trained

    def replies(self, dialogues, part, max_new_tokens):
        assert part == "therapist"
        return [self._write(dialogue[-1].content) for dialogue in dialogues]

    def heads(self, dialogues, turns):
        seen = [int(dialogue[t].content[-1]) for dialogue, t in zip(dialogues, turns, strict=True)]
        return [{"technique": HeadAnswer(tuple(float(k == place) for k in range(TECHNIQUES)), ())} for place in seen]

    def supervised(self, head):
        return [self._trained] * TECHNIQUES

    def prior(self, head):
        return HeadAnswer((0.0,) * TECHNIQUES, (0.0,) * TECHNIQUES)


QUESTIONS = [question(n) for n in range(9)]
FLOW = flow([*QUESTIONS, question(9, part="assistant")], axis="dialogue", excluded={}, reply_tokens=9)


def test_the_human_reply_and_one_that_does_the_same_flow_wholly():
    words = figures(FLOW, Therapist(lambda said: f"You miss the thing that was number {said[-1]}"))
    deeds = figures(FLOW, Therapist(lambda said: f"other words, same deed {said[-1]}"))
    assert {f.value for f in words.values()} == {f.value for f in deeds.values()} == {1.0}
    assert (words["flow"].n, words["flow_opening"].n) == (9, 3)
    assert all(figure.indicative for figure in words.values())


def test_one_deed_for_everybody_and_silence_stay_at_the_floor():
    same = figures(FLOW, Therapist(lambda said: "always 3"))["flow"]
    assert same.value == pytest.approx(1 / 9, abs=1e-6)
    assert same.floor == 0.0
    assert same.low <= same.floor
    assert figures(FLOW, Therapist(lambda said: ""))["flow"].value == 0.0


def test_an_untrained_head_gives_no_number():
    figure = figures(FLOW, Therapist(lambda said: "x 1", trained=0))["flow"]
    assert (figure.status, figure.value) == ("untrained", None)


def test_agreement_is_a_cosine_and_nothing_agrees_with_nothing():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 2.0])
    assert (agreement(one, 3 * one), agreement(one, -one), agreement(one, other), agreement(one, 0 * one)) == (1.0, -1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("count", "stages"),
    [(1, "o"), (2, "om"), (3, "omc"), (6, "oommcc"), (7, "ooommcc")],
)
def test_a_session_has_three_stages(count, stages):
    assert "".join(stage_of(place, count)[0] for place in range(count)) == stages


MANY = [question(n, category=category) for category in ("psychology", "reasoning") for n in range(100)]
COHERENCE = coherence(MANY[:50] + MANY[100:147], axis="dialogue", excluded={})


def test_four_dialogues_of_a_kind_share_their_replies():
    groups = Counter(q.group for q in COHERENCE.questions)
    assert set(groups.values()) == {TOGETHER}
    assert len(COHERENCE.questions) == 48 + 44
    for group in groups:
        four = [q for q in COHERENCE.questions if q.group == group]
        assert len({q.choices for q in four}) == 1
        assert sorted(q.truth.index(1.0) for q in four) == [0, 1, 2, 3]
        assert len({q.tags[0] for q in four}) == 1


class Prefers(Knowing):
    """Likes replies for what they are, whatever the dialogue."""

    def likelihoods(self, dialogues, choices):
        return [[-float(sum(map(ord, choice))) for choice in given] for given in choices]


def test_whoever_does_not_read_the_dialogue_is_right_once_in_four():
    assert figures(COHERENCE, Prefers([]))["coherence"].value == 0.25 == figures(COHERENCE, Prefers([]))["coherence"].floor


def test_whoever_knows_is_always_right_and_whoever_guesses_is_at_the_floor():
    assert figures(COHERENCE, Knowing([COHERENCE]))["coherence"].value == 1.0
    for seed in range(3):
        guessed = figures(COHERENCE, Guessing([COHERENCE], seed))["coherence"]
        assert guessed.low <= 0.25 <= guessed.high


def test_the_same_reply_or_the_same_group_never_stand_in_one_four():
    twins = [question(0), question(0), question(1), question(2), question(3), question(0), question(4)]
    found = coherence(twins, axis="dialogue", excluded={})
    assert len(found.questions) == 4
    assert len(set(found.questions[0].choices)) == 4
