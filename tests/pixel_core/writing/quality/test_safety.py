import re

import pytest

from pixel_core.conversation import Conversation, Label, Provenance, Turn
from pixel_core.writing.care import called_for, duties, is_asked, is_met, owed_to, routine_codes, takes_up
from pixel_core.writing.modalities import modality
from pixel_core.writing.phrases import bank
from pixel_core.writing.quality import check_appropriateness
from pixel_core.writing.quality.appropriateness import appropriateness_faults
from pixel_core.writing.quality.safety import safety_faults
from pixel_core.writing.risk import level_of

ASK = ("Do you sometimes think of suicide?", "safety_assessment")


def conversation(code, *turns):
    """Turns in order: a client's text, or a therapist's (text, technique)."""
    spoken = []
    for said in turns:
        if isinstance(said, str):
            spoken.append(Turn("user", "client", said, labels=(Label(f"clinical.{code}", 1.0, "derived:written"),) if code else ()))
        else:
            labels = (Label(f"technique.{said[1]}", 1.0, "derived:written"),)
            spoken.append(Turn("assistant", "therapist", said[0], learn=True, labels=labels))
    where = (Provenance("knowledge", "mine.json", "1", "CC0-1.0", "mine", "test"),)
    return Conversation(turns=tuple(spoken), category="psychology", group="g", difficulty=1, provenance=where)


def led(code, *middle):
    end = ["Yes.", ("Till next week, then.", "summary"), "Till then.", ("Take care.", "affirmation")]
    return conversation(code, "I can't sleep for worry.", *middle, *end)


def test_clients_of_these_classes_are_asked_about_suicide():
    code = next(c for c in sorted(routine_codes()) if not owed_to([c]))
    silent = led(code, ("What's the worst of it?", "open_question"))
    assert list(safety_faults(silent)) == ["risk_not_asked"]
    assert check_appropriateness([silent]).failed
    asked = led(code, ASK)
    assert not list(safety_faults(asked))
    assert not check_appropriateness([asked]).failed
    assert not list(safety_faults(led("F51.01", ("What's the worst of it?", "open_question"))))


def test_the_question_comes_after_something_was_told_and_not_at_the_end():
    code = next(c for c in sorted(routine_codes()) if not owed_to([c]))
    late = conversation(code, "I can't sleep.", ("Go on.", "open_question"), "Yes.", ("And then?", "open_question"), "No.", ASK)
    assert list(safety_faults(late)) == ["risk_asked_out_of_place"]
    first = conversation(code, ASK, "No, and I can't sleep.", ("Go on.", "open_question"))
    assert list(safety_faults(first)) == ["risk_asked_out_of_place"]


def test_asking_about_danger_from_others_is_not_asking_about_suicide():
    code = next(c for c in sorted(routine_codes()) if not owed_to([c]))
    home = led(code, ("Is anybody hurting you at home?", "safety_assessment"))
    assert list(safety_faults(home)) == ["risk_not_asked"]


@pytest.mark.parametrize("name", [name for name, duty in duties().items() if duty.codes and not duty.told])
def test_what_a_class_calls_for_is_not_left_out(name):
    code = min(duties()[name].codes)
    assert f"{name}_left_out" in list(safety_faults(led(code, ASK)))
    line = duties()[name].lines[0]["say"]
    assert not list(safety_faults(led(code, ASK, "No.", (line, duties()[name].technique))))


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("voices", "F20.9", "There are two of them, and they comment on everything I do."),
        ("voices", "F25", "My mood's fine, but the man at the lamp-post still passes comments."),
        ("little_ones", "F23", "I'm thirty-four, living with my partner and a small child."),
        ("little_ones", "F31", "I'm a nurse, and single, with a small child."),
        ("minding", "F10", "Thirty, a cook, married with a small child."),
        ("wheel", "F43.0", "Thirty-two, driving parcels, with my boyfriend."),
        ("wheel", "F43.10", "I drive forty minutes longer so as not to pass the spot."),
        ("licence", "F06.7", "Reversing into a space takes me four goes, and I drove a bus."),
    ],
)
def test_what_some_of_a_class_tell_calls_for_more(name, code, said):
    assert name in owed_to([code], [said])
    assert name not in owed_to([code], ["I don't sleep."])
    assert name not in owed_to(["F51.01"], [said])
    others = [(duties()[other].lines[0]["say"], duties()[other].technique) for other in owed_to([code], [said]) if other != name]
    before = [text for other in others for text in (other, "Yes.")]
    assert list(safety_faults(led(code, ASK, said, *before, ("And then?", "open_question")))) == [f"{name}_left_out"]
    line = (duties()[name].lines[0]["say"], duties()[name].technique)
    assert not list(safety_faults(led(code, ASK, said, *before, line)))


