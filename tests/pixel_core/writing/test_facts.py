import random

import pytest

from pixel_core.writing.facts import complete, facts_of, join


def tells(text, scope=""):
    return {facet: set(values) for facet, values in facts_of(text, scope).items()}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("My husband snores.", "My wife says so."),
        ("My grandson danced for me.", "I'm twenty-six."),
        ("I'd sooner fail my finals.", "I'm retired."),
        ("Without my husband I don't go out.", "I've lived alone for years, I mean I've lived alone."),
        ("Other mums have a second battery.", "The other dads chat."),
    ],
)
def test_contradictions_are_seen(first, second):
    assert join(facts_of(first), facts_of(second)) is None


def test_open_facts_join():
    assert join(facts_of("My husband snores."), facts_of("The kids tiptoe round me.")) is not None
    assert join(facts_of("I wake at four."), {}) == {}


def test_a_death_or_an_event_counts_within_its_class_only():
    assert join(facts_of("I put my face in his jackets", "F43.81"), facts_of("breakfast with her", "F43.81")) is None
    assert tells("I put my face in his jackets") == {}
    assert join(facts_of("since the fire", "F43.10"), facts_of("the ambush", "F43.10")) is None


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(
    "said", ["", "My grandson danced for me.", "I'd sooner fail my finals.", "My wife says so.", "The kids tiptoe round me."]
)
def test_the_person_fits_what_was_told(said, seed):
    person = complete(facts_of(said), random.Random(seed))
    assert set(person) == {"gender", "age", "partner", "children", "work", "home"}
    assert join(facts_of(said), {facet: frozenset({value}) for facet, value in person.items()}) is not None
    assert not (person["children"] == "grown" and person["age"] in ("teens", "twenties", "thirties"))
    assert not (person["partner"] in ("husband", "wife") and person["home"] != "family")
