import random
from collections import Counter

import pytest

from pixel_core.writing import difficulty_of
from pixel_core.writing.sheets import draw_temper, make_sheet


@pytest.mark.parametrize(
    ("given", "grade"),
    [
        ({}, 1),
        ({"resistance": 1}, 2),
        ({"resistance": 2}, 3),
        ({"symptoms": 3}, 1),
        ({"symptoms": 4}, 2),
        ({"classes": 2}, 2),
        ({"risk": 1}, 1),
        ({"risk": 2}, 2),
        ({"resistance": 2, "symptoms": 9, "classes": 2, "risk": 3}, 5),
    ],
)
def test_the_rule_of_difficulty(given, grade):
    assert difficulty_of(**{"resistance": 0, "symptoms": 0, "classes": 1, "risk": 0} | given) == grade


def test_tempers_keep_to_what_goes_with_a_class():
    drawn = [draw_temper(random.Random(i), attachments=["avoidant"], defences=["humour", "splitting"]) for i in range(20)]
    assert {t.attachment for t in drawn} == {"avoidant"}
    assert {t.defence for t in drawn} == {"humour"}
    assert set(Counter(draw_temper(random.Random(i)).resistance for i in range(60))) == {0, 1, 2}


def test_two_clients_have_two_sheets():
    person = {"age": "thirties"}
    one, two = (
        make_sheet(number, draw_temper(random.Random(1)), person=person, concern="sleep", classes=("F51.01",), resistance=0)
        for number in "12"
    )
    assert one.id != two.id
    assert one.id.startswith("sheet-")