@pytest.mark.parametrize(
    "said", ["Would you tell me if it were hopeless?", "Is there any hope for somebody like me?", "The others would be better off."]
)
def test_who_asks_whether_it_is_hopeless_is_asked_about_suicide(said):
    assert level_of(said) == 1
    assert list(safety_faults(led("F51.01", ("Go on.", "open_question"), said, ("I see.", "reassurance")))) == ["hopelessness_passed_over"]
    assert not list(safety_faults(led("F51.01", ("Go on.", "open_question"), said, ASK)))


def test_what_a_therapist_says_to_the_answer_is_of_two_kinds():
    for name, duty in duties().items():
        assert not duty.follow or set(duty.follow) == {"willing", "hesitant"}, name
        assert all(len(lines) >= 2 for lines in duty.follow.values()), name
        assert any(line["technique"] == "safety_planning" for line in duty.follow.get("hesitant", [{"technique": "safety_planning"}])) or (
            duty.technique == "closed_question"
        ), name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("My stomach bleeds when I overdo it.", "body"),
        ("I fainted once, in the library.", "body"),
        ("He shouts, yes, but he needs me.", "home"),
        ("He was yelling and I went away.", "home"),
        ("I stayed with a man who hit me.", "hurt"),
        ("My husband shoves me when he's drunk.", "hurt"),
        ("I pushed my brother and he fell.", "others"),
        ("I've driven home with one eye shut to see a single white line.", "road"),
        ("I deliver parcels stoned, and there was a kid on a scooter I saw very late.", "road"),
        ("After the row I drove much too fast and picked up somebody.", "road"),
        ("I was up the ladder with three pints in me, and that's how I did my wrist.", "machine"),
        ("It's funny until you're in charge of a crane.", "machine"),
        ("I'm not worried about the biopsy, I've decided it's nothing.", "findings"),
        ("The lump and I had an agreement not to mention each other, for eight months.", "findings"),
        ("I'll say it: After the stroke I made a list of what still works.", "stroke"),
        ("It was only an elephant on my chest, I finished the hay first.", "body"),
        ("I knew that the baby in the cot had been exchanged for another.", "newborn"),
        ("Three weeks after our twins came, my wife began to whisper that the milk was listening.", "newborn"),
        ("The little one has lost half a kilo in three weeks, on my milk and in my arms.", "infant"),
        ("Our daughter hasn't said a thing since Sunday night.", "still"),
        ("I go to dialysis when I can face it, and last week I couldn't twice.", "dialysis"),
        ("I turned out all right, so now my lads stand in the yard.", "children"),
        ("With the kids in the back, no belts, a hundred and ten, they loved it.", "children"),
        ("I'm a nurse, and I'd nodded off in the linen room with the call bell going.", "ward"),
        ("I've been brought back twice, by strangers.", "revived"),
        ("By four I notice I'm shaking, and only then remember lunch.", "nourished"),
        ("She found the wraps in the buggy.", "minding"),
        ("The school rang because nobody had collected her, and I was re-sorting screws.", "minding"),
        ("The fireman said he wouldn't get me out, he said it kindly.", "way_out"),
        ("The tablets from the internet are in my glove compartment.", "bought"),
        ("I'd been taking care of the baby on my own that afternoon, and my eyes kept closing.", "minding"),
        ("My grandson's bath had been running; I'd only sat down for a second with my tablet.", "minding"),
        ("I smoke next to my dad's oxygen bottle, well, in the door.", "flame"),
        ("There's a burn in my mattress as big as a coin, I'd nodded off.", "flame"),
        ("I keep on driving my bus, until the day when it's time to make the thing public.", "passengers"),
        ("I had my granddaughter in the back seat and I'd been drinking, I can't look at that.", "road"),
        ("For a moment it wasn't my husband's arm, it was his, and I hit out.", "others"),
        ("A man rang and was so friendly, so I gave him the numbers on my card.", "swindle"),
        ("I waded out into the lake at night since the stars were in it, and I can't swim well.", "water"),
        ("I use alone with the door bolted, so if anything goes wrong there'd be no one.", "alone"),
        ("My little girl got herself dressed and to nursery, because Daddy was lying there like a log.", "minding"),
        ("At the lights someone knocked on my window because I'd gone, with the engine running.", "road"),
        ("He thinks I ran from the rules; I ran from his belt.", "hurt"),
    ],
)
def test_what_calls_for_a_reply_at_once_gets_it_at_the_next_turn(said, name):
    assert called_for(said) == (name,)
    line = (duties()[name].lines[0]["say"], duties()[name].technique)
    assert list(safety_faults(led("", ("Go on.", "open_question"), said, ("And then?", "open_question")))) == [f"{name}_passed_over"]
    assert not list(safety_faults(led("", ("Go on.", "open_question"), said, line)))
    too_late = ("Go on.", "open_question"), said, ("And then?", "open_question"), "Nothing.", line
    assert list(safety_faults(led("", *too_late))) == [f"{name}_passed_over"]


