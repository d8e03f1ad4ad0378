"""What a modality works on was told: no urge, step, struggle or habit that is the therapist's alone, and no thought of another trouble."""

import re

import pytest

from pixel_core.knowledge.material import load_material
from pixel_core.writing import write_conversations
from pixel_core.writing.care import duties, is_met
from pixel_core.writing.modalities import modality, suitability
from pixel_core.writing.moves import SKILLS
from pixel_core.writing.phrases import bank, family_of, thoughts_of
from pixel_core.writing.sheets import Temper
from pixel_core.writing.tags import untagged
from tests.pixel_core.writing.materials import picture

CALM = Temper("secure", "humour", {}, 0)
LASTING = ("F82", "F80.81", "F84.0", "F95.2", "F52.0", "F52.31", "F01")  # absent, or there from the beginning


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


@pytest.fixture(scope="session")
def pointed(sources):
    """Therapies about two classes with techniques of their own, and two without."""
    talks = write_conversations(load_material(*sources, ["F51.5", "F95.2", "F51.01", "F42.2"]), count=60, seed=3)
    return [talk for talk in talks if "sheet" in talk.extra]


def lines(way, move, pattern):
    """The lines of a move that hold a pattern, without their tags."""
    return [line for say in modality(way).moves[move].say.values() for line in say if re.search(pattern, line)]


def said(conversation, part):
    return " ".join(turn.content for turn in conversation.turns if turn.part == part)


def test_getting_through_the_worst_is_for_what_rises(sessions):
    worst = [told for _, told, moves in sessions if "distress_tolerance" in moves]
    assert len(worst) > 3
    assert [told for told in worst if not told & only("DBT", "distress_tolerance")] == []


@pytest.mark.parametrize(("move", "few"), [("distress_tolerance", 1), ("links", 1), ("commit", 1)])
def test_urges_are_those_that_were_told(move, few):
    """Said to who told of drinking, never to who cannot sleep."""
    urges = lines("DBT", move, r"\burge\b")
    assert len(urges) >= few
    assert all(modality("DBT").suits(move, line, {"drink"}, {"F10"}, "drink") for line in urges)
    assert not any(modality("DBT").suits(move, line, {"sleep"}, {"F51.01"}, "sleep") for line in urges)


@pytest.mark.parametrize(
    ("way", "move", "pattern", "before"),
    [
        ("ACT", "compass", "small footprint", "committed_action"),
        ("DBT", "weave", "picked something to set against|one skill and no more", "opposite_action"),
    ],
)
def test_a_session_ends_on_a_step_or_a_skill_only_when_there_was_one(way, move, pattern, before):
    ends = lines(way, move, pattern)
    assert ends
    for end in ends:
        assert not modality(way).suits(move, end, {"drink"}, {"F10"}, "drink")
        assert modality(way).suits(move, end, {"drink"}, {"F10"}, "drink", made={before})


def test_what_is_promised_is_a_skill_that_was_practised(sessions):
    promised = [moves for _, _, moves in sessions if "commit" in moves]
    assert len(promised) > 3
    assert [moves for moves in promised if not set(SKILLS) & set(moves[: moves.index("commit")])] == []


@pytest.mark.parametrize("code", LASTING)
def test_nobody_struggles_with_what_is_absent_or_has_been_there_from_the_beginning(code):
    struggle = r"done so far to get rid of|never quite goes|at arm's length"
    told = [(move, line) for move in modality("ACT").moves for line in lines("ACT", move, struggle)]
    assert len(told) >= 3
    assert [line for move, line in told if modality("ACT").suits(move, line, set(), {code}, "")] == []
    assert [line for move, line in told if not modality("ACT").suits(move, line, {"worry"}, {"F41.1"}, "worry")] == []


def test_answers_of_a_habit_are_given_by_those_who_have_one(sessions):
    pools = bank("modalities/pools").values()
    answers = [line for pool in pools if isinstance(pool, list) for line in pool if isinstance(line, dict) and "for" in line]
    given = [(told, set(line["for"])) for talk, told, _ in sessions for line in answers if untagged(line["say"]) in said(talk, "client")]
    assert len(given) > 3
    assert [told for told, habits in given if not told & habits] == []


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
    ("code", "never", "group"),
    [
        ("F60.0", "DBT", "Personality Disorders"),
        ("F60.1", "DBT", "Personality Disorders"),
        ("F21", "DBT", "Personality Disorders"),
        ("F52.31", "ACT", "Sexual Dysfunctions"),
        ("F51.5", "person-centred", "Sleep-Wake Disorders"),
        ("F95.2", "person-centred", "Neurodevelopmental Disorders"),
    ],
)
def test_a_way_of_working_suits_the_class(code, never, group):
    """Others of its chapter, or of all, may be worked with so."""
    own, others = (set(suitability("disorder", [picture(each, group=group)], CALM)) for each in (code, "F00"))
    assert own
    assert never not in own
    assert never in others or never in suitability("disorder", [picture("F00", group="")], CALM)


@pytest.mark.parametrize("code", ["F51.5", "F95.2"])
def test_classes_with_a_technique_of_their_own_get_it(pointed, code):
    way = modality("CBT")
    wanted = {move.name for move in way.moves.values() if code in move.codes}
    assert all(wanted & set(arc) for each in way.own_arcs[code].values() for arc in each)
    made = [set(talk.extra["sheet"]["classes"]) for talk in pointed if wanted & {move["move"] for move in talk.extra["moves"]}]
    assert len(made) > 2
    assert [classes for classes in made if code not in classes] == []


def test_each_class_with_moves_of_its_own_has_arcs_with_them():
    way = modality("CBT")
    assert set(way.own_arcs) == {code for move in way.moves.values() for code in move.codes}


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
