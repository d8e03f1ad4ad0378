"""Diagnoses are read strictly, and a person without a disorder is right to be told none."""

import math
from dataclasses import replace

import pytest

from pixel_core import taxonomy
from pixel_core.conversation import Evidence, Provenance, Turn
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.clinical import tasks as clinical
from pixel_core.evaluation.clinical.diagnosis import Named, parse_diagnosis, parse_ranking
from pixel_core.evaluation.clinical.tasks import by_head, by_likelihood, by_text
from pixel_core.evaluation.clinical.vignettes import CLASSES, FAMILY, HIT, HIT3, ILL, LURED, OVER, SURE, class_names, families, stratified
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import read_vignettes
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.world import ROOT, write_world

VIGNETTES = read_vignettes(ROOT / "data" / "scenarios")
NAMES = class_names()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Held-out data beside the items that ship."""
    return write_world(tmp_path_factory.mktemp("clinical"))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", None),
        ("   \n", None),
        ("I would rather not say.", None),
        ("Panic disorder", "F41.0"),
        ("  panic   DISORDER.", "F41.0"),
        ("This is most likely panic disorder, I think.", "F41.0"),
        ("F41.0", "F41.0"),
        ("The code is F41.0.", "F41.0"),
        ("Panic disorder (F41.0)", "F41.0"),
        ("Panic disorder or agoraphobia", None),
        ("Panic", None),
        ("Panicdisorder", None),
        ("F41", None),
        ("F41.01", None),
        ("No mental disorder", "none"),
        ("disorder", None),
    ],
)
def test_a_reply_names_exactly_one_class_or_none(reply, code):
    assert parse_diagnosis(reply, NAMES) == code


def test_every_class_is_read_by_its_own_name_and_code():
    for code, name in NAMES.items():
        assert parse_diagnosis(name, NAMES) == code
        assert parse_diagnosis(code, NAMES) == code


def test_a_name_within_a_longer_name_does_not_count_twice():
    classes = {"F31": "Bipolar disorder", "F31.81": "Bipolar disorder type two"}
    assert parse_diagnosis("Bipolar disorder type two", classes) == "F31.81"
    assert parse_diagnosis("Bipolar disorder", classes) == "F31"
    assert parse_diagnosis("Bipolar disorder type two, not bipolar disorder", classes) is None


def note(text):
    """A note for whoever is anxious, none for the others."""
    place = Provenance("knowledge_index", "knowledge/a.md", "Worry", "CC0-1.0", "written", "retrieval 1")
    return (
        (Turn("system", "other", f"Known of worry: {len(text)}", evidence=(Evidence("knowledge/a.md", 0, 9),)), place)
        if "sleep" in text
        else None
    )


def test_retrieved_knowledge_stands_before_the_same_questions_and_beside_the_figures_without(data):
    recipe = load_recipe("tiny", ["evaluation.retrieval=true"]).evaluation
    tasks = {task.name: task for task in clinical.tasks(replace(data, background=lambda: note), recipe)}
    plain, informed = tasks["vignettes_choice"], tasks["vignettes_choice_retrieved"]
    before = [(q.turns[0].role, q.turns[0].evidence) for q in informed.questions if len(q.turns) == 2]
    assert before == [("system", ())] * sum("sleep" in q.text for q in plain.questions)
    assert 0 < len(before) < len(plain.questions)
    assert [(q.item, q.turns[-1], q.truth, q.choices) for q in informed.questions] == [
        (q.item, q.turns[-1], q.truth, q.choices) for q in plain.questions
    ]
    assert {"vignettes_choice_retrieved_top1", "vignettes_choice_retrieved_top3"} <= {m.name for m in informed.measures}
    assert not {m.name for m in informed.measures} & {m.name for m in plain.measures}
    assert not any(m.headline for m in informed.measures)
    assert informed.digest != plain.digest


def test_nothing_is_retrieved_unless_the_recipe_says_so(data):
    unopened = replace(data, background=lambda: pytest.fail("opened"))
    names = [task.name for task in clinical.tasks(unopened, load_recipe("tiny", ["evaluation.retrieval=false"]).evaluation)]
    assert "vignettes_choice" in names
    assert "vignettes_choice_retrieved" not in names


class Says(Knowing):
    """Writes the same reply to everything, and says the same of everybody."""

    def __init__(self, reply="", scores=None):
        super().__init__([])
        self.reply, self.scores, self.prompts = reply, scores, []

    def replies(self, dialogues, part, max_new_tokens):
        self.prompts += [dialogue[-1].content for dialogue in dialogues]
        return [self.reply for _ in dialogues]

    def heads(self, dialogues, turns):
        answer = HeadAnswer(self.scores, tuple(float(score >= 0.5) for score in self.scores))
        return [{"clinical": answer} for _ in dialogues]


def test_the_parser_never_sees_its_own_prompt(data):
    says = Says("")
    rows = ask([by_text(data, VIGNETTES)], says)
    assert all("No mental disorder" in prompt for prompt in says.prompts)  # so that reading the prompt would answer
    assert not rows["parsed"].any()
    for row in rows.iter_rows(named=True):
        assert all(said != right for said, right in zip(row["prediction"][:CLASSES], row["truth"], strict=False))
        assert not any(row["prediction"][CLASSES:])


def test_the_floor_of_free_text_is_the_commonest_class(data):
    task = by_text(data, VIGNETTES)
    floors = [row[HIT] for row in ask([task], Says(""))["floor"]]
    best = max(sum(q.truth[k] for q in task.questions) for k in range(len(NAMES)))
    assert sum(floors) == best


def test_without_a_disorder_only_abstaining_is_right(data):
    codes = taxonomy.ids("dsm5")
    task = by_head(data, VIGNETTES)
    unsure, sure = (tuple(level if code == "F32" else 0.1 for code in codes) for level in (0.4, 0.9))
    for scores, right in ((unsure, 1.0), (sure, 0.0)):
        rows = ask([task], Says(scores=scores))
        hits = {row["item"]: row["prediction"][0] for row in rows.to_dicts()}
        assert {hits[v.id] for v in VIGNETTES if not v.codes} == {right}
        assert {v.id for v in VIGNETTES if v.codes and hits[v.id]} == {v.id for v in VIGNETTES if "F32" in v.codes}


def test_only_trained_classes_are_ranked(data):
    class Narrow(Says):
        def supervised(self, head):
            return [int(code == "F41.0") for code in taxonomy.ids("dsm5")]

    rows = ask([by_head(data, VIGNETTES)], Narrow(scores=tuple(0.9 if code == "F32" else 0.1 for code in taxonomy.ids("dsm5"))))
    hits = {row["item"]: row["prediction"][0] for row in rows.to_dicts()}
    assert {v.id for v in VIGNETTES if v.codes and hits[v.id]} == {v.id for v in VIGNETTES if "F41.0" in v.codes}

    class Untrained(Says):
        def supervised(self, head):
            return [0] * len(taxonomy.ids("dsm5"))

    rows = ask([by_head(data, VIGNETTES)], Untrained(scores=(0.1,) * len(taxonomy.ids("dsm5"))))
    assert rows["prediction"].explode().is_null().all()


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        ("Panic disorder", [("F41.0", 1.0)]),
        ("Panic disorder 70 %\nAgoraphobia: 20 per cent\nF32, 5%", [("F41.0", 0.7), ("F40.00", 0.2), ("F32", 0.05)]),
        ("1. Panic disorder (F41.0), 62.5%\n\n2. Agoraphobia", [("F41.0", 0.625), ("F40.00", 1.0)]),
        ("Panic disorder\nI am not sure of more\nAgoraphobia", [("F41.0", 1.0)]),
        ("Panic disorder\nPanic disorder", [("F41.0", 1.0)]),
        ("Panic disorder\nAgoraphobia\nPica, in children\nEnuresis", [("F41.0", 1.0), ("F40.00", 1.0), ("F98.3", 1.0)]),
        ("No mental disorder, 90%", [("none", 0.9)]),
        ("Panic disorder or agoraphobia", []),
        ("Panic disorder, 120%", []),
        ("Panic disorder, 20% or 30%", []),
        ("Here is my list:\nPanic disorder", []),
        ("", []),
    ],
)
def test_a_list_is_read_line_by_line_as_far_as_it_can_be(reply, named):
    assert parse_ranking(reply, NAMES) == tuple(Named(code, pytest.approx(sure)) for code, sure in named)


class Prefers(Knowing):
    """Thinks each class as likely as these weights say, to everybody."""

    def __init__(self, weights):
        super().__init__([])
        self._likely = [weights.get(code, -9.0) for code in NAMES]

    def likelihoods(self, dialogues, choices):
        return [self._likely for _ in dialogues]


def test_a_row_says_who_was_near_and_who_was_lured(data):
    task = by_likelihood(data, VIGNETTES)
    rows = {row["item"]: row for row in ask([task], Prefers({"F41.1": 0.0, "F34.1": -1.0, "F32": -2.0})).to_dicts()}
    families_of = families()
    for vignette in VIGNETTES:
        found, wanted = rows[vignette.id]["prediction"], vignette.codes or ("none",)
        assert rows[vignette.id]["answer"] == "F41.1"
        assert found[HIT] == ("F41.1" in wanted)
        assert found[HIT3] == bool({"F41.1", "F34.1", "F32"} & set(wanted))
        assert found[FAMILY] == any(families_of[code] == "Anxiety Disorders" for code in wanted)
        assert found[LURED] == ("F41.1" in vignette.distractors)
        among = [code for code in ("F41.1", "F34.1", "F32") if code in wanted or code in vignette.distractors]
        if among:
            assert found[OVER] == (among[0] in wanted)
        assert found[SURE] == pytest.approx(sum(rows[vignette.id]["scores"][CLASSES:][k] for k, c in enumerate(NAMES) if c == "F41.1"))
        assert found[SURE] > 0.99  # e to the power of some twenty bytes before the next


def test_how_likely_each_class_is_adds_up_and_says_whether_there_is_any(data):
    task = by_likelihood(data, VIGNETTES[:40])
    row = ask([task], Prefers({"none": 0.0, "F32": -0.02})).to_dicts()[0]
    assert sum(row["scores"][CLASSES:]) == pytest.approx(1.0, abs=1e-4)
    assert row["scores"][ILL] == pytest.approx(1 - row["scores"][-1])
    assert row["scores"][ILL] < 0.5
    assert row["answer"] == "none"


def test_nobody_looks_good_by_saying_nothing(data):
    task = by_text(data, VIGNETTES)
    figures = {f.name: f for f in figures_of([task], ask([task], Says("")), Settings(resamples=20))}
    for name in ("top1", "top3", "macro_f1", "family", "over_distractors", "culture_stated"):
        assert figures[f"vignettes_text_{name}"].value == 0
    for name in ("calibration_error", "risk_area"):
        assert figures[f"vignettes_text_{name}"].value == 1
    assert figures["vignettes_text_top1"].unparsed == len(VIGNETTES)


def test_every_kind_of_person_has_a_figure(data):
    task = by_likelihood(data, VIGNETTES)
    figures = {f.name.removeprefix("vignettes_choice_"): f for f in figures_of([task], ask([task], Knowing([task])), Settings(resamples=5))}
    kinds = {f"severity_{s}" for s in ("mild", "moderate", "severe", "subclinical")} | {"codes_2", "culture_stated", "culture_not_stated"}
    kinds |= {f"age_{band}" for band in ("child", "adolescent", "adult", "older")}
    assert all(figures[kind].n > 8 for kind in kinds)
    assert sum(figures[kind].n for kind in kinds if kind.startswith("age")) == len(VIGNETTES)


@pytest.mark.parametrize("limit", [1, 21, 42, 101, 209, 210, 999])
def test_fewer_vignettes_keep_the_shares_of_the_families(limit):
    chosen = stratified(VIGNETTES, limit)
    assert len(chosen) == min(limit, len(VIGNETTES))
    assert [v.id for v in chosen] == sorted(v.id for v in chosen)
    family = families()
    for name in set(family.values()):
        whole, part = (sum(family[v.codes[0] if v.codes else "none"] == name for v in given) for given in (VIGNETTES, chosen))
        assert abs(part - whole * len(chosen) / len(VIGNETTES)) < 1
    if limit == 101:
        assert len({v.codes[:1] for v in chosen}) >= 75  # classes take turns


def test_fewer_vignettes_are_the_same_whatever_the_order():
    assert {v.id for v in stratified(VIGNETTES[::-1], 50)} == {v.id for v in stratified(VIGNETTES, 50)}


def test_the_tables_follow_from_the_answers(data):
    task = by_likelihood(data, VIGNETTES)
    answers = ask([task], Prefers({"F41.1": 0.0, "F34.1": -0.01}))
    tables = task.tables(answers)
    single = [v for v in VIGNETTES if len(v.codes) < 2]
    assert tables["reliability"]["n"].sum() == len(single)
    assert tables["risk_coverage"]["coverage"][-1] == 1
    assert set(tables["families"]["answered"]) == {"Anxiety Disorders"}
    assert tables["families"]["n"].sum() == sum(len({families()[code] for code in v.codes or ("none",)}) for v in VIGNETTES)
    figures = {f.name: f for f in figures_of([task], answers, Settings(resamples=5))}
    gap = (tables["reliability"]["n"] * (tables["reliability"]["accuracy"] - tables["reliability"]["confidence"]).abs()).sum() / len(single)
    assert figures["vignettes_choice_calibration_error"].value == pytest.approx(gap, abs=1e-5)


def test_what_could_not_be_read_is_in_the_tables_too(data):
    task = by_text(data, VIGNETTES)
    tables = task.tables(ask([task], Says("")))
    assert tables["families"]["answered"].is_null().all()
    assert tables["risk_coverage"].to_dicts() == [{"confidence": 1.0, "coverage": 1.0, "risk": 1.0}]


def test_whoever_only_picks_one_is_certain_of_it_and_has_no_third(data):
    class Picks(Knowing):
        def likelihoods(self, dialogues, choices):
            picked = [None if k == 0 else 3 if k % 2 else len(NAMES) - 1 for k, _ in enumerate(dialogues)]
            return [[0.0 if k == place else math.nan for k in range(len(NAMES))] for place in picked]

    task = by_likelihood(data, VIGNETTES)
    figures = {f.name.removeprefix("vignettes_choice_"): f for f in figures_of([task], ask([task], Picks([])), Settings(resamples=20))}
    assert figures["top3"].status == "not answered"
    assert figures["top1"].unparsed == 1
    assert figures["top1"].value > 0
    assert figures["calibration_error"].value == pytest.approx(1 - figures["top1"].value, abs=0.2)
    assert all(figure.value is None or math.isfinite(figure.value) for figure in figures.values())
