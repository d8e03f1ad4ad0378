"""Wrong codes, severities, criteria, numbers and PDM-2 terms in a reply are each caught, and right replies are not."""

import pytest

from pixel_core import taxonomy
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.clinical.assessments import assessments, faulty_assessments, written_assessment
from pixel_core.evaluation.clinical.compliance import KINDS, PATTERNS, Case, classes_in, faults_of, owner_of, parts_of
from pixel_core.evaluation.clinical.manual import read_manual
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import read_vignettes
from pixel_core.knowledge import extract_dsm5
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.world import ROOT, shipped_criteria, write_world

VIGNETTES = [v for v in read_vignettes(ROOT / "data" / "scenarios") if v.codes]
LOW, WORRY, ATTACKS, DRINK = (Case((code,), "moderate") for code in ("F32", "F41.1", "F41.0", "F10"))
SEVERE = Case(("F32",), "severe")
BOTH = Case(("F43.10", "F10"), "severe")
RULES = Case(("F42.2",), "mild")
PERSON = Case(("F60.3",), "moderate")


def written(diagnosis, severity, criteria, pdm2, labels=("Diagnosis", "Severity", "Criteria", "PDM-2")):
    parts = zip(labels, (diagnosis, severity, criteria, pdm2), strict=True)
    return "\n".join(f"{label}: {said}" for label, said in parts)


MOOD, FEAR, EVENTS = "Disorders of mood", "Disorders related primarily to anxiety", "Disorders related to events and stressors"
HABIT = "Disorders related to addiction and to other medical conditions"
ANY_CASE = ("diagnosis", "severity", "criteria", "PDM-2")
RIGHT = [
    (LOW, written("Major depressive disorder (F32.1)", "moderate", "depressed mood; loss of interest; fatigue", MOOD)),
    (
        LOW,
        written(
            "F32.1, major depressive disorder", "Moderate.", "\n- sad and empty nearly every day\n- poor concentration", MOOD, ANY_CASE
        ),
    ),
    (SEVERE, written("Major depressive disorder, F33.2", "severe", "at least five signs; suicidal thoughts; worthlessness or guilt", MOOD)),
    (LOW, written("Major depressive disorder (F32)", "moderate", "depressed mood; sleep change; for at least two weeks", MOOD)),
    (WORRY, written("Generalized anxiety disorder (F41.1)", "moderate", "excessive worry; muscle tension; restlessness", FEAR)),
    (WORRY, written("Generalised anxiety disorder, F41.1", "moderate", "worry that is hard to control; six months or more", FEAR)),
    (DRINK, written("Alcohol use disorder (F10.20)", "moderate, four signs", "craving; tolerance; withdrawal", HABIT)),
    (BOTH, written("Posttraumatic stress disorder (F43.12) and alcohol use disorder (F10.2)", "severe", "nightmares; tolerance", EVENTS)),
    (BOTH, written("Posttraumatic stress disorder (F43.10)", "severe", "avoidance of reminders; exaggerated startle", EVENTS)),
    (RULES, written("Obsessive-compulsive disorder (F42.2)", "mild", "intrusive thoughts; checking and repeating", FEAR)),
    (
        PERSON,
        written("Borderline personality disorder (F60.3)", "moderate", "fear of abandonment; impulsivity", "Borderline; Borderline level"),
    ),
]


def note(diagnosis="Major depressive disorder (F32.1)", severity="moderate", criteria="depressed mood; fatigue", pdm2=MOOD):
    return written(diagnosis, severity, criteria, pdm2)


def worry(**more):
    given = {"diagnosis": "Generalized anxiety disorder (F41.1)", "criteria": "excessive worry; muscle tension", "pdm2": FEAR}
    return note(**given | more)


def drink(**more):
    given = {"diagnosis": "Alcohol use disorder (F10.20)", "criteria": "craving; tolerance", "pdm2": HABIT}
    return note(**given | more)


