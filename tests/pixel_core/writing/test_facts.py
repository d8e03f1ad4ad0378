import random
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pixel_core import taxonomy
from pixel_core.writing import facts
from pixel_core.writing.facts import complete, facts_of, join
from pixel_core.writing.phrases import bank


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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("For weeks now I've been drowning every night.", "Nobody could carry that for so many years."),
        ("Since I was small, my parents tell stories about it.", "I'd have to think what it was before all this."),
        ("That's not what the last one said.", "Never. I didn't think one could go somewhere with a thing like that."),
        ("I stayed for the boss, she picked me out when I was nobody.", "I'm retired."),
        ("When she moved in there was no air, and when she moved out there was nothing but air.", "My wife says so."),
    ],
)
def test_times_helpers_and_jobs_contradict_each_other(first, second):
    assert join(facts_of(first), facts_of(second)) is None


def test_what_has_been_there_since_childhood_has_no_time_before():
    assert join(facts_of("I drop things.", "F82"), facts_of("What did you like before all this?")) is None
    assert join(facts_of("I drop things.", "F41.1"), facts_of("What did you like before all this?")) is not None
    assert set(bank("facts")["lifelong"]) <= {*taxonomy.ids("dsm5"), *taxonomy.ids("pdm2")}


def test_no_key_of_a_phrase_bank_stands_twice():
    def keys(node):
        if isinstance(node, yaml.MappingNode):
            yield from ((node.start_mark.index, key.value) for key, _ in node.value)
            yield from (found for _, value in node.value for found in keys(value))
        elif isinstance(node, yaml.SequenceNode):
            yield from (found for value in node.value for found in keys(value))

    for path in Path(facts.__file__).parent.joinpath("phrases").rglob("*.yaml"):
        counted = Counter(keys(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)))
        assert [key for key, number in counted.items() if number > 1] == [], path.name  # YAML drops the first without a word


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
