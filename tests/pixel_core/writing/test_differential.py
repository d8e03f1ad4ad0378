import re

import pytest

from pixel_core.writing import Differential
from pixel_core.writing.differential import asked_of, differentials_of, own_signs
from pixel_core.writing.phrases import bank, family_of
from tests.pixel_core.writing.materials import feature, material, picture, statement


def pair():
    worry = [feature("A1", "My head won't stop.", symptom="excessive_worry"), feature("A2", "I wake at three.", symptom="early_waking")]
    sleep = [
        feature("B1", "The clock strikes three.", symptom="difficulty_falling_asleep"),
        feature("B2", "I nod off.", symptom="daytime_fatigue"),
    ]
    other = picture("F41.1", [*worry, feature("A3", "All is tense.", symptom="muscle_tension")])
    other = type(other)(**{**{f: getattr(other, f) for f in other.__dataclass_fields__}, "name": "Generalized anxiety disorder"})
    telling = (Differential("Generalized anxiety disorder", statement("Worry spreads over the day.")),)
    return picture("F51.01", [*sleep, feature("B3", "Legs of lead.", symptom="low_energy")], differentials=telling), other


def test_what_tells_two_apart_is_of_a_kind_that_the_other_has_not():
    own, other = pair()
    assert {f.symptom for f in own_signs(other, own)} == {"excessive_worry", "muscle_tension"}
    assert "sleep" in {family_of(other, f).name for f in other.features}
    assert [p.id for p in differentials_of(material(own, other), own)] == ["F41.1"]
    assert differentials_of(material(own, other), other) == []


def test_the_shipped_knowledge_tells_many_apart(shipped):
    able = [p for p in shipped.speaking("clinical") if differentials_of(shipped, p)]
    assert len(able) >= 15


def test_no_difference_says_here_of_the_class_that_was_asked_about(shipped):
    """A teacher says "Of the other one may say" before it: what holds for this class has to name it."""
    told = [d.distinguish.text for p in shipped.pictures for d in p.differentials]
    assert len(told) > 100
    assert [text for text in told if re.search(r"[;,] (?:but )?here\b|to nothing but itself", text)] == []


@pytest.mark.parametrize(
    ("distinction", "asked"),
    [
        (
            "Worry spreads over many topics and goes on without an audience.",
            "Worry spreads over many topics and goes on without an audience",
        ),
        ("Rituals are unwanted, while sameness is felt as good.", "Rituals are unwanted"),
        ("Movements follow an urge more than a thought.", "Movements follow an urge more"),
        ("Lasts less than one month.", ""),
        ("The fear is confined to one thing; both are recorded.", "The fear is confined to one thing"),
        ("A mood episode is present for most of the illness.", ""),
        ("Ask about earlier times of elation.", ""),
    ],
)
def test_of_a_distinction_is_asked_what_a_client_can_answer(distinction, asked):
    assert asked_of(distinction) == asked


def test_most_dividing_questions_are_what_the_knowledge_says_of_the_difference(written, shipped):
    pictures = {p.id: p for p in shipped.pictures}
    quoted = seen = 0
    for conversation in written:
        if found := conversation.extra.get("differential"):
            own, other = pictures[conversation.extra["sheet"]["classes"][0]], pictures[found["against"]]
            clause = asked_of(next(d.distinguish.text for d in own.differentials if d.name == other.name))
            quoted += bool(clause) and clause.lower() in conversation.turns[found["asked"]].content.lower()
            seen += 1
    assert quoted >= seen / 3


def test_what_both_have_is_not_asked_for_to_tell_them_apart(written, shipped):
    pictures = {p.id: p for p in shipped.pictures}
    known, seen = bank("comorbidity"), 0
    for conversation in written:
        found = conversation.extra.get("differential")
        if found:
            own = conversation.extra["sheet"]["classes"][0]
            sign = next(f for f in pictures[found["against"]].features if f.key == found["ruled_out"])
            assert sign.symptom not in {"", *known["common"], *known["in_both"].get(f"{own} {found['against']}", ())}
            seen += 1
    assert seen > 40
    named = {f.symptom for p in shipped.pictures for f in p.features}
    assert {s for symptoms in known["in_both"].values() for s in symptoms} <= named


def test_the_language_of_the_book_is_not_put_to_a_client():
    assert asked_of("Low mood may come before, from or after use.") == ""
    assert asked_of("The fear belongs to being looked at by others.") != ""
