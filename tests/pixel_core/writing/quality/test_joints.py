"""Therapist's turns join the client's turns around them: nothing is answered, taken up or asked that does not fit."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from pixel_core.conversation import Conversation, Evidence, Label, Provenance, Turn
from pixel_core.writing.care import duties
from pixel_core.writing.content import was_brought_up
from pixel_core.writing.judge import judge
from pixel_core.writing.material import Feature, Statement
from pixel_core.writing.phrases import bank, everyday, families, family_of, psychodynamic, read_family
from pixel_core.writing.quality.joints import joint_faults, joints_in
from pixel_core.writing.scene import Voice, text_of
from pixel_core.writing.standards import Standards
from pixel_core.writing.tags import untagged
from pixel_core.writing.topics import is_named, mine, topics_of

SOURCE = (Provenance("s", "u", "l", "l", "c", "e"),)


def talk(*turns):
    """A talk that the client begins; a turn with a number is the client's at this crisis level."""
    said = []
    for number, turn in enumerate(turns):
        text, level = turn if isinstance(turn, tuple) else (turn, None)
        labels = () if level is None else (Label("crisis.level", level, "derived:written"),)
        said.append(Turn("user", "client", text, labels=labels) if number % 2 == 0 else Turn("assistant", "therapist", text))
    return Conversation(tuple(said), "psychology", "g", 1, SOURCE)


FITTING = {
    "answers_what_was_not_said": ("About four years now.", "So it has outlasted a good many other things in your life."),
    "takes_up_what_was_not_said": (
        "It was about who was there for Gran.",
        "After a death the furniture often has to carry what nobody can say.",
    ),
    "question_unfit_for_the_answer": ("It's dark early.", "Does it have a season, or an hour?", "In the mornings, mostly."),
    "asked_too_early": ("So.", "Go on.", "Well.", "I see.", "Yes.", "What did you leave for later?", "The letters."),
    "word_after_a_wish_to_die": ("Some nights I want to die. I know where the bridge is, I know how that sounds.",),
    "word_unfit_for_the_question": ("So.", "I see. When was the last time?", "I've got to think back. On Sunday, I think."),
}
UNFIT = {
    "answers_what_was_not_said": ("Since Tuesday.", *FITTING["answers_what_was_not_said"][1:]),
    "takes_up_what_was_not_said": ("It's about a sideboard.", *FITTING["takes_up_what_was_not_said"][1:]),
    "question_unfit_for_the_answer": ("It's dark early.", "Does it have a season, or an hour?", "My arms get heavy."),
    "asked_too_early": ("So.", "What did you leave for later?", "The letters."),
    "word_after_a_wish_to_die": (("Some nights I want to die. I know how that sounds.", 2),),
    "word_unfit_for_the_question": ("So.", "I see. What else is there?", "I've got to think back. On Sunday, I think."),
}


def test_what_answers_a_doubt_is_held_against_the_doubt_alone():
    rolled = "It would be odd to trust somebody after ten minutes."
    assert list(joint_faults(talk("I don't talk to strangers about such things. You're a stranger. I mend clocks.", rolled))) == []
    beside = talk("I believe in nothing, not even clocks. Couldn't I just take something for it?", rolled)
    assert list(joint_faults(beside)) == ["answers_what_was_not_said"]


@pytest.mark.parametrize("fault", UNFIT)
def test_a_turn_that_does_not_join_is_found(fault):
    assert list(joint_faults(talk(*UNFIT[fault]))) == [fault]
    fitting = FITTING[fault]
    assert list(joint_faults(talk(*((text, 2) if fault.startswith("word") else text for text in fitting)))) == []


def test_what_is_written_joins(written, shipped):
    joints = Counter(joint.line for c in written for turn in c.turns for joint in joints_in(turn.content) if turn.part == "therapist")
    assert len(joints) > 150
    assert Counter(fault for c in written for fault in joint_faults(c)) == {}
    sound = next(c for c in written if [turn.part for turn in c.turns[:2]] == ["client", "therapist"])
    early = replace(sound.turns[1], content=f"{sound.turns[1].content} What did you leave for later?")
    assert "asked_too_early" in judge(replace(sound, turns=(sound.turns[0], early, *sound.turns[2:])), Standards.of(shipped))


def test_what_lines_take_up_and_lead_to_can_be_said(shipped):
    voiced = {p.id: [s.text for f in p.features for s in f.voiced] for p in shipped.speaking("pdm2")}
    for picture in shipped.speaking("clinical"):
        for feature in picture.voiced("symptom", "impact", "course"):
            voiced.setdefault(family_of(picture, feature).name, []).extend(s.text for s in feature.voiced)
    for family in (*psychodynamic().values(), *everyday().values(), *families().values()):
        said = voiced.get(family.name) or list(family.voiced)  # none of families whose disorders the recipe leaves out
        for line, cue in (*family.takes.items(), *family.leads.items()):
            assert not said or any(cue.search(s) for s in said) or cue.search(" ".join(said)), f"{family.name}: {line}"


