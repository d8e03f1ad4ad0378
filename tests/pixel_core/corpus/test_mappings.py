import pytest

from pixel_core.corpus import mappings
from pixel_core.corpus.labels import fault
from pixel_core.corpus.mappings import Coding, question_form, scheme, technique_labels
from pixel_core.taxonomy import ids


@pytest.mark.parametrize("table", ["ESCONV", "ANNOMI_QUESTION", "ANNOMI_REFLECTION", "ANNOMI_INPUT"])
def test_every_code_leads_to_techniques_of_the_taxonomy(table):
    for coding in getattr(mappings, table).values():
        assert {*coding.shows, *coding.leaves_open} <= set(ids("techniques"))
        assert not set(coding.shows) & set(coding.leaves_open)


def test_levels_and_verdicts_are_values_of_their_heads():
    assert sorted(mappings.CSSRS.values()) == list(range(len(ids("crisis"))))
    assert all(fault("appropriateness.appropriate", value) is None for value in mappings.DIASAFETY.values())
    assert all(fault(f"empathy.{mechanism}", 2) is None for mechanism in mappings.EPITOME.values())


def test_what_is_shown_left_open_and_outside_the_scheme():
    labels = technique_labels(
        [Coding(("suggestion",)), Coding(("information",), ("validation",))],
        ["information", "suggestion", "validation", "summary"],
        "human",
    )
    values = {label.output: label.value for label in labels}
    assert values == {"technique.suggestion": 1, "technique.information": 1, "technique.summary": 0, "intervention.suggestion": 1}


def test_a_code_that_shows_nothing_closes_the_scheme_and_gives_no_intervention():
    labels = technique_labels([mappings.ESCONV["Others"]], scheme(mappings.ESCONV), "human")
    assert {label.value for label in labels} == {0.0}
    assert {label.head for label in labels} == {"technique"}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("What was going through you?", "open_question"),
        ("I see. How did that feel?", "open_question"),
        ("Could you tell me more about her?", "open_question"),
        ("Do you live alone?", "closed_question"),
        ("So, have you slept?", "closed_question"),
        ("How long has it been?", "closed_question"),
        ("When did it start? And what changed?", "open_question"),
        ("Isn\u2019t it early?", "closed_question"),
        ("Your sister?", None),
        ("That sounds hard.", None),
    ],
)
def test_questions_are_told_apart_by_their_form(text, form):
    assert question_form(text) == form
