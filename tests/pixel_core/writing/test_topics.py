import pytest

from pixel_core.writing.topics import is_burden, is_named, mine


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
