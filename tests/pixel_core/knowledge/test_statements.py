from collections import Counter

import pytest

from pixel_core.conversation import Evidence, validate
from pixel_core.knowledge import extract_dsm5, extract_framework
from pixel_core.knowledge.statements import SIGNS, compose_statements, statements_of
from pixel_core.sentences import sentences_of
from pixel_core.writing import Feature, Picture, Statement
from tests.pixel_core.knowledge.documents import SHIPPED


def said(text):
    return Statement(text, Evidence("knowledge://d.json", 0, len(text)))


def picture(head="clinical", code="F32", features=6, voices=3):
    own = [
        Feature(f"A{n}", f"sign_{n}", said(f"Sign {n} is there."), tuple(said(f"I have sign {n}, said {v}.") for v in range(voices)))
        for n in range(features)
    ]
    return Picture(head=head, id=code, name=code, summary=said(f"What {code} is."), features=tuple(own))


def test_each_class_has_so_many_different_statements_with_its_label_alone():
    found = list(statements_of([picture(), picture(code="F33"), picture("pdm2", "schizoid")], 12, seed=1))
    assert len({one.id for one in found}) == 36
    assert Counter(one.group for one in found) == {f"statements:{name}": 12 for name in ("clinical:F32", "clinical:F33", "pdm2:schizoid")}
    for one in found:
        validate(one)
        (turn,) = one.turns
        head, code = one.group.split(":")[1:]
        assert {(label.output, label.value) for label in turn.labels} == {(f"{head}.{code}", 1.0), (f"{head}.*", 0.0)}
        assert not turn.learn and not any(label.given for label in turn.labels), "nothing is measured against them"
        assert all(turn.content.count(part) for part in turn.content.split(". "))


def test_a_statement_says_few_signs_none_of_them_twice_and_rests_on_all_it_says():
    for one in statements_of([picture()], 20, seed=1):
        (turn,) = one.turns
        signs = [f"sign {n}" for n in range(6) if f"sign {n}" in turn.content.lower()]
        assert SIGNS[0] <= len(signs) <= SIGNS[1]
        assert all(turn.content.lower().count(sign) == 1 for sign in signs)
        described = turn.content.startswith("What F32 is.")
        assert len(turn.evidence) == len(signs) + described
        assert ("I have" in turn.content) != described


def test_descriptions_are_a_third_and_stand_for_what_nobody_voiced():
    texts = [one.text for one in statements_of([picture(features=9)], 30, seed=2)]
    assert sum(text.startswith("What") for text in texts) == pytest.approx(10, abs=2)
    silent = list(statements_of([picture(voices=0)], 6, seed=2))
    assert silent and all(one.text.startswith("What F32 is.") for one in silent)


def test_the_same_seed_says_the_same_and_few_sentences_say_no_more_than_they_can():
    assert list(statements_of([picture()], 9, seed=3)) == list(statements_of([picture()], 9, seed=3))
    assert list(statements_of([picture()], 9, seed=3)) != list(statements_of([picture()], 9, seed=4))
    few = list(statements_of([picture(features=1, voices=1)], 9, seed=3))
    assert 0 < len(few) <= 2
    assert list(statements_of([Picture("clinical", "F32", "empty")], 9, seed=3)) == []


def test_what_may_not_be_said_is_replaced_by_what_may(tmp_path):
    sources = extract_dsm5(SHIPPED, tmp_path / "dsm5").folder, extract_framework(SHIPPED, tmp_path / "framework").folder
    first = compose_statements(*sources, 6, seed=3, free=lambda _: True)
    barred = {part for one in first[::2] for part in sentences_of(one.text)}
    again = compose_statements(*sources, 6, seed=3, free=lambda text: not barred & set(sentences_of(text)))
    assert not any(barred & set(sentences_of(one.text)) for one in again)
    assert len(again) > 0.9 * len(first)
