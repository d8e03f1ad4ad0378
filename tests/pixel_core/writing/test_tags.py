import pytest

from pixel_core.writing.phrases import bank
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
