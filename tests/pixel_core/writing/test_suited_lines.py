"""Lines that speak of one symptom, or of what was just said, are drawn only where that holds."""

import random
import re

import pytest

from pixel_core.writing.deck import Deck
from pixel_core.writing.fitting import doubt_in
from pixel_core.writing.modalities import CRISIS, MODALITIES, modality
from pixel_core.writing.moves import POINTS
from pixel_core.writing.phrases import REFLECTIONS, bank, everyday, families, family_of, names_of, read_family
from pixel_core.writing.reply_kinds import kind_of_reply
from pixel_core.writing.responses import answer
from pixel_core.writing.scene import Scene, Utterance
from pixel_core.writing.tags import untagged
from pixel_core.writing.therapy import LEANS
from pixel_core.writing.topics import is_named, topics_of

FAMILY = {"echo": "none", "symptoms": ["early_waking"], "topics": ["the nights"], "exchanges": []}


def told(conversation):
    """By turn, the names of what the client voices in it."""
    found = {}
    for v in conversation.extra.get("voiced", ()):
        names = {f"{v['class']}:{v['symptom'] or v['feature']}", f"{v['class']}:{v['feature']}", v["symptom"]}
        found.setdefault(v["turn"], set()).update(names)
    return found


def keyed(*kinds):
    """Every line that is for some symptoms only, with the symptoms of all families that hold it."""
    found = {}
    for family in families().values():
        for kind in kinds:
            for line in family.lines.get(kind, ()):
                if line in family.only:
                    found[line] = found.get(line, frozenset()) | family.only[line]
    return found


def test_a_reflection_is_of_a_symptom_that_was_just_voiced(written):
    lines, seen = keyed(*REFLECTIONS), 0
    for conversation in written:
        voiced = told(conversation)
        for number, turn in enumerate(conversation.turns):
            if turn.part == "therapist" and number:
                for line in (line for line in lines if line in turn.content):
                    seen += 1
                    assert lines[line] & voiced.get(number - 1, set()), f"{conversation.id} {number}: {line}"
    assert seen > 100


def test_a_question_leads_to_a_symptom_that_answers_it(written):
    lines, seen = keyed("open_question", "closed_question"), 0
    for conversation in written:
        voiced = told(conversation)
        for number, turn in enumerate(conversation.turns[:-1]):
            if turn.part == "therapist":
                for line in (line for line in lines if line in turn.content):
                    seen += 1
                    assert lines[line] & voiced.get(number + 1, set()), f"{conversation.id} {number}: {line}"
    assert seen > 50


@pytest.mark.parametrize("group", ["roll", "after"])
def test_a_line_with_a_cue_follows_what_it_takes_up(written, group):
    therapist = bank("therapist")
    lines = therapist["roll"] if group == "roll" else [line for lines in therapist["after"].values() for line in lines]
    conditional = [line for line in lines if line.get("cue") or line.get("later")]
    seen = 0
    for conversation in written:
        for number, turn in enumerate(conversation.turns):
            if turn.part != "therapist" or not number:
                continue
            for line in (line for line in conditional if line["say"] in turn.content):
                seen += 1
                assert not line.get("cue") or re.search(line["cue"], conversation.turns[number - 1].content, re.I), line["say"]
                assert not line.get("later") or any(t.part == "therapist" for t in conversation.turns[:number]), line["say"]
    assert seen >= 10


def test_every_cue_can_be_met_by_something_that_clients_say():
    client = bank("client")
    said = [*client["reluctant"], *client["resistant"]]
    for line in bank("therapist")["roll"]:
        assert not line.get("cue") or any(re.search(line["cue"], s, re.I) for s in said), line["say"]


def test_each_symptom_has_a_topic_to_name_and_a_reflection(shipped):
    for picture in shipped.speaking("clinical"):
        for feature in picture.voiced("symptom", "impact"):
            family, names = family_of(picture, feature), names_of(picture, feature)
            assert any(is_named(t) and family.suits(t, names) for t in family.topics), names
            assert any(family.suits(line, names) for kind in REFLECTIONS for line in family.lines.get(kind, ())), names