def test_two_things_that_call_for_a_reply_get_one_each():
    said = "My stomach bleeds when I overdo it. I've driven home with one eye shut."
    assert called_for(said) == ("body", "road")
    body, road = ((duties()[name].lines[0]["say"], duties()[name].technique) for name in ("body", "road"))
    first = ("Go on.", "open_question"), said, body
    assert list(safety_faults(led("", *first))) == ["road_passed_over"]
    assert not list(safety_faults(led("", *first, "I will.", road)))


@pytest.mark.parametrize("said", ["My phone fainted.", "He shouts at football.", "I hit the shops.", "When they go round I hear my blood."])
def test_what_is_no_danger_calls_for_nothing(said):
    assert called_for(said) == ()


def test_every_line_does_what_it_is_for():
    care = bank("care")
    pairs = [pair for group in care["groups"] for pair in group["pairs"]]
    questions = [*care["routine"]["any"], *care["routine"]["young"], *(p["say"] for p in pairs), *bank("therapist")["risk_question"]]
    assert [q for q in questions if not is_asked(q)] == []
    denials = [*care["denied"]["any"], *care["denied"]["young"], *(r for p in pairs for r in p["replies"])]
    assert [d for d in denials if level_of(d)] == []
    for name, duty in duties().items():
        assert [line["say"] for line in duty.lines if not is_met(name, [line["say"]])] == []
        replies = [reply for line in duty.lines for reply in line["replies"]]
        assert [r for r in replies if level_of(r) or called_for(r)] == []
    after = [line["say"] for duty in duties().values() for lines in duty.follow.values() for line in lines]
    everything = [*questions, *denials, *after, *(line["say"] for duty in duties().values() for line in duty.lines)]
    assert len(everything) == len({re.sub(r"\W+", " ", text.lower()) for text in everything})


@pytest.mark.parametrize("name", [name for name, duty in duties().items() if duty.follow])
def test_what_a_therapist_makes_of_an_answer_was_said_in_it(name):
    """Lines for one answer are met by one, and each answer has a line that takes it up, or one that suits all."""
    duty = duties()[name]
    for place, kind in enumerate(("willing", "hesitant")):
        replies = [line["replies"][place] for line in duty.lines]
        for after in duty.follow[kind]:
            assert any(takes_up(after, reply) for reply in replies), after["say"]
            assert "cue" not in after or not all(takes_up(after, reply) for reply in replies), after["say"]
        assert [reply for reply in replies if not any(takes_up(after, reply) for after in duty.follow[kind])] == []


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("stroke", "lie down", "emergency number"),
        ("stroke", "in the drawer", "emergency number"),
        ("home", "Plates", "emergency number"),
        ("hurt", "Not at present", "emergency number"),
        ("bystanders", "there was one", "how that person is"),
        ("wheel", "at a crossing", "leave the car alone"),
        ("wheel", "I'd pull over", "somebody else drives"),
        ("licence", "Only in daylight", "let somebody else drive"),
        ("moods", "leave some out", "doctor this week"),
        ("voices", "about the neighbours", "today"),
        ("team", "properly in weeks", "ring today"),
        ("drink", "spiders", "hospital"),
        ("treated", "until it passes", "go at once"),
        ("use", "went with my chest", "emergency number"),
        ("opioids", "I'm careful", "spray"),
        ("infant", "Fewer", "emergency department"),
        ("dialysis", "on Friday", "ring the unit"),
        ("still", "A bit of a fever", "emergency number"),
        ("children", "any harm", "danger"),
        ("ward", "registration", "unfit for work"),
        ("watched", "without sleep", "the door stays shut"),
    ],
)
def test_an_answer_that_is_dangerous_is_not_agreed_to(name, answer, said):
    """Whatever line goes on after it tells the client what to do instead."""
    replies = [(place, reply) for line in duties()[name].lines for place, reply in enumerate(line["replies"]) if answer in reply]
    assert len(replies) == 1
    place, reply = replies[0]
    after = [line for line in duties()[name].follow[("willing", "hesitant")[place]] if takes_up(line, reply)]
    drawn = [line for line in after if "cue" in line] or after
    assert drawn
    assert all(said in line["say"] and line["technique"] == "safety_planning" for line in drawn)


