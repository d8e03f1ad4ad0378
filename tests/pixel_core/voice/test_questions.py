import pytest

from pixel_core.voice.questions import context_question
from tests.pixel_core.voice.speech import speech


@pytest.mark.parametrize(
    ("passage", "topic", "form"),
    [
        (["My sister called me after dinner."], "your sister", "story_of_own"),
        (["My boss wants everything today."], "your boss", "state"),
        (["I went to the concert and left early."], "the concert", "story"),
        (["I had a panic attack on the bus."], "the panic attack", "story"),
        (["The breath is your anchor.", "You can return to it."], "the breath", "advice"),
        (["The mind wanders because wandering is cheap."], "the mind", "view"),
        (["I feel guilty when I rest."], "guilty", "feeling_when"),
        (["I was proud that I had stayed."], "proud", "past_feeling_why"),
        (["I am worried about the house."], "worried", "feeling_about"),
    ],
)
def test_a_question_takes_up_the_topic_in_the_passages_form(passage, topic, form):
    found = context_question(speech(*passage), "seed")
    assert found.form == form
    assert topic in found.text
    assert found.text.endswith("?")


@pytest.mark.parametrize("passage", ["I felt sad and empty.", "I feel a bit lighter now."])
def test_a_bare_feeling_is_asked_for_and_not_given_away(passage):
    found = context_question(speech(passage), "seed")
    assert found.form in ("feeling", "past_feeling")
    assert not {"sad", "empty", "lighter"} & set(found.text.rstrip("?").split())


@pytest.mark.parametrize(
    "passage",
    [
        "He died last year and I miss my dog.",  # who?
        "That was my idea.",
        "What happened to my keys?",
        "I do not feel guilty.",
        "I like it very much.",
        "I need some time.",
        "We all scroll through our phones.",
        "The doctors say that it helps.",
        "I noticed it when a friend asked how I was.",
        "I was only a child.",
        "The trouble is that it never ends.",
    ],
)
def test_no_question_fits_everything(passage):
    assert context_question(speech(passage), "seed") is None


def test_the_seed_chooses_and_repeats():
    passage = speech("My sister called me after dinner.")
    found = {seed: context_question(passage, seed).text for seed in "abcdefgh"}
    assert len(set(found.values())) > 1
    assert found == {seed: context_question(passage, seed).text for seed in "abcdefgh"}
