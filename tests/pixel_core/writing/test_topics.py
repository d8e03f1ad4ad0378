import re
from pathlib import Path

import pytest

from pixel_core import writing
from pixel_core.writing.phrases import bank, psychodynamic
from pixel_core.writing.scene import Voice
from pixel_core.writing.topics import is_burden, is_named, mine, topics_of

PHRASES = Path(writing.__file__).parent / "phrases"


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
    "topic",
    [
        "misunderstandings with people",
        "the risks you take",
        "those accidents",
        "experiences that others don't share",
        "the nights",
        "lying awake",
        "what's broken afterwards",
        "the life you had going before",
        "how near is too near",
    ],
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


def test_no_line_has_a_verb_in_the_singular_with_a_topic_that_may_be_many():
    def lines(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for entry in value.values() if isinstance(value, dict) else value:
                yield from lines(entry)

    after = re.compile(
        r"(?<!with )(?<!about )\{(?:topic|mine|topics)\} (?:is|isn't|has|was|does|gets|comes|goes|belongs|weighs|wants|needs|tells)\b"
    )
    before = re.compile(r"\b(?:[Ii]s|[Hh]as|[Dd]oes|[Ww]as) \{(?:topic|mine)\}")
    names = ("therapist", "client", "crisis", *(f"modalities/{path.stem}" for path in sorted(PHRASES.joinpath("modalities").iterdir())))
    held = [line for name in names for line in lines(bank(name)) if after.search(line) or before.search(line)]
    assert held == []
    # one thing that weighs may be stayed with, turned or known; a doing ("looking for a word") and a clause are only spoken of
    handled = re.compile(
        r"\b(?:because with|off: with|whether, with|came with|are with|came to know|[Rr]emember|keep|turn|stay(?:ed)? with|without|into|"
        r"along to|in the middle of|small with|thing that has to do with|look down at|movement with) \{topic\}"
    )
    assert [line for name in names for line in lines(bank(name)) if handled.search(line)] == []
    contrasts = bank("therapist")["contrast"]  # whose burden is another class's sign, in whatever number
    assert [line for line in contrasts if re.search(r"(?:[Ii]s|[Hh]as|[Dd]oes) \{burden\}|\{burden\} (?:is|has|comes)", line)] == []
