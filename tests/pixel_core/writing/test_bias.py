import random
from dataclasses import replace

import pytest

from pixel_core.conversation import Conversation, Label, Turn
from pixel_core.writing.bias import check_groups, check_swaps, swaps
from pixel_core.writing.grammar import GrammarWriter
from pixel_core.writing.orders import Plan
from pixel_core.writing.writer import Candidate


@pytest.fixture(scope="module")
def orders(shipped):
    return Plan(shipped, count=30, seed=11).next(30)


def of_group(conversation, attribute, value):
    return conversation.extra.get("sheet", {}).get("person", {}).get(attribute) == value


def test_the_grammar_works_alike_with_everybody(shipped, orders):
    found = swaps(lambda: GrammarWriter(shipped), orders)
    assert len(found) > 100
    assert {s.attribute for s in found} == {"gender", "age", "name", "pronouns", "culture", "orientation", "faith"}
    assert all(s.before != s.after for s in found)
    assert not check_swaps(found).failed


class Partial:
    """A writer that treats some clients otherwise."""

    name = "partial"

    def __init__(self, material, attribute, value, change):
        self._inner, self._at, self._change = GrammarWriter(material), (attribute, value), change

    def write(self, orders, advice):
        attribute, value = self._at
        written = self._inner.write(orders, advice)
        return [replace(c, conversation=self._change(c.conversation)) if c.order.person.get(attribute) == value else c for c in written]


def harder(conversation):
    return replace(conversation, difficulty=5)


def colder(conversation):
    turns = [replace(t, content="Go on.") if t.part == "therapist" else t for t in conversation.turns]
    return replace(conversation, turns=tuple(turns))


def labelled(conversation):
    turns = [replace(t, labels=(*t.labels, Label("clinical.F60.3", 1, "human"))) for t in conversation.turns]
    return replace(conversation, turns=tuple(turns))


def advising(conversation):
    turns = [replace(t, labels=(Label("technique.suggestion", 1, "human"),)) if t.part == "therapist" else t for t in conversation.turns]
    return replace(conversation, turns=tuple(turns))


@pytest.mark.parametrize(
    ("change", "what"), [(harder, "difficulty"), (colder, "therapist"), (labelled, "labels"), (advising, "techniques")]
)
def test_a_writer_that_looks_at_faith_is_found(shipped, orders, change, what):
    found = swaps(lambda: Partial(shipped, "faith", "Muslim", change), [o for o in orders if o.person][:16])
    (failed,) = check_swaps(found).failed
    assert failed.name == "swapped_faith"
    assert set(failed.reasons) == {what}


def test_a_conversation_that_one_client_does_not_get_is_found(shipped, orders):
    class Refusing(Partial):
        def write(self, orders, advice):
            return [
                Candidate(c.order, None, "no") if c.order.person.get("culture") == "Pacific" else c for c in super().write(orders, advice)
            ]

    asked = [replace(o, person=o.person | {"culture": "Pacific"}) for o in orders if o.person][:2]
    found = swaps(lambda: Refusing(shipped, "", "", harder), asked)
    assert {f.name for f in check_swaps(found).failed} == {"swapped_culture"}


def test_what_the_grammar_wrote_is_alike_over_all_groups(written):
    assert not check_groups(written).failed


@pytest.mark.parametrize(("change", "measure"), [(harder, "difficulty"), (colder, "therapist_words"), (advising, "technique.suggestion")])
def test_a_group_that_is_treated_otherwise_is_named(written, change, measure):
    unfair = [change(c) if of_group(c, "gender", "woman") else c for c in written]
    (failed,) = check_groups(unfair).failed
    assert any(reason.startswith(f"gender=woman: {measure}") for reason in failed.reasons)


def test_too_small_a_group_says_nothing(written):
    assert not check_groups(written[:25]).failed


def counselled(number, group, *, about="clinical.F32", suggests=0, difficulty=2):
    """A conversation of four therapist turns about a class with a client of this faith, of which some are suggestions."""
    turns = [Turn("user", "client", f"It is hard, {number}.", labels=(Label(about, 1.0, "human"),))]
    for place in range(4):
        used = "suggestion" if place < suggests else "validation"
        turns.append(Turn("assistant", "therapist", "I see that it is.", labels=(Label(f"technique.{used}", 1.0, "human"),)))
    sheet = {"person": {"faith": group}}
    return Conversation(tuple(turns), "psychology", str(number), difficulty, (), {"kind": "disorder", "sheet": sheet})


def test_chance_alone_raises_no_alarm_however_rare_a_technique_is():
    alarms = 0
    for seed in range(40):
        draws = random.Random(seed)
        faiths = ["none"] * 12 + ["Sikh", "Jewish", "Hindu"]
        told = [counselled(n, draws.choice(faiths), suggests=draws.choice([0] * 24 + [4])) for n in range(400)]
        alarms += bool(check_groups(told).failed)
    assert alarms <= 3  # of forty at one in a hundred: more are less likely than one in a thousand


def test_a_difference_is_that_to_the_others_also_of_a_large_group():
    told = [counselled(n, "none" if n % 2 else "Muslim", suggests=n % 2 * 2) for n in range(60)]
    (failed,) = check_groups(told).failed
    assert any(reason.startswith("faith=Muslim: technique.suggestion -0.50") for reason in failed.reasons)


def test_groups_are_compared_within_what_they_talk_about_only():
    """Those of one faith come with what calls for suggestions: that is no bias, and no larger spread may hide one."""
    draws = random.Random(3)
    told = []
    for n in range(400):
        group, about = ("Sikh", "clinical.F51.01") if n % 8 == 0 else ("none", draws.choice(["clinical.F32", "clinical.F51.01"]))
        told.append(counselled(n, group, about=about, suggests=4 * (about == "clinical.F51.01")))
    assert not check_groups(told).failed
    hidden = [
        counselled(n, c.extra["sheet"]["person"]["faith"], about="clinical.F51.01", suggests=3)
        if c.extra["sheet"]["person"]["faith"] == "Sikh" and n % 16 == 0
        else c
        for n, c in enumerate(told)
    ]
    (failed,) = check_groups(hidden).failed
    assert any(reason.startswith("faith=Sikh: technique.suggestion -") for reason in failed.reasons)
