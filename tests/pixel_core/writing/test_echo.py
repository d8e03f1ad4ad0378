import re

import pytest

from pixel_core.writing.echo import LONGEST, clause_of, continued, quote_of, second_person, sentence_case


@pytest.mark.parametrize(
    ("said", "turned"),
    [
        ("I'm tired and I was late", "you're tired and you were late"),
        ("my brother gave me his keys, they were mine", "your brother gave you his keys, they were yours"),
        ("My hands weren't mine", "Your hands weren't yours"),
        ("We sold our house", "You sold your house"),
        ("the silence flattens me and I'd go", "the silence flattens you and you'd go"),
        ("I've hurt myself", "you've hurt yourself"),
        ("I really was there", "you really were there"),
        ("mine and I'll go", "yours and you'll go"),
    ],
)
def test_the_speaker_becomes_the_listener(said, turned):
    assert second_person(said) == turned


@pytest.mark.parametrize(
    "said",
    [
        "You looked so serious just now.",
        "What would I even hope for?",
        "And then came the crash.",
        "I tell them 'leave me be', every day.",
        "Too short.",
        "It was the most awful week, everything fell to pieces!",
    ],
)
def test_what_cannot_be_said_back_is_not(said):
    assert clause_of(said) is None


def test_a_long_sentence_is_said_back_by_its_beginning():
    said = "I leave a full trolley in the aisle and walk out, I've done it so often the cashiers know me by my name and my shoes."
    assert clause_of(said) == "you leave a full trolley in the aisle and walk out"


@pytest.mark.parametrize(
    "said",
    [
        "Chain-smoking through the evening isn't something I do next to my life, it's the life I've got at present.",
        "A friend asked what I'd like for my birthday, and I named three things that other people like.",
        "I sit bolt upright and know at once where I am: my room, my lamp, twenty to five, heart going like mad.",
        "I recite the tables, I bite my lip, I count the tiles, and it happens regardless of all that I ever try.",
    ],
)
def test_nothing_is_said_back_without_its_point(said):
    assert clause_of(said) is None


def test_a_point_that_is_short_enough_is_said_back_with_it():
    assert clause_of("My brothers never ring now, and I toast to that too.") == "Your brothers never ring now, and you toast to that too"


@pytest.mark.parametrize(
    "said",
    [
        "Sleep felt like something for people with nothing to do.",
        "We looked at each other across the table as if somebody should say something.",
        "I told her I loved camping. It's been eleven summers of camping.",
    ],
)
def test_nothing_is_parroted(said):
    """What speaks of the client nowhere, takes as long as they took, or brings a second sentence along is not said back."""
    assert clause_of(said) is None


@pytest.mark.parametrize(
    "said",
    [
        "Between my first wife and my second there were nine days.",
        "My boss comes, behind the boiler with the others, and then I go.",
        "She has it within a single minute.",
    ],
)
def test_words_cut_out_of_a_longer_phrase_are_no_quotation(said):
    assert not (quote_of(said) or "").startswith(('"between', '"behind', '"within'))


def test_a_quotation_may_begin_with_a_time_if_somebody_does_something_in_it():
    assert quote_of("Before lunch I adored my girlfriend, after lunch it was over.") == '"before lunch I adored my girlfriend"'


def test_a_quotation_is_what_was_said(shipped):
    for picture in shipped.pictures:
        for feature in picture.features:
            for voiced in feature.voiced:
                quote = quote_of(voiced.text)
                if quote:
                    assert quote[1:-1].lower() in voiced.text.lower()
                    assert 3 <= len(quote.split()) <= 9


def test_every_clause_said_back_has_lost_its_first_person(shipped):
    said = [v.text for p in shipped.pictures for f in p.features for v in f.voiced]
    clauses = [clause for text in said if (clause := clause_of(text))]
    assert len(clauses) > 0.2 * len(said)
    assert not [c for c in clauses if {"i", "me", "my", "mine", "i'm", "i've"} & set(c.lower().replace(",", " ").split())]
    assert max(len(c.split()) for c in clauses) <= LONGEST
    assert all(re.search(r"\byou", c, re.I) for c in clauses)


def test_cases_at_the_seams():
    assert sentence_case('"so it goes"') == '"So it goes"'
    assert continued("My wife left") == "my wife left"
    assert continued("I left") == "I left"
    assert continued("Monday comes") == "Monday comes"
