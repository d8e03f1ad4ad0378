import random
import re
from collections import Counter

from pixel_core.knowledge.material import load_material
from pixel_core.writing.deck import Deck
from pixel_core.writing.material import Material
from pixel_core.writing.phrases import bank
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


def test_the_first_question_names_what_it_is_about(sources, shipped):
    everything = Material(load_material(*sources, ["F20", "F91.3", "F63.1", "F14"]).pictures + shipped.pictures, shipped.notions)
    frames, deck = bank("assistant"), Deck()
    assert all(any("{name}" in line for line in frames[kind]["ask"]) for kind in frames if kind.startswith(("framework_", "talk", "else")))
    for number, subject in enumerate([*topics(everything)] * 2):
        first = write_questions(everything, subject, deck, random.Random(number)).turns[0].content
        name = frames["named"].get(subject.name, subject.name)
        assert name[1:].lower() in first.lower(), first


def test_a_capacity_is_named_with_its_article(shipped):
    named = bank("assistant")["named"]
    assert all(name.startswith("the capacity") for name in named.values())
    subjects = [subject for subject in topics(shipped) if subject.name in named]
    assert len(subjects) == len(named)
    for subject in subjects:
        text = write_questions(shipped, subject, Deck(), random.Random(3)).text
        assert named[subject.name][1:] in text and " of capacity" not in text and " by capacity" not in text


def test_signs_are_told_of_every_side_of_a_class(sources):
    both = next(p for p in load_material(*sources, ["F31.81"]).pictures if p.id == "F31.81")
    asked = next(a for a in answers_on(Material((both,)), both) if a.bank == "signs")
    raised, low = ({f.text for f in both.features if f.symptom and f.key[0] in keys} for keys in ("AB", "D"))
    assert set(asked.sources) & raised
    assert set(asked.sources) & low
    assert len(asked.sources) == 5


def test_only_those_who_help_are_told_how_to_talk_with_somebody(shipped):
    frames, told = bank("assistant"), Counter()
    own = {kind: set(frames[f"{kind}_helper"]["ask"]) - set(frames[kind]["ask"]) for kind in ("talk", "framework_talk")}
    deck = Deck()
    for number, subject in enumerate([*topics(shipped)] * 2):
        asked = [t.content for t in write_questions(shipped, subject, deck, random.Random(number)).turns if t.part == "other"]
        helps = any(asked[0].startswith(line) for line in frames["who_helps"])
        told[helps] += any(question.lower() in text.lower() for text in asked for kind in own.values() for question in kind)
    assert told[False] == 0 < told[True]


def test_several_of_those_are_spoken_of_after_a_list_only(shipped):
    subject, deck, named = topic(shipped, "Panic disorder"), Deck(), 0
    for number in range(400):
        turns = write_questions(shipped, subject, deck, random.Random(number)).turns
        at = next((n for n, turn in enumerate(turns) if "several of those fit me" in turn.content), None)
        if at is not None:
            named += 1
            assert any(len(turn.evidence) >= 3 for turn in turns[:at])
    assert named


def test_what_laypeople_are_told_is_no_rule_of_classification(shipped):
    told = " ".join(a.text for subject in topics(shipped) for a in answers_on(shipped, subject))
    assert not re.search(r"given in addition|takes precedence|specifier|subthreshold|nosolog", told)


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
