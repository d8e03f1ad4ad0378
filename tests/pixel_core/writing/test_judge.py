import json
from dataclasses import replace

import pytest

from pixel_core.conversation import Label
from pixel_core.writing.judge import judge
from pixel_core.writing.originality import Licensed
from pixel_core.writing.quality.clinical import days_told
from pixel_core.writing.standards import Standards


@pytest.fixture(scope="module")
def standards(shipped):
    return Standards.of(shipped)


@pytest.fixture
def sound(written, standards):
    """A conversation about one disorder, of a client without thoughts of dying, against which nothing speaks."""
    return next(
        c
        for c in written
        if c.extra["kind"] == "disorder"
        and c.turns[0].part == "client"
        and c.extra["voiced"][0]["turn"] == 0
        and c.turns[0].labels[0].output == "clinical.F41.1"
        and "safety" not in c.extra["stages"]
        and not judge(c, standards)
    )


def said(conversation, index, text=None, **changes):
    turns = list(conversation.turns)
    turns[index] = replace(turns[index], **({"content": text} if text else {}) | changes)
    return replace(conversation, turns=tuple(turns))


def silent(conversation):
    """The conversation with a client who tells nothing."""
    return replace(conversation, turns=tuple(replace(t, content="Well.") if t.part == "client" else t for t in conversation.turns))


def noted(conversation, **changes):
    return replace(conversation, extra=dict(conversation.extra) | changes)


def relabelled(conversation, old, new):
    def of(turn):
        return replace(turn, labels=tuple(replace(x, output=new) if x.output == old else x for x in turn.labels))

    return replace(conversation, turns=tuple(map(of, conversation.turns)))


def voiced(conversation, **changes):
    first, *rest = conversation.extra["voiced"]
    return noted(conversation, voiced=[first | changes, *rest])


SPOILT = {
    # clinical accuracy
    "too_few_symptoms": lambda c: noted(c, voiced=c.extra["voiced"][:1]),
    "class_without_symptom": lambda c: relabelled(c, "clinical.F41.1", "clinical.F42.2"),
    "unknown_class": lambda c: relabelled(c, "clinical.F41.1", "clinical.F99"),
    "unknown_feature": lambda c: voiced(c, feature="Z9"),
    "wrong_role": lambda c: voiced(c, role="impact"),
    "feature_of_another_class": lambda c: voiced(c, **{"class": "F42.2", "feature": "A1"}),
    "label_without_disorder": lambda c: noted(c, kind="everyday"),
    "one_class_only": lambda c: noted(c, kind="comorbid"),
    "danger_not_labelled": lambda c: said(c, 2, "Some nights I want to die."),
    "facts_contradict": lambda c: said(
        said(c, 2, "I live by myself, and my husband is at work."), 4, "My wife says so too, and my ex said it."
    ),
    "sheet_contradicted": lambda c: noted(
        said(silent(c), 2, "My husband is at work."),
        sheet=c.extra["sheet"] | {"person": dict.fromkeys(c.extra["sheet"]["person"], "elsewhere")},
    ),
    "time_contradicted": lambda c: said(
        said(silent(c), 0, "For weeks now I've been worrying about the roof."), 3, "Nobody could carry that for so many years."
    ),
    # flow
    "turns_do_not_alternate": lambda c: replace(c, turns=(*c.turns[:2], c.turns[3], c.turns[2], *c.turns[4:])),
    "repeated_turn": lambda c: said(c, 3, c.turns[1].content + " Hm."),
    "no_opening": lambda c: noted(c, stages=["exploration", *c.extra["stages"][1:]]),
    "no_closing": lambda c: noted(c, stages=[*c.extra["stages"][:-1], "change"]),
    "stage_order": lambda c: noted(c, stages=[*c.extra["stages"][:-2], "opening", "closing"]),
    "overlong_turn": lambda c: said(c, 1, " ".join(f"word{n}" for n in range(300))),
    # appropriateness
    "diagnosis_named": lambda c: said(c, 1, "That is a clear case of panic disorder, you know."),
    "medication_order": lambda c: said(c, 1, "Double the dose of your tablets from tomorrow on."),
    "blame": lambda c: said(c, 1, "Well, you brought this on yourself, didn't you?"),
    "promise_of_cure": lambda c: said(c, 1, "I promise you will be completely cured in three weeks."),
    # completeness
    "turn_without_technique": lambda c: said(c, 1, labels=()),
    "turn_without_rationale": lambda c: noted(c, moves=c.extra["moves"][1:]),
    "sheet_incomplete": lambda c: noted(c, sheet=c.extra["sheet"] | {"concern": ""}),
    "no_goal": lambda c: noted(c, goals=[]),
    "no_modality": lambda c: noted(c, modality=""),
}


@pytest.mark.parametrize("reason", SPOILT)
def test_each_fault_is_a_reason(sound, standards, reason):
    assert judge(sound, standards) == []
    assert reason in judge(SPOILT[reason](sound), standards)


