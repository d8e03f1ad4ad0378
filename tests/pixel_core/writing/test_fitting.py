"""What a modality works on was told: no urge, step, struggle or habit that is the therapist's alone, and no thought of another trouble."""

import re

import pytest

from pixel_core.writing.care import duties, is_met
from pixel_core.writing.modalities import modality, suitability
from pixel_core.writing.moves import SKILLS
from pixel_core.writing.phrases import bank, family_of, thoughts_of
from pixel_core.writing.sheets import Temper
from pixel_core.writing.tags import untagged
from tests.pixel_core.writing.materials import picture

CALM = Temper("secure", "humour", {}, 0)
HABITS = next(set(line["for"]) for line in bank("modalities/pools")["ruler_high"] if not isinstance(line, str))


def only(way, move, word=""):
    """The families for which lines of a move are that hold this word."""
    return set().union(*(bar.only for bar in modality(way).bars if bar.move == move and word in bar.words.pattern))


@pytest.fixture(scope="session")
def sessions(written, shipped):
    """Every therapy that was written, with the families of what was told in it and the names of its moves in order."""
    known = {(p.id, f.key): family_of(p, f).name for p in shipped.pictures for f in p.features}
    found = []
    for conversation in written:
        if "sheet" in conversation.extra:
            told = {known.get((v["class"], v["feature"]), "") for v in conversation.extra["voiced"]}
            found.append((conversation, told, [move["move"] for move in conversation.extra["moves"]]))
    return found


def said(conversation, part):
    return " ".join(turn.content for turn in conversation.turns if turn.part == part)


def test_getting_through_the_worst_is_for_what_rises_and_urges_are_those_that_were_told(sessions):
    seen = 0
    for conversation, told, moves in sessions:
        if "distress_tolerance" in moves:
            seen += 1
            assert told & only("DBT", "distress_tolerance")
        if conversation.extra["modality"] == "DBT" and re.search(r"\bride one urge|next urge will", said(conversation, "therapist")):
            assert told & only("DBT", "distress_tolerance", "urge")
    assert seen > 3


def test_a_session_ends_on_a_step_or_a_skill_only_when_there_was_one(sessions):
    for conversation, _, moves in sessions:
        last = conversation.turns[-1].content if conversation.turns[-1].part == "therapist" else conversation.turns[-2].content
        assert "small footprint" not in last or "committed_action" in moves
        assert not re.search(r"picked something to set against|one skill and no more", last) or set(SKILLS) & set(moves)
        assert "commit" not in moves or set(SKILLS) & set(moves[: moves.index("commit")])


def test_nobody_struggles_with_what_is_absent_or_has_been_there_from_the_beginning(sessions):
    lasting = {"F82", "F80.81", "F84.0", "F95.2", "F52.0", "F52.31", "F01"}
    for conversation, _, _ in sessions:
        if lasting & set(conversation.extra["sheet"]["classes"]):
            assert not re.search(r"to get rid of|never quite goes|at arm's length", said(conversation, "therapist"))


def test_answers_of_a_habit_are_given_by_those_who_have_one(sessions):
    lines = [line["say"] for line in bank("modalities/pools")["ruler_high"] if not isinstance(line, str)]
    for conversation, told, _ in sessions:
        if any(line in said(conversation, "client") for line in lines):
            assert told & HABITS


def test_what_was_agreed_on_stays_the_matter(sessions, shipped):
    told_of = [
        (topic, f.name) for p in shipped.speaking("clinical") for v in p.voiced("symptom") for f in (family_of(p, v),) for topic in f.topics
    ]
    compared = 0
    for conversation, told, _ in sessions:
        turns = {move["turn"]: move["move"] for move in conversation.extra["moves"]}
        agreed = next((turn for turn, move in turns.items() if move == "agenda"), None)
        for turn in (turn for turn, move in turns.items() if agreed is not None and turn > agreed and move in ("activity", "homework")):
            first, later = (
                {f for t, f in told_of if f in told and t in conversation.turns[n].content.split("? ")[-1]} for n in (agreed, turn)
            )
            if first and later:
                compared += 1
                assert first & later, conversation.turns[turn].content
    assert compared > 3


@pytest.mark.parametrize(
    ("code", "never"),
    [("F60.0", "DBT"), ("F60.1", "DBT"), ("F21", "DBT"), ("F52.31", "ACT"), ("F51.5", "person-centred"), ("F95.2", "person-centred")],
)
def test_a_way_of_working_suits_the_class(code, never):
    groups = {"F52.31": "Sexual Dysfunctions"}
    assert never not in suitability("disorder", [picture(code, group=groups.get(code, "Personality Disorders"))], CALM)


def test_classes_with_a_technique_of_their_own_get_it(sessions):
    own = modality("CBT").own_arcs
    assert set(own) == {"F51.5", "F95.2"}
    for code, arcs in own.items():
        wanted = {move.name for move in modality("CBT").moves.values() if code in move.codes}
        assert all(wanted & set(arc) for each in arcs.values() for arc in each)
    for conversation, _, moves in sessions:
        special = {m.name: m.codes for m in modality("CBT").moves.values() if m.codes}
        for move in set(moves) & set(special):
            assert special[move] & set(conversation.extra["sheet"]["classes"])


def test_a_thought_is_of_the_trouble_that_was_told():
    lazy = "I'm just lazy."
    assert lazy not in {t.say for t in thoughts_of("energy", ["F51.01"])} | {t.say for t in thoughts_of("energy", ["F43.0"])}
    assert lazy in {t.say for t in thoughts_of("energy", ["F32"])}
    assert {t.of for t in thoughts_of("sleep", ["F43.10"])} == {"trauma_belief"}
    assert {t.of for t in thoughts_of("sleep")} == {"sleep"}


def test_what_is_called_for_by_classes_is_done_by_the_lines_alone():
    others = [line["say"] for pool in bank("therapist")["after"].values() for line in pool]
    for name in (name for name, duty in duties().items() if duty.codes):
        assert [line for line in others if is_met(name, [line])] == []
        assert all(is_met(name, [line["say"]]) for line in duties()[name].lines)


def test_a_line_that_takes_something_for_said_rests_on_what_the_client_has_said(sessions):
    """Shame, a history, somebody who worries: the words of a bar's `heard` stand in a client's turn before the line."""
    seen = 0
    for conversation, _, moves in sessions:
        way = modality(conversation.extra["modality"])
        bars = [bar for bar in way.bars if bar.heard is not None and bar.move in moves]
        for made in conversation.extra["moves"]:
            turn, before = conversation.turns[made["turn"]], conversation.turns[: made["turn"]]
            told = " ".join(t.content for t in before if t.part == "client").replace("\u2019", "'")
            for bar in (bar for bar in bars if bar.move == made["move"]):
                for line in (line for line in way.moves[bar.move].said("") if bar.words.search(line)):
                    if re.search(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(untagged(line))), turn.content, re.I):
                        seen += 1
                        assert bar.heard.search(told), f"{conversation.id} {made['turn']}: {line}"
    assert seen > 20
