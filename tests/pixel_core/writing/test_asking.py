import pytest

from pixel_core.writing.asking import asks_openly


@pytest.mark.parametrize(
    "text",
    [
        "What's the worst of it?",
        "I hear you. And how did it go on from there?",
        "Let's treat it like a claim. What speaks for it, and what doesn't fit?",
        "If we drew it as beads on a string, what's the first bead?",
        "With whom could you be that open?",
        "When did it begin?",
        "What's it like when that happens, is it frightening, or something else?",
    ],
)
def test_a_turn_that_ends_in_such_a_question_asks_openly(text):
    assert asks_openly(text)


@pytest.mark.parametrize(
    "text",
    [
        "Do you know what it is?",
        "What if we tried it once?",
        "How about a walk?",
        "What happened? Take your time.",
        "Could you keep a record: where, what, how strong?",
        "Is that the whole of it?",
        "I wonder what it is.",
        "When you feel like that, do you sometimes wish you were dead?",
        "What you describe is a lot: has it ever worn you down?",
    ],
)
def test_questions_for_yes_or_no_proposals_and_statements_do_not(text):
    assert not asks_openly(text)
