from itertools import pairwise

import pytest

from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import text_of
from pixel_core.writing.tags import answers, tags_of, untagged


@pytest.mark.parametrize(
    ("line", "letters", "text"),
    [("hc| Twice.", "hc", "Twice."), ("Twice.", "", "Twice."), ("Wait| no.", "", "Wait| no."), ("a| b| c", "a", "b| c")],
)
def test_the_letters_before_a_line(line, letters, text):
    assert (tags_of(line), untagged(line)) == (letters, text)


def test_an_answer_fits_its_questions_and_one_without_letters_fits_all():
    assert answers("h| A friend did.", "hc| Who helped?")
    assert not answers("h| A friend did.", "c| What do you do?")
    assert not answers("h| A friend did.", "What do you do?")
    assert answers("Nothing.", "c| What do you do?")


def test_what_was_tried_is_asked_and_answered_as_help_or_as_ones_own_doing(written):
    questions = {untagged(line): line for line in bank("therapist")["tried_question"]}
    replies = {untagged(line): line for line in bank("client")["tried"]}
    seen = 0
    for conversation in written:
        for before, turn in zip(conversation.turns, conversation.turns[1:], strict=False):
            asked = next((line for text, line in questions.items() if text in before.content), None)
            said = next((line for text, line in replies.items() if text in turn.content), None)
            if asked and said:
                assert answers(said, asked)
                seen += 1
    assert seen > 5


ASKED = {"summary": "summarised", "check_information": "informed", "agree_step": "step"}


def tagged(name, options):
    """The lines of a bank, with their letters, by the text after the last slot: what a turn ends with when the line was said."""
    lines = [text_of(line) for line in bank(name)[options]]
    return {untagged(line).split("}")[-1].lstrip(".: ") or untagged(line): line for line in lines}


@pytest.mark.parametrize("options", ASKED)
def test_every_question_has_several_answers_of_its_own(options):
    for question in bank("therapist")[options]:
        fitting = [reply for reply in bank("client")[ASKED[options]] if answers(reply, text_of(question))]
        assert len(fitting) >= 4, question
    assert all(tags_of(reply) for reply in bank("client")[ASKED[options]])


def test_a_question_about_what_was_said_gets_an_answer_to_it(written):
    banks = [(tagged("therapist", options), tagged("client", reply)) for options, reply in ASKED.items()]
    seen = 0
    for before, turn in (pair for c in written for pair in pairwise(c.turns) if pair[0].part == "therapist"):
        for questions, replies in banks:
            asked = next((line for text, line in questions.items() if before.content.endswith(text)), None)
            if asked:
                said = next((line for text, line in replies.items() if text.lower() in turn.content.lower()), None)
                assert said and answers(said, asked), f"{before.content} -> {turn.content}"
                seen += 1
    assert seen > 4