WRONG = [
    (LOW, note("Major depressive disorder (F41.1)"), "code"),
    (LOW, note("Major depressive disorder (F34.1)"), "code"),
    (LOW, note("Major depressive disorder (F99.9)"), "code"),
    (LOW, note("Major depressive disorder"), "code"),
    (LOW, note("Major depressive disorder (F32.1, F60.3)"), "code"),
    (LOW, note() + "\nRecorded as F31.81 in the file.", "code"),
    (WORRY, worry(diagnosis="Generalized anxiety disorder (F41.0)"), "code"),
    (WORRY, worry(diagnosis="Generalised anxiety disorder, code F40.10"), "code"),
    (DRINK, drink(diagnosis="Alcohol use disorder (F11.20)"), "code"),
    (BOTH, note("Posttraumatic stress disorder (F32.1)", "severe", "nightmares", EVENTS), "code"),
    (LOW, note("Persistent depressive disorder (F34.1)"), "diagnosis"),
    (LOW, note("Bipolar II disorder (F31.81)"), "diagnosis"),
    (LOW, note("Major depressive disorder (F32.1) and panic disorder (F41.0)"), "diagnosis"),
    (LOW, note("A low time (F32.1)"), "diagnosis"),
    (WORRY, worry(diagnosis="Social anxiety disorder (F40.10)"), "diagnosis"),
    (LOW, note(severity="mild"), "severity"),
    (LOW, note(severity="severe"), "severity"),
    (SEVERE, note(severity="moderate"), "severity"),
    (LOW, note(severity="moderate to severe"), "severity"),
    (LOW, note(severity="considerable"), "severity"),
    (LOW, note(severity=""), "severity"),
    (DRINK, drink(severity="moderate, two signs"), "severity"),
    (DRINK, drink(severity="moderate, with seven symptoms"), "severity"),
    (
        RULES,
        note("Obsessive-compulsive disorder (F42.2)", "extreme", "intrusive thoughts", FEAR),
        "severity",
    ),
    (LOW, note(criteria="depressed mood; hearing voices"), "criteria"),
    (LOW, note(criteria="depressed mood; lining up toys"), "criteria"),
    (LOW, note(criteria="fatigue; a wish to buy lottery tickets"), "criteria"),
    (LOW, note(criteria="decreased need for sleep; grandiosity"), "criteria"),
    (LOW, note(criteria="depressed mood; a father who drank; fatigue"), "criteria"),
    (LOW, note(criteria=""), "criteria"),
    (WORRY, worry(criteria="excessive worry; fear of public transport"), "criteria"),
    (WORRY, worry(criteria="muscle tension; binge eating"), "criteria"),
    (DRINK, drink(criteria="craving; blue fingernails"), "criteria"),
    (DRINK, drink(criteria="tolerance; flashbacks"), "criteria"),
    (PERSON, note("Borderline personality disorder (F60.3)", criteria="fear of abandonment; loud sneezing", pdm2="Borderline"), "criteria"),
    (LOW, note(criteria="depressed mood; at least eight of the nine signs"), "numbers"),
    (LOW, note(criteria="depressed mood; fatigue") + "\nAt least six months are asked for.", "numbers"),
    (LOW, note(criteria="depressed mood; three or more symptoms"), "numbers"),
    (WORRY, worry(criteria="excessive worry; for at least two weeks"), "numbers"),
    (WORRY, worry(criteria="excessive worry; two years or more"), "numbers"),
    (LOW, note(pdm2=FEAR), "pdm2"),
    (LOW, note(pdm2="The melancholic cluster"), "pdm2"),
    (LOW, note(pdm2=""), "pdm2"),
    (WORRY, worry(pdm2=MOOD), "pdm2"),
    (WORRY, worry(pdm2="Disorders related primarily to anxiety; Axis seven"), "pdm2"),
    (PERSON, note("Borderline personality disorder (F60.3)", criteria="fear of abandonment", pdm2="Limitless"), "pdm2"),
]


@pytest.fixture(scope="module")
def manual():
    return read_manual(shipped_criteria())


def test_a_manual_of_ones_own_may_name_no_duration(tmp_path):
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "mine.json").write_text('{"disorders": [{"name": "Panic disorder", "criteria": ["Attacks come for a month."]}]}')
    own = read_manual(extract_dsm5(tmp_path / "kb", tmp_path / "out").folder)
    assert own.disorders["F41.0"].days == (30.0,)


def test_there_are_enough_planted_replies_of_every_kind():
    assert len(WRONG) >= 30
    assert {kind for *_, kind in WRONG} == set(KINDS)


@pytest.mark.parametrize(("case", "reply"), RIGHT)
def test_a_right_reply_has_no_fault(case, reply, manual):
    assert faults_of(reply, case, manual) == []


