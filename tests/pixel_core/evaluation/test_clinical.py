"""Diagnoses are read strictly, and a person without a disorder is right to be told none."""

from dataclasses import replace

import pytest

from pixel_core import taxonomy
from pixel_core.conversation import Evidence, Provenance, Turn
from pixel_core.evaluation import clinical
from pixel_core.evaluation.clinical import by_head, by_text, class_names, parse_diagnosis
from pixel_core.evaluation.harness import ask
from pixel_core.evaluation.items import read_vignettes
from pixel_core.evaluation.respondent import HeadAnswer
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.world import ROOT

VIGNETTES = read_vignettes(ROOT / "data" / "scenarios")
CLASSES = class_names(VIGNETTES)


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
    assert parse_diagnosis(reply, CLASSES) == code


def test_every_class_is_read_by_its_own_name_and_code():
    for code, name in CLASSES.items():
        assert parse_diagnosis(name, CLASSES) == code
        assert parse_diagnosis(code, CLASSES) == code


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


def test_retrieved_knowledge_stands_before_the_same_questions_and_beside_the_figures_without(world):
    recipe = load_recipe("tiny", ["evaluation.retrieval=true"]).evaluation
    tasks = {task.name: task for task in clinical.tasks(replace(world.data, background=lambda: note), recipe)}
    plain, informed = tasks["vignettes_choice"], tasks["vignettes_choice_retrieved"]
    before = [(q.turns[0].role, q.turns[0].evidence) for q in informed.questions if len(q.turns) == 2]
    assert before == [("system", ())] * sum("sleep" in q.text for q in plain.questions)
    assert 0 < len(before) < len(plain.questions)
    assert [(q.item, q.turns[-1], q.truth, q.choices) for q in informed.questions] == [
        (q.item, q.turns[-1], q.truth, q.choices) for q in plain.questions
    ]
    assert [m.name for m in informed.measures] == ["vignettes_choice_retrieved_top1", "vignettes_choice_retrieved_top3"]
    assert not any(m.headline for m in informed.measures)
    assert informed.digest != plain.digest


def test_nothing_is_retrieved_unless_the_recipe_says_so(world):
    data = replace(world.data, background=lambda: pytest.fail("opened"))
    names = [task.name for task in clinical.tasks(data, load_recipe("tiny", ["evaluation.retrieval=false"]).evaluation)]
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


def test_the_parser_never_sees_its_own_prompt(world):
    says = Says("")
    rows = ask([by_text(world.data, VIGNETTES)], says)
    assert all("No mental disorder" in prompt for prompt in says.prompts)  # so that reading the prompt would answer
    assert not rows["parsed"].any()
    assert rows["prediction"].explode().sum() == 0


def test_the_floor_of_free_text_is_the_commonest_class(world):
    task = by_text(world.data, VIGNETTES)
    floors = ask([task], Says(""))["floor"].explode()
    best = max(sum(q.truth[k] for q in task.questions) for k in range(len(CLASSES)))
    assert floors.sum() == best


def test_without_a_disorder_only_abstaining_is_right(world):
    codes = taxonomy.ids("dsm5")
    task = by_head(world.data, VIGNETTES)
    unsure, sure = (tuple(level if code == "F32" else 0.1 for code in codes) for level in (0.4, 0.9))
    for scores, right in ((unsure, 1.0), (sure, 0.0)):
        rows = ask([task], Says(scores=scores))
        hits = {row["item"]: row["prediction"][0] for row in rows.to_dicts()}
        assert {hits[v.id] for v in VIGNETTES if not v.codes} == {right}
        assert {v.id for v in VIGNETTES if v.codes and hits[v.id]} == {v.id for v in VIGNETTES if "F32" in v.codes}


def test_only_trained_classes_are_ranked(world):
    class Narrow(Says):
        def supervised(self, head):
            return [int(code == "F41.0") for code in taxonomy.ids("dsm5")]

    rows = ask([by_head(world.data, VIGNETTES)], Narrow(scores=tuple(0.9 if code == "F32" else 0.1 for code in taxonomy.ids("dsm5"))))
    hits = {row["item"]: row["prediction"][0] for row in rows.to_dicts()}
    assert {v.id for v in VIGNETTES if v.codes and hits[v.id]} == {v.id for v in VIGNETTES if "F41.0" in v.codes}

    class Untrained(Says):
        def supervised(self, head):
            return [0] * len(taxonomy.ids("dsm5"))

    rows = ask([by_head(world.data, VIGNETTES)], Untrained(scores=(0.1,) * len(taxonomy.ids("dsm5"))))
    assert rows["prediction"].explode().is_null().all()
