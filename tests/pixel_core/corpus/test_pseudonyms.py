import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.corpus.names import find_names
from pixel_core.corpus.names.lists import load_names
from pixel_core.corpus.pseudonyms import POOLS, PSEUDONYMS, replace_names

# Common names of several countries, short forms, and some that are words too.
_NAMES = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Karen"
    " Lisa Nancy Daniel Matthew Betty Anthony Sandra Ashley Donald Steven Kimberly Paul Emily Andrew Donna Joshua Michelle Kenneth Carol"
    " Kevin Amanda Brian Melissa Stephanie Rebecca Laura Mike Jim Kate Liz Becky Tom Ben Priya Rajesh Fatima Ahmed Mohammed Wei Juan Maria"
    " Jose Carmen Giulia Luca Marek Agnieszka Sven Astrid Jean Camille Chinedu Thandiwe Yusuf Leila Mark Grace Hope Frank Rose Will Ruby"
)
NAMES = _NAMES.split()
PLACES = (
    "Then my friend {} said that it would pass.",
    "I told {} about it last night and felt ashamed.",
    "Yesterday {}'s car broke down in front of our house.",
    "My husband {} thinks that I should rest.",
    "Hi {}, thank you for taking the time.",
    "It was {} who found me on the floor.",
    "my sister {} keeps calling me at work",
    "When I met {} we were both nineteen.",
)
PLAIN = (
    "I hope that you will be frank with me. May I ask how you feel about work? Will it ever get better? Mark my words.",
    "Grace under pressure is what I lack. Hope is hard. Rose bushes calm me. Faith helps, but Sunday in April was rough.",
    "Christmas in London was cold, and the German Shepherd next door barked at Santa. I love New York in June.",
    "Thank God for Netflix. Covid took my job at Amazon, and I have ADHD and PTSD. As Freud said, dreams matter.",
    "sorry, i'm sad and don't know what to do. my mom is mad, my dad is gone, and my friend is moving to texas.",
    "How Do I Stop Thinking About My Ex? Can Therapy Help Me With Sleep? What Should I Do?",
)


def test_names_planted_in_everyday_places_are_found():
    found = total = 0
    for name in NAMES:
        for place in PLACES:
            total += 1
            found += name.lower() in {one.name for one in find_names([place.format(name)])}
    assert found / total >= 0.97


@pytest.mark.parametrize("text", PLAIN)
def test_words_places_and_times_are_no_names(text):
    assert [one.name for one in find_names([text])] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hi, my name is Zorblat.", ["zorblat"]),
        ("my name is sarah and i cant sleep", ["sarah"]),
        ("im kevin btw", ["kevin"]),
        ("I saw Dr. Oyelowo and then Mrs Finch.", ["oyelowo", "finch"]),
        ("Sarah Millbrook and Tom went home.", ["sarah", "millbrook", "tom"]),
        ("You can call me April.", ["april"]),
        ("I met Georgia in Georgia.", []),
    ],
)
def test_a_telling_place_makes_a_name(text, found):
    assert [one.name for one in find_names([text])] == found


def test_one_person_has_one_pseudonym_throughout_a_conversation():
    texts = [
        "My name is Sarah Millbrook. My brother Tom hates me.",
        "Thank you, Sarah. What did Tom do?",
        "tom's car, SARAH! sarah millbrook",
    ]
    said, counts = replace_names(texts)
    first, surname = said[0].split()[3], said[0].split()[4].rstrip(".")
    brother = said[0].split()[7]
    assert len({first, surname, brother}) == 3
    assert first in POOLS["feminine"]
    assert brother in POOLS["masculine"]
    assert said[1] == f"Thank you, {first}. What did {brother} do?"
    assert said[2] == f"{brother.lower()}'s car, {first.upper()}! {first.lower()} {surname.lower()}"
    assert counts == {"name": 9}


def test_the_same_post_has_the_same_pseudonyms_wherever_it_stands():
    post = "Since Sarah left, my son Tom will not speak."
    alone, _ = replace_names([post])
    threaded, _ = replace_names(["Hello.", post, "And what does Tom say?"])
    assert threaded[1] == alone[0]
    other, _ = replace_names(["It was Sarah who called Tom."])
    assert other != alone


def test_many_names_stay_distinct():
    people = [name for name in NAMES if name.lower() not in load_names().words][:70]
    said, _ = replace_names([" ".join(f"I told {name} so." for name in people)])
    assert len(set(said[0].replace("I told", "").replace("so.", "").split())) == len(people)


@given(st.lists(st.sampled_from([*NAMES, "I", "told", "my", "friend", "is", ".", "sarah", "Dr."]), max_size=15).map(" ".join))
def test_a_second_pass_changes_nothing(text):
    once, _ = replace_names([text])
    assert replace_names(once)[0] == once


def test_no_pseudonym_is_a_common_name_or_word():
    common = {name.lower() for name in NAMES}
    assert not PSEUDONYMS & common
    assert not PSEUDONYMS & (load_names().words | load_names().never)
    drawn = random.Random(1).sample(sorted(PSEUDONYMS), 40)
    assert all(replace_names([f"I told {name.title()} so."])[0] == [f"I told {name.title()} so."] for name in drawn)