def test_a_symptom_that_nobody_can_have_is_an_error():
    good = read_family("mine", FAMILY | {"topics": ["the nights", {"for": ["early_waking"], "say": "four in the morning"}]})
    assert good.only == {"four in the morning": frozenset({"early_waking"})}
    assert good.topics == ("the nights", "four in the morning")
    with pytest.raises(ValueError, match="early_wakening is no symptom"):
        read_family("mine", FAMILY | {"validation": [{"for": ["early_wakening"], "say": "That is early."}]})


def test_topics_are_those_that_were_touched_on():
    family = families()["storms"]
    assert topics_of(family, []) == families()["general"].topics
    assert not set(topics_of(family, [])) & set(family.topics)


def test_who_hesitates_is_not_answered_like_who_goes_along():
    after, because = bank("therapist")["after"], bank("therapist")["because"]
    for move in {name for way in MODALITIES for name in modality(way).moves}:
        willing, hesitant = (kind_of_reply(move, hesitant=doubts) for doubts in (False, True))
        assert move == "agenda" or willing != hesitant
        for kind in (willing, hesitant):
            assert after[kind]
            assert kind.removesuffix("_step") in because


@pytest.mark.parametrize("seed", range(40))
def test_reluctance_is_met_with_what_was_said(seed):
    rng = random.Random(seed)
    scene, client = Scene(Deck(), rng), bank("client")
    said = rng.choice(client["reluctant"])
    scene.turns.append(Utterance("client", said, "exploration"))
    (piece,), _ = answer(scene, ("resist", ()), ())
    line = next(line for line in bank("therapist")["roll"] if line["say"] == piece.text)
    assert not line.get("later")
    assert not line.get("cue") or re.search(line["cue"], said, re.I)


def test_a_doubt_is_answered_and_not_what_was_told_beside_it():
    said = "I don't believe a stranger can fix a theory. I'd really rather it just stopped."
    doubt = doubt_in(said)
    assert doubt == "I'd really rather it just stopped."
    for seed in range(20):
        scene = Scene(Deck(), random.Random(seed))
        scene.turns += [Utterance("therapist", "Go on.", "exploration"), Utterance("client", said, "exploration")]
        (piece,), _ = answer(scene, ("resist", ()), ())
        line = next(line for line in bank("therapist")["roll"] if line["say"] == piece.text)
        assert not line.get("cue") or re.search(line["cue"], doubt, re.I)
    assert doubt_in("No doubt at all.") == "No doubt at all."


def test_each_doubt_has_lines_of_its_own():
    roll, client = bank("therapist")["roll"], bank("client")
    for doubt in (*client["reluctant"], *client["resistant"]):
        own = [line for line in roll if "cue" in line and not line.get("later") and re.search(line["cue"], doubt, re.I)]
        assert len(own) >= 3, doubt


def test_an_answer_borrowed_from_the_hesitant_is_heard_as_theirs(written):
    """Where a question has no answer of the kind that was meant, the other stands for it, and what follows is said to that one."""
    after, seen = bank("therapist")["after"], 0
    for conversation in written:
        turns, moves = conversation.turns, {move["turn"]: move["move"] for move in conversation.extra.get("moves", ())}
        for number, name in moves.items():
            move = modality(conversation.extra["modality"]).moves.get(name) if "modality" in conversation.extra else None
            if move is None or name not in ("homework", "experiment", "commit", "key_question") or number + 2 >= len(turns):
                continue
            said, answered = turns[number + 1].content, turns[number + 2].content
            hesitated = [reply for reply in map(untagged, move.hesitant) if "{" not in reply and reply in said]
            if hesitated and len(max(hesitated, key=len)) > 20:
                seen += 1
                assert not any(line["say"] in answered for line in after["willing_step"]), f"{conversation.id} {number}: {said}"
            if any(untagged(reply) in said for reply in move.willing if "{" not in reply):
                assert not any(line["say"] in answered for line in after["willing"]), f"{conversation.id} {number}: {answered}"
    assert seen > 5


