import re
from collections import Counter

from pixel_core import taxonomy
from pixel_core.conversation import Conversation, Provenance, Turn
from pixel_core.writing.modalities import MODALITIES, modality
from pixel_core.writing.phrases import bank, everyday, families, family_of, psychodynamic
from pixel_core.writing.quality.appropriateness import appropriateness_faults
from tests.pixel_core.writing.materials import feature, picture

ALL = [*families().values(), *psychodynamic().values(), *everyday().values()]


def moves():
    """(technique, sentence) of everything that a therapist may say."""
    for family in ALL:
        for technique, lines in family.lines.items():
            yield from ((technique, line) for line in lines)
        for exchange in family.exchanges:
            yield exchange.technique, exchange.say
            if exchange.after:
                yield exchange.after
    therapist, crisis = bank("therapist"), bank("crisis")
    for name in ("close", "close_urgent", "roll", "agree_step", "client_asks"):
        yield from ((entry["technique"], entry["say"]) for entry in therapist[name])
    for group in (therapist["after"], therapist["attachment"]):
        yield from ((entry["technique"], entry["say"]) for entries in group.values() for entry in entries)
    yield from ((entry["technique"], entry["say"]) for entry in (*crisis["after"], *therapist["open_session"]))
    yield from (("affirmation", line) for line in crisis["safer"])
    for name in MODALITIES:
        for move in modality(name).moves.values():
            yield from ((move.technique, line) for lines in move.say.values() for line in lines)


def test_every_move_is_a_technique_of_the_taxonomy_and_has_a_rationale():
    used = {technique for technique, _ in moves()}
    assert used <= set(taxonomy.ids("techniques"))
    assert set(bank("therapist")["rationale"]) == set(taxonomy.ids("techniques"))


def test_no_line_stands_twice():
    lines = Counter(line for _, line in moves())
    assert [line for line, count in lines.items() if count > 1] == []


def test_no_line_thrusts_a_diagnosis_or_orders_medicine():
    source = (Provenance("s", "u", "l", "l", "c", "e"),)
    turns = {say: Turn("assistant", "therapist", say) for _, say in moves()}
    assert len(turns) > 1000
    assert {say for say, turn in turns.items() if appropriateness_faults(Conversation((turn,), "psychology", "g", 1, source))} == set()


def test_every_shipped_symptom_has_a_family_of_its_own(shipped):
    orphans = {f.symptom for p in shipped.speaking("clinical") for f in p.features if f.symptom and family_of(p, f).name == "general"}
    assert orphans <= {"suicidal_thoughts", "self_harm_or_suicidality"}  # asked about and answered by the safety talk


def test_every_class_of_pdm2_has_phrases():
    assert set(psychodynamic()) == set(taxonomy.ids("pdm2"))


def test_a_users_own_symptom_finds_a_family_by_its_words():
    assert family_of(picture(), feature("X1", "v", symptom="my_own", text="Cannot sleep at night.")).name == "sleep"
    assert family_of(picture(), feature("X2", "v", symptom="worrying_a_lot", text="Something.")).name == "worry"
    assert family_of(picture(), feature("X3", "v", symptom="zzz", text="Zzz.")).name == "general"


def test_placeholders_are_those_that_get_filled():
    known = {"echo", "Echo", "quote", "Quote", "topics", "topic", "age", "job", "family", "name", "Name", "other", "Other", "text", "own"}
    known |= {"burden", "item", "clause", "voice", "quoted"}

    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for entry in value.values() if isinstance(value, dict) else value:
                yield from texts(entry)

    for name in ("therapist", "client", "crisis", "assistant"):
        assert {found for text in texts(bank(name)) for found in re.findall(r"\{(\w+)\}", text)} <= known
