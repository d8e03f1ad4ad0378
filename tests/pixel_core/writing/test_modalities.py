import random
import re
from collections import Counter

import pytest

from pixel_core import taxonomy
from pixel_core.writing.modalities import CRISIS, MODALITIES, choose, modality, moves_of, reasons, suitability, techniques_of
from pixel_core.writing.phrases import bank, everyday, families, psychodynamic
from pixel_core.writing.sheets import Temper
from pixel_core.writing.tags import untagged
from tests.pixel_core.writing.materials import picture

CALM = Temper("secure", "humour", {}, 0)
TAG = re.compile(r"([a-z]{1,4})\| ")


def tags(line):
    found = TAG.match(line)
    return set(found.group(1)) if found else set()


def test_every_technique_names_modalities_that_exist():
    named = {name for t in taxonomy.classes("techniques") for name in t.fields["modalities"].split("; ")}
    assert named == {"all", *MODALITIES}
    assert all(techniques_of(name) for name in MODALITIES)


def test_advice_and_interpretation_keep_to_their_modalities():
    assert {"suggestion", "information", "goal_setting"}.isdisjoint(techniques_of("person-centred") | techniques_of("psychodynamic"))
    assert [name for name in MODALITIES if "interpretation" in techniques_of(name)] == ["psychodynamic"]
    assert all("safety_assessment" in techniques_of(name) for name in MODALITIES)


@pytest.mark.parametrize("name", MODALITIES)
def test_moves_are_of_the_modality_and_its_arcs_know_them(name):
    known = {"explore", "aside", "understand", "exchange", "skill", *modality(name).moves}
    assert set(moves_of(name).values()) <= techniques_of(name)
    for arcs in (modality(name).arcs, *modality(name).own_arcs.values()):
        assert {beat for each in arcs.values() for arc in each for beat in arc} <= known
        assert name == CRISIS or set(arcs) == {3, 4, 5, 6}
    assert set(modality(name).own_arcs) <= set(taxonomy.ids("dsm5"))


@pytest.mark.parametrize("name", [m for m in MODALITIES if m != CRISIS])
def test_every_question_of_a_move_has_answers_of_its_own(name):
    for move in modality(name).moves.values():
        asked = [line for lines in move.say.values() for line in lines]
        if move.stage == "closing":
            continue
        for line in asked:
            fits = [r for r in (*move.willing, *move.hesitant) if not tags(r) or tags(r) & tags(line)]
            assert len(fits) >= 2, f"{name} {move.name}: {line}"
        assert len(move.willing) >= 4


def test_the_indication_follows_the_concern_and_the_client():
    drink = picture("F10", group="Substance-Related and Addictive Disorders")
    assert max(suitability("disorder", [drink], CALM).items(), key=lambda item: item[1])[0] == "motivational interviewing"
    doubting = Temper("secure", "denial", {}, 2)
    lead = "motivational interviewing"
    assert suitability("disorder", [drink], doubting)[lead] > suitability("disorder", [drink], CALM)[lead]
    assert suitability("disorder", [picture("F60.3")], CALM)["DBT"] > 1
    assert "interpretation" not in techniques_of(max(suitability("everyday", [], CALM)))
    assert reasons("DBT", "disorder", [drink], Temper("disorganised", "humour", {}, 0))[-1] == "disorganised"


def test_modalities_are_drawn_by_their_weights():
    drawn = Counter(choose("psychodynamic", [], CALM, random.Random(n)) for n in range(400))
    weights = bank("indication")["kinds"]["psychodynamic"]
    assert set(drawn) == set(weights)
    assert drawn["psychodynamic"] == pytest.approx(400 * 7 / 10, rel=0.15)


def test_every_class_of_the_rule_is_one_of_the_taxonomy():
    rule = bank("indication")
    chapters = {c.fields["chapter"] for c in taxonomy.classes("dsm5")}
    assert set(rule["chapters"]) == chapters
    assert set(rule["classes"]) <= set(taxonomy.ids("dsm5"))
    assert set(rule["functions"]) <= set(taxonomy.ids("pdm2"))
    assert set(rule["why"]) == set(MODALITIES)


