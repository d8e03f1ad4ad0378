import pytest

from pixel_core.writing.phrases import psychodynamic
from pixel_core.writing.scene import Voice
from pixel_core.writing.topics import is_burden, is_named, mine, topics_of


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("what the mirror tells you", "what the mirror tells me"),
        ("how you calm yourself", "how I calm myself"),
        ("the tension in your body", "the tension in my body"),
        ("a head that runs ahead of you", "a head that runs ahead of me"),
        ("the silence between you two", "the silence between the two of us"),
        ("the places you were sent to as a child", "the places I was sent to as a child"),
        ("what others expect you to feel", "what others expect me to feel"),
        ("lying awake", "lying awake"),
    ],
)
def test_a_topic_in_the_clients_mouth(topic, said):
    assert mine(topic) == said


@pytest.mark.parametrize("topic", ["the pull of it", "a mood that won't lift", "the tension in your body"])
def test_what_weighs_can_be_struggled_with(topic):
    assert is_burden(topic)
    assert is_named(topic)


@pytest.mark.parametrize(
    "topic", ["the nights", "lying awake", "what's broken afterwards", "the life you had going before", "how near is too near"]
)
def test_what_is_many_or_dear_or_a_clause_cannot(topic):
    assert not is_burden(topic)


def test_a_topic_takes_up_no_image_that_nobody_has_used(shipped):
    picture = next(p for p in shipped.pictures if p.id == "adaptation_resilience")
    voices = {s.text: Voice(f, s, picture, psychodynamic()[picture.id]) for f in picture.features for s in f.voiced}
    trains = next(text for text in voices if "knocks me flat" in text)
    family = psychodynamic()[picture.id]
    assert "changes that knock you flat" in topics_of(family, [voices[trains]])
    assert "changes that knock you flat" not in topics_of(family, [voice for text, voice in voices.items() if text != trains])