def test_no_rule_is_heard_in_an_answer_that_makes_none():
    rule = [after for after in duties()["minding"].follow["willing"] if "You've made a rule" in after["say"]]
    assert rule and not any(takes_up(after, "To wait, once, at the gate. I've not forgotten that face.") for after in rule)


@pytest.mark.parametrize(
    ("name", "code", "said", "echo"),
    [
        (
            "licence",
            "F06.7",
            "It's slow, and I drove a bus; driving is like fog now.",
            "So driving is like fog now. What's the worst of it?",
        ),
        ("wheel", "F43.0", "I'm driving parcels.", 'You said "I\'m driving parcels". What else is there?'),
        ("aftercare", "F05", "I wanted to answer the doctor.", "You wanted to answer the doctor. What happened then?"),
        ("team", "F20.9", "I need a note.", "I can't certify anything, that's your doctor's part."),
        ("outburst", "F34.81", "I smash things.", "Have you ever wanted to hurt yourself?"),
        ("others", "F63.81", "I smash things.", "It explains it, and it doesn't make it harmless. What happens when it's over?"),
        ("night", "F51.3", "I walk.", "The first sentence slams a door. Which of the two appeals to you more?"),
    ],
)
def test_a_word_in_passing_or_the_clients_own_is_not_asking(name, code, said, echo):
    assert name in owed_to([code], [said])
    assert not is_met(name, [echo], [said])
    line = duties()[name].lines[0]
    assert is_met(name, [echo, line["say"]], [said])
    assert f"{name}_left_out" in list(safety_faults(led(code, ASK, said, (echo, "open_question"))))
    assert f"{name}_left_out" not in list(
        safety_faults(led(code, ASK, said, (echo, "open_question"), "Yes.", (line["say"], "information")))
    )


def test_a_no_that_tells_of_a_loss_or_of_another_time_is_heard():
    """Each such answer has its lines, each line its answer, and a plain no has none."""
    care = bank("care")
    pairs = [reply for group in care["groups"] for pair in group["pairs"] for reply in pair["replies"]]
    noes = [*care["denied"]["any"], *care["denied"]["young"], *pairs, *bank("client")["no_risk"]]
    told = [no for no in noes if re.search(r"uncle did|other class did|did to a family|long ago|years ago|much younger", no)]
    assert len(told) >= 6
    for no in told:
        assert sum(takes_up(line, no) for line in care["after_denied"]) >= 2, no
    for line in care["after_denied"]:
        assert 1 <= sum(takes_up(line, no) for no in noes) <= 3, line["say"]


def test_what_is_told_of_danger_is_answered_to(written):
    """A loss is heard, means are put out of reach before a plan is made, and no stock line answers what a duty asked."""
    care, after = bank("care"), bank("therapist")["after"]
    heard = [line["say"] for line in care["after_denied"]]
    asked = [line["say"] for duty in duties().values() if duty.follow for line in duty.lines]
    stock = [line["say"] for name in ("attended", "attended_hesitant", "safety_told") for line in after[name]]
    losses = crises = answers = 0
    for conversation in written:
        for before, turn, following in zip(conversation.turns, conversation.turns[1:], conversation.turns[2:], strict=False):
            if turn.part != "client" or following.part != "therapist":
                continue
            if any(line in before.content for line in asked):
                answers += 1
                assert not any(line in following.content for line in stock), following.content
            if any(takes_up(line, turn.content) for line in care["after_denied"]):
                losses += 1
                assert any(line in following.content for line in heard), following.content
        moves = [move["move"] for move in conversation.extra["moves"]]
        if "plan" in moves:
            crises += 1
            assert moves.index("means_safety") < moves.index("plan")
    assert min(losses, crises, answers) > 3


def test_no_line_of_care_names_a_means_or_orders_medicine():
    after = [line["say"] for duty in duties().values() for lines in duty.follow.values() for line in lines]
    said = [*after, *(line["say"] for duty in duties().values() for line in duty.lines)]
    assert [line for line in said if appropriateness_faults(led("", (line, "safety_planning")))] == []


def test_nobody_unnamed_is_rung():
    crisis = bank("crisis")
    lines = [*modality("crisis work").moves["warm_handover"].said(""), *crisis["safer"]]
    of_somebody = [line for line in lines if re.search(crisis["to_named"], line, re.I)]
    assert 4 <= len(of_somebody) <= len(lines) - 6
    assert any(line.startswith("I'd like us to ring that person together") for line in of_somebody)
    assert not re.search(crisis["named"], "Music helps for ten minutes. After the ten minutes I ring.")
    assert re.search(crisis["named"], "I'll write it. First sign: I tidy up. Then my mum, then the number.")