def test_what_does_not_suit_is_not_said():
    told, none = {"looks"}, frozenset()
    cbt, dbt, act = modality("CBT"), modality("DBT"), modality("ACT")
    test = next(line for line in cbt.moves["experiment"].said("") if "scientists" in line)
    assert not cbt.suits("experiment", test, told, none, "looks")
    assert cbt.suits("experiment", test, {"social"}, none, "social")
    assert not dbt.suits("chain", dbt.moves["chain"].said("")[0], {"self"}, none, "self")
    assert dbt.suits("chain", dbt.moves["chain"].said("")[0], {"self", "impulse"}, none, "self")
    wanted = next(line for line in dbt.moves["validate"].said("") if "wanted it to stop" in line)
    assert not dbt.suits("validate", wanted, {"drink"}, none, "drink", said="I tip a waiter twenty.")
    assert dbt.suits("validate", wanted, {"drink"}, none, "drink", said="I couldn't bear it any longer, so I drank.")
    assert not dbt.suits("chain", dbt.moves["chain"].said("")[0], {"storms"}, none, "storms", said="My husband reads the weather off me.")
    assert dbt.suits("chain", dbt.moves["chain"].said("")[0], {"storms"}, none, "storms", said="I threw the plate.")
    says = next(line for line in cbt.moves["catch_thought"].said("") if "say about you, if it were so" in line)
    assert not cbt.suits("catch_thought", says, {"sleep"}, none, "sleep", said="No. I do want to live. I lie awake.")
    assert cbt.suits("catch_thought", says, {"worth"}, none, "worth", said="They'll see that I'm a fraud.")
    watched = next(line for line in cbt.moves["homework"].said("") if "watched out for that thought" in line)
    assert not cbt.suits("homework", watched, {"sleep"}, none, "sleep", made={"activity"})
    assert cbt.suits("homework", watched, {"sleep"}, none, "sleep", made={"catch_thought"})
    before = next(line for line in act.moves["values"].said("") if "time before" in line)
    assert not act.suits("values", before, none, {"F90"}, "attention")
    assert act.suits("values", before, none, {"F32"}, "low_mood")


@pytest.mark.parametrize(
    ("move", "word", "code", "family", "but"),
    [
        ("catch_thought", "crossed your mind", "F05", "clouded", ("F41.1", "worry")),
        ("weigh", "what does it cost you", "F05", "clouded", ("F41.1", "worry")),
        ("activity", "Mood tends to follow", "F52.6", "intimate_pain", ("F32", "low_mood")),
        ("activity", "shade better", "F52.6", "intimate_pain", ("F32", "low_mood")),
        ("activity", "Mood tends to follow", "F41.1", "worry", ("F41.1", "low_mood")),
    ],
)
def test_a_technique_of_another_trouble_is_not_used(move, word, code, family, but):
    cbt = modality("CBT")
    line = next(line for line in cbt.moves[move].said("") if word in line)
    assert not cbt.suits(move, line, {family}, {code}, family)
    assert cbt.suits(move, line, {but[1]}, {but[0]}, but[1])


def test_bars_name_moves_families_and_words_that_are_there():
    for way in map(modality, MODALITIES):
        for bar in way.bars:
            assert (bar.told | bar.about | bar.only) <= {*families(), *psychodynamic()}
            assert bar.after <= set(way.moves)
            assert any(bar.words.search(line) for line in way.moves[bar.move].said(""))
            assert bar.only or bar.after or bar.heard or not all(bar.words.search(line) for line in way.moves[bar.move].said(""))


def test_answers_and_events_that_are_for_some_families_name_families_that_are_there():
    known = {*families(), *everyday(), *psychodynamic()}
    keyed = [(way.name, move, line) for way in map(modality, MODALITIES) for move in way.moves.values() for line in move.about]
    assert len(keyed) > 10
    for name, move, line in keyed:
        assert move.about[line] <= known, f"{name} {move.name}: {line}"
        assert not move.suits(line, "nothing of the kind")
        assert all(move.suits(line, family) for family in move.about[line])
    assert all(set(event["for"]) <= known for event in bank("modalities/pools")["events"] if not isinstance(event, str))


@pytest.mark.parametrize("code", ["F60.2", "sadistic", "psychopathic"])
def test_who_is_not_moved_by_what_uncovers_does_not_answer_as_if_they_were(written, code):
    soft = [untagged(line) for move in modality("psychodynamic").moves.values() if move.name == "defence" for line in move.willing]
    spoken = [t.content for c in written if code in c.extra.get("sheet", {}).get("classes", ()) for t in c.turns if t.part == "client"]
    assert code in bank("comorbidity")["unmoved"]
    assert not [line for line in soft for text in spoken if line in text]
