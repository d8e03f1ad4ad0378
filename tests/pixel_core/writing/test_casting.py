import random

import pytest

from pixel_core.writing.casting import cast, is_danger, single
from pixel_core.writing.deck import Deck
from pixel_core.writing.facts import facts_of, join
from tests.pixel_core.writing.materials import feature, picture


@pytest.mark.parametrize("seed", range(5))
def test_all_that_one_client_says_can_come_from_one_person(shipped, seed):
    deck = Deck()
    for shown in shipped.speaking("clinical"):
        voices, facts = cast([shown], 6, deck, random.Random(seed), risk=False)
        told = {}
        for voice in voices:
            told = join(told, facts_of(voice.statement.text, shown.id))
            assert told is not None
        assert told | {"speaker": frozenset({"self"})} == facts
        assert len({v.feature.key for v in voices}) == len(voices) >= 3


def test_contradicting_sentences_are_left_out():
    both = [
        feature("A1", "My husband snores beside me."),
        feature("A2", "My wife counts the hours."),
        feature("A3", "I lie awake."),
    ]
    voices, _ = cast([picture(features=both)], 3, Deck(), random.Random(1), risk=False)
    assert len(voices) == 2


@pytest.mark.parametrize("seed", range(3))
def test_a_client_of_two_poles_has_one_of_them(shipped, seed):
    divided = [p for p in shipped.speaking("pdm2") if any(f.pole for f in p.features)]
    assert len(divided) >= 10
    for shown in divided:
        voices, _ = cast([shown], 8, Deck(), random.Random(seed), risk=False)
        assert len(voices) == 8
        assert len({v.feature.pole for v in voices} - {""}) <= 1


def test_thoughts_of_dying_are_voiced_only_where_asked_for(shipped):
    depression = next(p for p in shipped.pictures if p.id == "F32")
    for seed in range(10):
        with_risk, _ = cast([depression], 4, Deck(), random.Random(seed), risk=True)
        without, _ = cast([depression], 4, Deck(), random.Random(seed), risk=False)
        assert sum(v.feature.symptom == "suicidal_thoughts" for v in with_risk) == 1
        assert with_risk[0].feature.symptom != "suicidal_thoughts"
        assert not any(v.feature.symptom == "suicidal_thoughts" for v in without)


@pytest.mark.parametrize(("code", "words"), [("F14", "want to be dead"), ("F63.0", "on bridges")])
def test_a_wish_to_die_among_other_symptoms_is_cast_as_danger_only(addictions, code, words):
    addiction = next(p for p in addictions.pictures if p.id == code)
    deck = Deck()
    for seed in range(20):
        with_risk, _ = cast([addiction], 5, deck, random.Random(seed), risk=True)
        without, _ = cast([addiction], 5, deck, random.Random(seed), risk=False)
        assert [words in v.statement.text for v in with_risk if is_danger(v.statement, v.feature)] == [True]
        assert not is_danger(with_risk[0].statement, with_risk[0].feature)
        assert not any(is_danger(v.statement, v.feature) for v in without)


def test_no_first_sentence_leans_on_one_before(shipped):
    for shown in shipped.speaking("clinical"):
        for seed in range(5):
            voices, _ = cast([shown], 5, Deck(), random.Random(seed), risk=False)
            assert not voices[0].statement.text.startswith(("And ", "It ", "They ", "Then "))


def test_a_role_nobody_voices_is_none(shipped):
    assert single(picture(), "impact", {}, Deck(), random.Random(1)) is None
    found = single(next(p for p in shipped.pictures if p.id == "F32"), "impact", {}, Deck(), random.Random(1))
    assert found is not None
    assert found[0].family.name == "life_impact"