def test_an_exchange_is_about_what_was_told_before_it(written):
    moves, seen = (
        [(family, e.say) for family in families().values() for e in family.exchanges if e.say in family.only or e.say in family.takes],
        0,
    )
    for conversation in written:
        voiced = told(conversation)
        for number, turn in enumerate(conversation.turns):
            for family, say in moves:
                if turn.part == "therapist" and turn.content.endswith(say):
                    names = set().union(*(found for at, found in voiced.items() if at < number))
                    said = " ".join(t.content for t in conversation.turns[:number] if t.part == "client")
                    seen += 1
                    assert family.suits(say, names), f"{conversation.id} {number}: {say}"
                    assert family.takes_up(say, said), f"{conversation.id} {number}: {say}"
    assert seen > 3


def test_an_exchange_of_unknown_symptoms_is_refused():
    exchange = {"for": ["no_such_symptom"], "technique": "suggestion", "say": "Would you try that?", "replies": ["Yes.", "No."]}
    with pytest.raises(ValueError, match="no_such_symptom"):
        read_family("nights", FAMILY | {"exchanges": [exchange]})


def test_an_everyday_concern_is_what_the_modality_works_on(written):
    told_of = [voiced for family in everyday().values() for voiced in family.voiced]
    answered = [reply for family in everyday().values() for exchange in family.exchanges for reply in exchange.replies]
    own = {name for way in MODALITIES for name in modality(way).moves}
    backs, seen, asides = bank("therapist")["back_to_concern"], 0, 0
    for conversation in written:
        first = next((turn.content for turn in conversation.turns if turn.part == "client"), "")
        moves = [move["turn"] for move in conversation.extra.get("moves", ()) if move["move"] in own]
        if not moves or not any(voiced in first for voiced in told_of):
            continue
        seen += 1
        before = conversation.turns[min(moves) - 1].content.lower()
        assert any(words[1:].lower() in before for words in (*told_of, *answered)), f"{conversation.id}: {before}"
        asides += any(back in turn.content for back in backs for turn in conversation.turns[: min(moves)])
    assert seen > 10
    assert asides == seen, "after what somebody is like, `it` would be that"


def test_hope_is_heard_where_somebody_hopes():
    hopeful = modality("person-centred").moves["feeling"].said("humour")
    line = next(line for line in hopeful if line.startswith("h|"))

    def fits(said):
        return modality("person-centred").suits("feeling", line, set(), set(), "worry", said=said)

    assert fits("I'd like to see the sea once.") and fits("It got better in May.")
    assert not fits("They're nice, they took in my parcels once.") and not fits("I've no friends to ring at night, and I don't want any.")


def test_no_line_points_at_a_feeling_after_the_answer_to_the_question_about_dying(written):
    after = 0
    for conversation in written:
        for move in conversation.extra.get("moves", ()):
            way, turn = conversation.extra.get("modality", ""), move["turn"]
            asked = turn > 2 and "safety_assessment" in conversation.turns[turn - 2].shown("technique")
            if not asked or way not in MODALITIES or way == CRISIS or move["move"] not in modality(way).moves:
                continue
            after += 1
            said = conversation.turns[turn].content
            lines = [line for say in modality(way).moves[move["move"]].say.values() for line in map(untagged, say) if line in said]
            assert not [line for line in lines if POINTS.search(line)], said
    assert after > 10


def test_whoever_is_spoken_of_was_named_just_before(written):
    links = [link for kind in ("same", "other") for link in bank("client")["link"][kind] if link.endswith(".")]
    said = [turn.content for c in written for turn in c.turns if turn.part == "client"]
    assert not [text for text in said if any(f" {link} I like them." in text for link in links)]
    assert not LEANS.match("My mother rings her twice a day.") and LEANS.match("I like them.") and LEANS.match("She says so.")
    assert any(f" {link} " in text for text in said for link in links)
