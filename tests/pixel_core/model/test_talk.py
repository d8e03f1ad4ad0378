import pytest
import torch

from pixel_core.model import talk as module
from pixel_core.model.heads import HEADS, find_head
from pixel_core.model.persona import SYSTEM, TRANSITION, PersonaTracker
from pixel_core.model.talk import Talk
from pixel_core.model.window import TooLongError


@pytest.fixture
def prompts(model, monkeypatch):
    """What the model is asked, and a persona head that hears therapy with the probability that is set."""
    model.supervised = {spec.name: [5] * len(spec.outputs) for spec in HEADS}
    asked = []
    reply = model.reply
    monkeypatch.setattr(model, "reply", lambda turns, **given: asked.append(turns) or reply(turns, **given))
    return asked


def hears(model, therapy, crisis=0.0):
    with torch.no_grad():
        model.heads.by_name["persona"].start_at(torch.tensor([1 - therapy, therapy]).log())
        exceeded = torch.full((find_head("crisis").width,), crisis / 4).clamp(1e-3, 1 - 1e-3)  # the same at every level
        model.heads.by_name["crisis"].start_at(torch.logit(exceeded) - torch.arange(len(exceeded)) * 1e-3)


def test_a_talk_turns_to_therapy_and_back(model, prompts):
    talk = Talk(model)
    hears(model, 0.1)
    assert talk.say("Which key suits a cello?", max_new_tokens=3).step.part == "assistant"
    hears(model, 0.9)
    said = talk.say("I can't stop thinking of him.", max_new_tokens=3)
    assert (said.step.part, said.step.changed, said.step.reason) == ("therapist", True, "heard")
    assert prompts[-1][0].content == f"{SYSTEM['therapist']} {TRANSITION['therapist']}"
    assert talk.say("Every night.", max_new_tokens=3).step.changed is False
    assert prompts[-1][0].content == SYSTEM["therapist"], "the transition is for one reply"
    assert [turn.part for turn in talk.turns] == ["other", "assistant", "client", "therapist", "client", "therapist"]
    hears(model, 0.1)
    assert talk.say("Anyway: what is a preposition?", max_new_tokens=3).step.part == "assistant"
    assert said.scores.keys() == {spec.name for spec in HEADS}
    assert said.eq.value == pytest.approx(sum(said.scores["eq"].values()) / 5)


def test_danger_is_answered_as_a_therapist(model, prompts):
    hears(model, 0.1, crisis=3.6)
    assert Talk(model).say("when does the last bus go", max_new_tokens=3).step.reason == "risk"


def test_the_client_is_played_by_setting_and_from_a_sheet(model, prompts):
    with pytest.raises(ValueError, match="needs system=, the sheet of who is played"):
        Talk(model, PersonaTracker("client"))
    talk = Talk(model, PersonaTracker("client"), system="Tom, 40, cannot sleep.")
    assert talk.say("What brings you here?", max_new_tokens=3).step.part == "client"
    assert [turn.part for turn in talk.turns] == ["therapist", "client"]
    assert prompts[-1][0].content == "Tom, 40, cannot sleep."


def test_what_stands_for_the_coming_turn_is_read_by_no_head_that_is_asked(model, prompts, monkeypatch):
    first = Talk(model).say("Hello there.", max_new_tokens=3)
    monkeypatch.setattr(module, "_OPEN", "something quite different, and longer")
    assert Talk(model).say("Hello there.", max_new_tokens=3) == first


def test_a_long_talk_goes_on_with_what_fits_and_danger_is_never_cut_away(model, prompts):
    window = model.language_model.config.max_position_embeddings
    talk = Talk(model)
    for number in range(8):
        hears(model, 0.1)
        talk.say(f"{number} " + "I feel sad today. " * 8, max_new_tokens=4)
    assert len(talk.turns) == 16, "nothing is forgotten by the talk itself"
    read = prompts[-1]
    assert read[0].role == "system" and read[-1].content.startswith("7 ")
    assert len(read) < 16 and not any(turn.content.startswith("0 ") for turn in read)
    with pytest.raises(TooLongError):
        talk.say("sad " * window, max_new_tokens=4)
    assert len(talk.turns) == 16, "what could not be answered is not part of the talk"


def test_a_message_as_long_as_can_be_is_heard_whole(model, prompts):
    hears(model, 0.1, crisis=3.6)
    talk = Talk(model)
    talk.say("Hello. " * 30, max_new_tokens=4)
    assert talk.say("I want to die. " * 12, max_new_tokens=400).step.reason == "risk"