def test_a_pointed_question_for_more_can_be_asked_and_need_not(shipped):
    said = [s.text for p in shipped.speaking("clinical") for f in p.features for s in f.voiced]
    more = bank("therapist")["again"]
    for line in more:
        if not isinstance(line, str) and "leads" in line:
            found = sum(1 for s in said if re.search(line["leads"], s, re.I))
            assert 0 < found < len(said) * 0.8, line["say"]
    assert sum(isinstance(line, str) for line in more) > 40


def test_a_question_for_yes_or_no_is_labelled_as_one_wherever_it_is_asked(written):
    therapist, closed = bank("therapist"), re.compile(r"(?:do|does|did|is|are|has|have|was|were)\b", re.I)
    lines = [untagged(text_of(line)) for name in ("again", "tried_question", "strength_question") for line in therapist[name]]
    asked = [(line, turn) for c in written for turn in c.turns for line in lines if closed.match(line) and turn.content.endswith(line)]
    assert len(asked) > 5
    for line, turn in asked:
        assert "closed_question" in turn.shown("technique") and "open_question" not in turn.shown("technique"), line


def test_who_has_nothing_left_to_arrange_is_not_sent_off_to_arrange_it(written):
    lines = bank("therapist")["close_urgent"]
    calm = [
        said["say"]
        for duty in duties().values()
        for answers in duty.follow.values()
        for said in answers
        if said["technique"] in ("validation", "affirmation", "simple_reflection")
    ]
    seen = 0
    for turn in (turn for c in written for turn in c.turns[-2:] if any(line["say"] in turn.content for line in lines)):
        settled = any(said in turn.content for said in calm)
        seen += settled
        assert not settled or not any(line["say"] in turn.content for line in lines if line.get("needs"))
    assert seen > 2


def test_an_image_is_taken_up_only_where_somebody_used_it():
    could = ["The farm went, with all the cows.", "I miss the cows."]
    assert not was_brought_up("And the cows?", could, set())
    assert was_brought_up("And the cows?", could, {could[1]})
    assert was_brought_up("And what was that like?", could, set())


def test_a_topic_is_named_once_it_was_touched_on():
    raw = {"echo": "plain", "topics": ["the drums", {"takes": "parcels", "say": "the favour they did"}], "exchanges": []}
    family = read_family("mine", raw)
    assert family.takes_up("the favour they did", "They took in my parcels.")
    assert not family.takes_up("the favour they did", "They have a drum kit.")
    assert topics_of(family, [Voice(Feature("f", "", None, ()), Statement("They have a drum kit.", Evidence("")), None, family)]) == [
        "the drums"
    ]


def test_a_client_does_not_repeat_the_therapists_title_for_it(written):
    families_ = (*families().values(), *psychodynamic().values(), *everyday().values())
    titles = [t for f in families_ for t in f.topics if len(t.split()) > 3 and is_named(t)]
    seen = 0
    for conversation in written:
        for before, turn in pairwise(conversation.turns):
            for title in titles if before.part == "therapist" else ():
                if title.lower() in before.content.lower():
                    seen += 1
                    assert mine(title).lower() not in turn.content.lower(), turn.content
    assert seen > 100


def test_a_question_that_begins_with_who_or_since_when_is_answered_in_kind():
    family = families()["use"]
    when = family.leads["When did you first notice that it had more say than you?"]
    assert when.search("It began with the late shifts.") and not when.search("I have to leave longer gaps.")
    who = [leads for f in families().values() for line, leads in f.leads.items() if line.startswith("Who ")]
    assert len(who) > 5
    assert sum(1 for leads in who if leads.search("My sister drove.") or leads.search("They told me.")) > len(who) * 0.7


def test_words_that_are_only_said_back_are_answered_before_anything_but_a_question_for_more(written):
    frames = [frame for frame in bank("therapist")["echo_quote"] if frame.endswith(("{quote}.", "{quote}:", "you say."))]
    starts = tuple(frame.split("{")[0] for frame in frames if not frame.startswith("{"))
    moved = [turn for c in written for turn in c.turns if turn.part == "therapist" and turn.content.startswith(starts)]
    asked = [turn for turn in moved if turn.shown("technique") & {"safety_assessment"}]
    assert len(moved) > 40 and len(asked) > 2
    bare = [t.content for t in asked if len(t.shown("technique")) <= 2 and "simple_reflection" in t.shown("technique")]
    assert not bare
