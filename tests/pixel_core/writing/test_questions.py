import random

from pixel_core.writing.deck import Deck
from pixel_core.writing.questions import answers_on, topics, write_questions


def topic(shipped, name):
    return next(t for t in topics(shipped) if t.name == name)


def test_every_differential_of_the_shipped_base_can_be_asked_about(shipped):
    worry = topic(shipped, "Generalized anxiety disorder")
    asked = [a for a in answers_on(shipped, worry) if a.bank == "difference"]
    assert len(asked) == len(worry.differentials) >= 3


def test_answers_quote_the_knowledge_and_name_their_source(shipped):
    deck = Deck()
    for number, subject in enumerate(topics(shipped)):
        written = write_questions(shipped, subject, deck, random.Random(number))
        answers = [t for t in written.turns if t.part == "assistant"]
        assert 3 <= len(answers) <= 5
        assert [t.part for t in written.turns] == ["other", "assistant"] * len(answers)
        assert all(t.evidence and t.learn for t in answers)
        assert "{" not in written.text


def test_questions_about_one_topic_stay_in_one_group(shipped):
    subject = topic(shipped, "Panic disorder")
    groups = {write_questions(shipped, subject, Deck(), random.Random(n)).group for n in range(5)}
    assert groups == {"questions:clinical:F41.0"}


def test_nobody_is_told_that_they_have_it(shipped):
    for subject in topics(shipped):
        for answer in answers_on(shipped, subject):
            assert answer.bank != "have_i" or answer.technique == "boundary_setting"


def test_of_what_mostly_children_have_one_asks_what_to_do_for_a_child(shipped):
    for subject in topics(shipped):
        banks = {answer.bank for answer in answers_on(shipped, subject)}
        assert not {"worry_child", "worry_other"} <= banks
        assert subject.name != "Encopresis" or "worry_child" in banks
        assert subject.name != "Panic disorder" or "worry_other" in banks


def test_names_of_people_keep_their_capital(shipped):
    others = {answer.other for subject in topics(shipped) for answer in answers_on(shipped, subject)}
    assert {other for other in others if other.lower().startswith("tourette")} == {"Tourette's disorder"}
    assert "panic disorder" in others
