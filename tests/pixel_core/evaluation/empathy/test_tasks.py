"""Own replies to posts beside people's replies to the same posts, shipped ones and those that people labelled."""

import pytest

from pixel_core.conversation import Conversation, Label, Provenance, Turn
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.empathy.tasks import SeekerReplies, answered_posts, seeker_replies
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.respondents.respondent import HeadAnswer, NotAnsweredError
from pixel_core.model.heads import EMPATHY
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.unseen import Unseen
from tests.pixel_core.evaluation.world import ROOT

PLACE = (Provenance("s", "pixel-sample://s", "row 1", "CC0-1.0", "synthetic", "1"),)


def pair(number, source, part="therapist"):
    label = Label("empathy.explorations", 2.0, source)
    turns = (Turn("user", "client", f"the post {number}"), Turn("assistant", part, f"the reply {number}", labels=(label,)))
    return Conversation(turns, "supervision", f"seeker {number}", 1, PLACE)


class Replying:
    """Replies `mine`, or nothing; the head finds 2, 1, 0 in `mine`, 1 everywhere else, and its prior is a half."""

    def __init__(self, reply="mine", learned=(1, 1, 1)):
        self._reply, self._learned = reply, learned
        self.asked = []

    def replies(self, dialogues, part, max_new_tokens):
        self.asked += [dialogue[-1].content for dialogue in dialogues]
        return [self._reply for _ in dialogues]

    def heads(self, dialogues, turns):
        levels = [(2.0, 1.0, 0.0) if d[-1].content == "mine" else (1.0, 1.0, 1.0) for d in dialogues]
        return [{"empathy": HeadAnswer(level, level)} for level in levels]

    def supervised(self, head):
        return self._learned

    def prior(self, head):
        return HeadAnswer((0.5,) * 3, (0.0,) * 3)


def task(examples=(), replies=50):
    data = Unseen(ROOT / "data" / "scenarios", ROOT, ROOT, ROOT)
    data.__dict__["examples"] = list(examples)
    return seeker_replies(data, load_recipe("tiny", [f"evaluation.replies={replies}"]).evaluation)


def figures(own, respondent):
    return {figure.name: figure for figure in figures_of([own], ask([own], respondent), Settings(resamples=50))}


def test_posts_that_people_answered_and_labelled_stand_beside_the_shipped_ones():
    asked = task([pair(n, "human") for n in range(4)] + [pair(n, "written") for n in range(4, 7)])
    assert isinstance(asked, SeekerReplies)
    assert len(asked.questions) == 24 + 4
    speaker = Replying()
    ask([asked], speaker)
    assert {f"the post {n}" for n in range(4)} < set(speaker.asked), "the post is answered, and the human reply is not seen"
    assert not any("the reply" in text for text in speaker.asked)


@pytest.mark.parametrize("source", ["written", "derived:rule", "model:judge"])
def test_what_no_person_labelled_is_no_human_reply(source):
    assert answered_posts([pair(1, source)]) == []


def test_a_labelled_opening_answers_no_post():
    turns = (Turn("assistant", "therapist", "hello", labels=(Label("empathy.explorations", 1.0, "human"),)),)
    assert answered_posts([Conversation(turns, "supervision", "g", 1, PLACE)]) == []


def test_own_and_human_replies_are_read_by_the_same_head_and_marked_indicative():
    found = figures(task(), Replying())
    assert [found[f"own_reply_{mechanism}"].value for mechanism in EMPATHY] == [2.0, 1.0, 0.0]
    assert [found[f"human_reply_{mechanism}"].value for mechanism in EMPATHY] == [1.0, 1.0, 1.0]
    assert {figure.floor for figure in found.values()} == {0.5}
    assert all(figure.indicative for figure in found.values())


def test_a_reply_that_says_nothing_has_no_empathy():
    found = figures(task(), Replying(reply=""))
    assert [found[f"own_reply_{mechanism}"].value for mechanism in EMPATHY] == [0.0] * 3


def test_mechanisms_that_nobody_supervised_say_untrained():
    found = figures(task(), Replying(learned=(4, 0, 4)))
    assert found["own_reply_interpretations"].status == found["human_reply_interpretations"].status == "untrained"
    assert found["own_reply_explorations"].value == 0.0


def test_whoever_has_no_heads_is_not_asked_to_write():
    class Headless(Replying):
        def supervised(self, head):
            raise NotAnsweredError("no heads")

    speaker = Headless()
    assert figures(task(), speaker)["own_reply_explorations"].status == "not answered"
    assert speaker.asked == []