@pytest.mark.parametrize(("case", "reply", "kind"), WRONG)
def test_a_planted_fault_is_caught(case, reply, kind, manual):
    assert kind in {fault.kind for fault in faults_of(reply, case, manual)}


@pytest.mark.parametrize(("case", "reply", "kind"), [row for row in WRONG if row[2] in ("severity", "numbers", "pdm2")])
def test_a_planted_fault_is_the_only_one(case, reply, kind, manual):
    assert {fault.kind for fault in faults_of(reply, case, manual)} == {kind}


def test_what_is_written_from_the_knowledge_base_is_right_for_every_vignette(manual):
    for vignette in VIGNETTES:
        case = Case(vignette.codes, vignette.severity)
        assert faults_of(written_assessment(vignette.codes[0], vignette.severity, manual), case, manual) == [], vignette.id


def test_one_fault_of_each_kind_is_caught_for_every_vignette(manual):
    for vignette in VIGNETTES[::4]:
        case = Case(vignette.codes, vignette.severity)
        found = [{fault.kind for fault in faults_of(reply, case, manual)} for reply in faulty_assessments(case, manual)]
        assert found == [{"diagnosis"}, {"code"}, {"severity"}, {"criteria"}, {"pdm2"}], vignette.id


def test_signs_of_other_disorders_are_told_from_ones_own(manual):
    """Over the whole base: no sign of a disorder is refused, and of foreign ones at least ninety-five in a hundred are."""
    shared = {code: set(one.signs) for code, one in manual.disorders.items()}
    refused = [(code, s) for code, one in manual.disorders.items() for s in one.signs if not manual.names_sign(s, [code])]
    codes = sorted(manual.disorders)
    foreign = [(code, s) for k, code in enumerate(codes) for s in shared[codes[k - 7]] - shared[code]]
    caught = [not manual.names_sign(sign, [code]) for code, sign in foreign]
    assert refused == []
    assert len(foreign) > 400
    assert sum(caught) / len(caught) > 0.95


@pytest.mark.parametrize(
    ("code", "owner"),
    [
        ("F32.1", "F32"),
        ("F33.2", "F32"),
        ("F31.81", "F31.81"),
        ("F31.31", "F31"),
        ("F40.218", "F40.2"),
        ("G31.84", "F06.7"),
        ("F42", "F42.2"),
        ("F99.9", None),
        ("F1", None),
        ("", None),
    ],
)
def test_a_code_belongs_to_the_longest_class_that_it_begins_with(code, owner):
    assert owner_of(code) == owner


def test_every_class_is_found_by_its_name():
    for one in taxonomy.classes("dsm5"):
        assert classes_in(f"{one.name} ({one.id})") == [one.id]
    assert classes_in("Major depressive disorder; panic disorder") == ["F32", "F41.0"]
    assert classes_in("something else") == []


def test_parts_are_found_by_their_labels():
    assert parts_of("Diagnosis: a\nSeverity : b\n\n**Criteria**: c\nd\nPDM-2: e") == {
        "diagnosis": "a",
        "severity": "b",
        "criteria": "c\nd",
        "pdm2": "e",
    }
    assert parts_of("It is hard to say.") == parts_of("") == {}


def test_every_pattern_of_a_family_exists():
    assert set(PATTERNS.values()) <= set(taxonomy.ids("pdm2_axes"))
    assert set(PATTERNS) <= {c.fields["chapter"] for c in taxonomy.classes("dsm5")}


def test_the_task_is_perfect_for_whoever_knows_and_at_the_floor_for_whoever_guesses(manual, tmp_path):
    task = assessments(write_world(tmp_path), VIGNETTES[:24], manual, reply_tokens=8)
    assert {figure.value for figure in figures_of([task], ask([task], Knowing([task])), Settings(resamples=20))} == {1.0}
    guessed = figures_of([task], ask([task], Guessing([task])), Settings(resamples=200))
    assert sum(figure.low <= figure.floors["random"] <= figure.high for figure in guessed) >= len(guessed) - 2

    class Silent(Knowing):
        def replies(self, dialogues, part, max_new_tokens):
            return ["I cannot say." for _ in dialogues]

    silent = figures_of([task], ask([task], Silent([task])), Settings(resamples=20))
    assert {figure.value for figure in silent} == {0.0}
    assert {figure.unparsed for figure in silent} == {24}