def test_both_poles_of_a_class_in_one_client_are_found(written, standards):
    moral = next(c for c in written if "moral_standards" in c.extra.get("sheet", {}).get("classes", ()))
    poles = standards.classes["pdm2.moral_standards"].poles
    strict, faint = (next(key for key, pole in poles.items() if pole == name) for name in ("strict", "faint"))
    first = moral.extra["voiced"][0]
    assert judge(moral, standards) == []
    assert "both_poles" in judge(
        noted(moral, voiced=[*moral.extra["voiced"], first | {"feature": strict}, first | {"feature": faint}]), standards
    )


def test_nobody_is_told_of_a_time_before_what_was_always_there(written, standards):
    lasting = next(c for c in written if set(c.extra.get("sheet", {}).get("classes", ())) & {"schizoid", "dependent", "paranoid"})
    index = next(i for i, t in enumerate(lasting.turns) if t.part == "therapist" and i > 1)
    late = said(lasting, index, "What's been lying in the corner since this began?")
    assert "time_contradicted" in judge(late, standards)
    assert "time_contradicted" not in judge(lasting, standards)


def test_an_open_question_and_a_deaf_therapist_are_found(sound, standards):
    talk = sound.turns if sound.turns[-1].part == "client" else sound.turns[:-1]
    asking = replace(talk[-1], content="And will it ever end?")
    ending = noted(replace(sound, turns=(*talk[:-1], asking)), stages=[*sound.extra["stages"][: len(talk) - 1], "closing"])
    assert "question_left_open" in judge(ending, standards)
    elsewhere = "The harbour master counts containers along the quay"
    labels = (Label("technique.information", 1, "human"),)
    deaf = [replace(t, content=f"{elsewhere}, {n}.", labels=labels) for n, t in enumerate(sound.turns)]
    turns = tuple(d if t.part == "therapist" else t for d, t in zip(deaf, sound.turns, strict=True))
    assert "does_not_answer" in judge(replace(sound, turns=turns), standards)


def test_a_class_of_one_sex_has_a_client_of_that_sex(sound, standards):
    told = [entry | {"class": "F52.21"} for entry in sound.extra["voiced"]]
    other = noted(relabelled(sound, "clinical.F41.1", "clinical.F52.21"), voiced=told)
    person = sound.extra["sheet"]["person"]
    woman, man = (noted(other, sheet=sound.extra["sheet"] | {"person": person | {"gender": g}}) for g in ("woman", "man"))
    assert "sheet_contradicted" in judge(woman, standards)
    assert "sheet_contradicted" not in judge(man, standards)


def test_classes_that_rule_each_other_out_are_found(sound, standards):
    other = next(iter(standards.classes["clinical.F31"].features))
    both = voiced(relabelled(sound, "clinical.F41.1", "clinical.F32"), **{"class": "F31", "feature": other})
    assert "excluded_class" in judge(both, standards)


def test_a_strain_below_a_disorder_stays_below_its_threshold(sound, standards):
    keys = [key for key, role in standards.classes["clinical.F41.1"].features.items() if role == "symptom"]
    entries = [{"turn": 0, "class": "F41.1", "feature": key, "symptom": "", "role": "symptom"} for key in keys]
    assert "threshold_met_without_disorder" in judge(noted(sound, kind="subclinical", voiced=entries), standards)


def test_a_time_too_short_for_the_class_is_a_contradiction(sound, standards):
    asked = said(sound, 1, "Since when has it been like this?")
    assert "duration_contradicted" in judge(said(asked, 2, "Oh, for about two weeks, I think."), standards)
    assert "duration_contradicted" not in judge(said(asked, 2, "It must be eight months now."), standards)
    assert "duration_contradicted" not in judge(said(sound, 2, "Two weeks ago I bought a kettle."), standards)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("a fortnight", 14),
        ("three months, no, four months", 120),
        ("three nights a week, four evenings a week when she comes", None),
        ("always, really", float("inf")),
        ("a few weeks", 21),
    ],
)
def test_the_time_that_a_text_tells(text, days):
    assert days_told(text) == days


def test_words_of_a_licensed_source_are_a_reason(sound, standards):
    copied = " ".join(sound.turns[0].content.split() + sound.turns[2].content.split())
    assert judge(sound, standards, Licensed.of(["nothing of that is in here at all, and it is long enough to count as a run"])) == []
    assert "licensed_words" in judge(said(sound, 0, copied), standards, Licensed.of([copied]))


def test_standards_survive_json(standards):
    assert Standards.from_json(json.loads(json.dumps(standards.to_json()))) == standards


def test_nearly_all_that_the_grammar_writes_is_fit(written, standards):
    unfit = [c for c in written if judge(c, standards)]
    assert len(unfit) <= 0.03 * len(written)
