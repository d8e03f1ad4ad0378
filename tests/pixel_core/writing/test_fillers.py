"""Words around a client's answer stand only where they join what was asked and what is said."""

from collections import Counter
from itertools import pairwise

import pytest

from pixel_core.writing.closing import kind_of_end
from pixel_core.writing.fillers import afterwords, forewords, joins, last_sentence, unfit_fillers
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import IDEATION, level_labelled
from pixel_core.writing.scene import text_of


def said_before(question, answer):
    """The words of all banks that may begin this answer to this question."""
    lines = (*bank("client")["lead"], *forewords(question)[1])
    return {text_of(line) for line in lines if joins(question, answer)(line)}


def test_a_turn_is_answered_in_its_last_sentence():
    assert last_sentence('I see. You said "never." What else is there?') == "What else is there?"
    assert last_sentence("Go on") == "Go on"


def test_words_before_an_answer_suit_the_question():
    once, more = said_before("When was the last time?", "On Sunday."), said_before("And what else?", "On Sunday.")
    assert "I've got to think back." in once - more
    assert "That's part of it, too." in more - once
    assert "Hm." in once & more


@pytest.mark.parametrize("answer", ["Yes, on Sunday.", "All right, on Sunday.", "So I can wait a little.", "And if it comes true?"])
def test_nobody_announces_honesty_before_a_plain_word(answer):
    assert "If I'm honest:" in {text_of(line) for line in forewords("Do you?")[1] if joins("Do you?", "It was on Sunday.")(line)}
    assert "If I'm honest:" not in {text_of(line) for line in forewords("Do you?")[1] if joins("Do you?", answer)(line)}


def test_nobody_begins_twice_with_the_same_word():
    assert not joins("Is it so?", "Hm, on Sundays.")("Hm.")
    assert joins("Is it so?", "On Sundays, hm.")("Hm.")


def test_a_statement_is_taken_in_and_a_question_thought_over():
    assert forewords("You looked after them. And who looked after you?")[0] == "foreword:asked"
    assert forewords("You looked after them.")[0] == "foreword:told"


def test_words_after_an_answer_suit_what_it_was():
    assert {afterwords(kind)[0] for kind in ("voices", "memory", "thought")} == {"afterword:told"}
    assert {afterwords(kind)[0] for kind in ("strength", "trait", "mild_works")} == {"afterword:light"}
    assert {afterwords(kind)[0] for kind in ("willing_step", "hesitant_step", "attended")} == {"afterword:step"}
    assert afterwords("no_risk")[0] == "afterword:sure"
    assert afterwords("corrected")[0] == "afterword:found"


def test_what_is_written_begins_with_words_that_suit_the_question(written):
    conditional = [text_of(line) for line in (*bank("client")["lead"], *bank("client")["yielding"]) if not isinstance(line, str)]
    seen = Counter()
    for before, turn in ((b, t) for c in written for b, t in pairwise(c.turns) if t.part == "client"):
        seen.update(line for line in conditional if turn.content.startswith(line))
        assert not list(unfit_fillers(before.content, turn.content)), f"{before.content} -> {turn.content}"
    assert len(seen) > 30 and sum(seen.values()) > 100


def test_the_question_about_suicide_is_answered_as_it_is(written):
    yielding = tuple(text_of(line) for line in bank("client")["yielding"] if len(text_of(line)) > 12)
    asked = [
        turn
        for c in written
        for before, turn in pairwise(c.turns)
        if before.part == "therapist" and "safety_assessment" in before.shown("technique") and "suicide" in before.content
    ]
    assert len(asked) > 20
    assert not any(turn.content.startswith(yielding) for turn in asked)
    assert any(level_labelled(turn.labels) < IDEATION for turn in asked)


ENDS = {
    "last_title": "Give it a title, this hour, as if it were a chapter. What's it called?",
    "last_stay": "As you get up now, what are you taking along, and what may stay here?",
    "last_wrong": "What do you want to remember from today, in one sentence? And was there anything I got wrong?",
    "last_tell": "If somebody asks you tonight what we did here, what will you say?",
    "last_keep": "That's our time. What would you like me to keep in mind?",
    "last_minute": "What was the most important minute for you?",
    "last_line": "Which sentence from this hour would you like to keep?",
    "last_two": "You've named a direction and one small footprint; which of the two do you want to remember?",
    "last_harder": "It makes sense, and it needn't go on like that. Which one is harder for you to take home?",
    "last_next": "When you think of next week, what should I ask you first?",
    "last_felt": "How was this for you, and what should I do differently next time?",
    "last_yes": "Same time next week?",
    "last_take": "Before we stop: what surprised you in this hour?",
    "farewell": "That was enough for one hour. See you next week.",
}


@pytest.mark.parametrize("kind", ENDS)
def test_the_last_question_gets_an_answer_of_its_kind(kind):
    assert kind_of_end(ENDS[kind]) == kind
    assert len(bank("client")[kind]) > 2
