"""Evaluating a checkpoint: once a work key, the same again, never on what it was trained on, never without its base."""

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, Summary, finish, read_manifest
from pixel_core.evaluation import AXES, EvaluationError, HeldOut, compare, evaluate, evaluate_axis, quality, tasks_of
from pixel_core.evaluation import evaluation as stage
from pixel_core.evaluation.held_out import BY_ANSWER, BY_TEXT
from pixel_core.evaluation.reports.card import difference_cell
from pixel_core.evaluation.reports.lines import to_text
from pixel_core.evaluation.scorecard import FIGURES, ITEMS, QUESTIONS, read_scorecard
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.world import RECIPE, RUN

KEY = f"{RUN}.4"


def axis(world, name, out, step=4, **more):
    """Evaluate below `out`; the base is taken from the world where its key is the same."""
    base = out / f"{RUN}.0"
    if not base.exists():
        shutil.copytree(world.artifacts / f"{name}_evaluation" / base.name, base)
    given = {"data": world.data, "packed": world.packed, "recipe": RECIPE} | more
    return evaluate_axis(name, world.run[step], out, **given)


def test_all_axes_hold_their_checks(world):
    for name in AXES:
        folder = world.artifacts / f"{name}_evaluation" / KEY
        for check in (quality.check_figures, quality.check_answers):
            assert check(folder).passed, check(folder)
        assert quality.check_held_out(folder, world.data.training_files).passed


def test_tables_lie_beside_the_answers_that_they_follow_from(world):
    clinical, persona = (world.artifacts / f"{name}_evaluation" / KEY for name in ("clinical", "persona"))
    asked = pl.read_parquet(clinical / ITEMS).filter(task="vignettes_choice").height
    assert pl.read_parquet(clinical / "vignettes_choice.families.parquet")["n"].sum() >= asked > 0
    assert {f"vignettes_{way}.reliability.parquet" for way in ("choice", "head", "text")} <= {p.name for p in clinical.iterdir()}
    assert pl.read_parquet(persona / "persona_sessions.leakage.parquet").height > 0


def test_every_figure_stands_beside_the_base_and_the_base_beside_itself(world):
    later = read_scorecard(world.artifacts / "eq_evaluation" / KEY / FIGURES)
    base = read_scorecard(world.artifacts / "eq_evaluation" / f"{RUN}.0" / FIGURES)
    assert later.base == base.base == f"{RUN}.0"
    for figure in later.figures:
        if figure.status == "measured":
            own = base.figure(figure.name)
            assert figure.base == own.value
            assert figure.difference.value == pytest.approx(figure.value - own.value, abs=2e-6)
            assert (own.difference.value, own.difference.low, own.difference.high) == (0.0, 0.0, 0.0)


def test_the_base_says_the_training_prior(world):
    base = read_scorecard(world.artifacts / "empathy_evaluation" / f"{RUN}.0" / FIGURES)
    assert base.figure("empathy_f1").value == base.figure("empathy_f1").floors["prior"]


def test_domains_without_labels_are_untrained(world):
    card = read_scorecard(world.artifacts / "eq_evaluation" / KEY / FIGURES)
    assert card.figure("eq_emotional_awareness_correlation").status == "untrained"
    assert card.figure("eq_social_cognition_correlation").status == "measured"
    assert card.figure("eq_correlation").untrained == 3
    assert card.figure("mer_f1").value is None


@pytest.mark.parametrize("name", AXES)
def test_any_batch_size_writes_the_same_bytes(world, tmp_path, name):
    recipe = load_recipe("tiny", [*_overrides(), "evaluation.batch_size=3"])
    built = axis(world, name, tmp_path, recipe=recipe)
    first = read_manifest(world.artifacts / f"{name}_evaluation" / KEY)
    assert built.manifest.files == first.files


def test_the_same_key_is_not_worked_on_twice_and_force_comes_to_the_same(world, tmp_path):
    first = axis(world, "persona", tmp_path)
    again = axis(world, "persona", tmp_path)
    forced = axis(world, "persona", tmp_path, force=True)
    assert (first.skipped, again.skipped, forced.skipped) == (False, True, False)
    assert first.manifest == forced.manifest


@pytest.mark.parametrize(
    "override", ["evaluation.bootstrap=60", "evaluation.items=11", "seed=21"], ids=["resamples", "items", "seed of the intervals"]
)
def test_what_changes_the_figures_changes_the_key(world, tmp_path, override):
    axis(world, "persona", tmp_path)
    assert not axis(world, "persona", tmp_path, recipe=load_recipe("tiny", [*_overrides(), override])).skipped


def test_a_new_evaluator_is_new_work(world, tmp_path, monkeypatch):
    axis(world, "persona", tmp_path)
    monkeypatch.setattr(stage, "VERSION", "next")
    assert not axis(world, "persona", tmp_path).skipped


def test_other_answers_to_the_same_key_are_an_error_and_lose_nothing(world, tmp_path):
    built = axis(world, "persona", tmp_path)
    items = pl.read_parquet(built.folder / ITEMS)
    items.with_columns(prediction=pl.col("prediction").list.reverse()).write_parquet(built.folder / ITEMS)
    finish(built.folder, kind="persona_evaluation", version=stage.VERSION, inputs=built.manifest.inputs, summary=Summary())
    before = read_manifest(built.folder)
    with pytest.raises(EvaluationError, match="not deterministic"):
        axis(world, "persona", tmp_path, force=True)
    assert read_manifest(built.folder) == before


def test_one_flipped_byte_is_no_checkpoint(world, tmp_path):
    shutil.copytree(world.run[4].parent, tmp_path / RUN)
    weights = tmp_path / RUN / "checkpoint-4" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-9] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        evaluate_axis("eq", weights.parent, tmp_path / "out", data=world.data, packed=world.packed, recipe=RECIPE)


def test_without_a_base_nothing_is_compared(world, tmp_path):
    shutil.copytree(world.run[4], tmp_path / RUN / "checkpoint-4")
    with pytest.raises(EvaluationError, match="holds no checkpoint-0"):
        evaluate_axis("eq", tmp_path / RUN / "checkpoint-4", tmp_path / "out", data=world.data, packed=world.packed, recipe=RECIPE)


def test_a_checkpoint_of_other_data_is_refused(world, tmp_path):
    other = tmp_path / "packed"
    shutil.copytree(world.packed, other)
    (other / "more").write_text("more")
    finish(other, kind="packed_dataset", version="1", inputs=read_manifest(other).inputs, summary=Summary())
    with pytest.raises(EvaluationError, match="trained on another packed dataset"):
        axis(world, "eq", tmp_path / "out", packed=other)
    mixture = tmp_path / "mixture"
    shutil.copytree(world.data.mixture, mixture)
    (mixture / "more").write_text("more")
    finish(mixture, kind="training_mixture", version="1", inputs={}, summary=Summary())
    data = HeldOut(world.data.scenarios, mixture, world.data.head_examples, world.data.profile)
    with pytest.raises(EvaluationError, match="another training_mixture"):
        axis(world, "eq", tmp_path / "out", data=data)


def test_items_that_stand_in_training_are_left_out_and_counted(world, tmp_path):
    scenarios = tmp_path / "scenarios"
    shutil.copytree(world.data.scenarios, scenarios)
    lines = (scenarios / "eq_items.jsonl").read_text().splitlines()
    asked, said = (turn["content"] for turn in pl.read_parquet(world.data.mixture / "train.parquet")["turns"][0][:2])
    seen, known = json.loads(lines[0]) | {"scenario": asked}, json.loads(lines[1])
    known["choices"][known["answer"]] = said
    (scenarios / "eq_items.jsonl").write_text("\n".join([json.dumps(seen), json.dumps(known), *lines[2:]]) + "\n")
    data = HeldOut(scenarios, world.data.mixture, world.data.head_examples, world.data.profile)
    every = RECIPE.evaluation.model_copy(update={"eq_items": len(lines)})
    task = tasks_of("eq", data, every)[0]
    assert task.excluded == {BY_TEXT: 1, BY_ANSWER: 1}
    assert len(task.questions) == len(lines) - 2
    built = axis(world, "eq", tmp_path / "out", data=data)
    card = read_scorecard(built.folder / FIGURES)
    assert card.figure("eq_overall").excluded == 2
    assert card.tasks["eq_items"].excluded == {BY_TEXT: 1, BY_ANSWER: 1}
    assert card.excluded == {BY_TEXT: 1, BY_ANSWER: 1}
    assert "not asked, answer in training: 1 items" in to_text(card)
    assert built.manifest.summary.figures[f"excluded_{BY_ANSWER}"] == 1
    assert quality.check_held_out(built.folder, data.training_files).passed


def test_evaluate_and_compare_are_all_that_a_notebook_needs(world, tmp_path):
    tasks = tasks_of("persona", world.data, RECIPE.evaluation)
    first = evaluate(world.run[0], tasks, tmp_path / "a")
    second = evaluate(world.run[4], tasks, tmp_path / "b", base=tmp_path / "a")
    assert first.figure("persona_items_f1").base is None
    assert second.figure("persona_items_f1").base == first.figure("persona_items_f1").value
    differences = {d.figure: d for d in compare(tmp_path / "b", tmp_path / "a")}
    assert differences["persona_items_f1"] == second.figure("persona_items_f1").difference
    backwards = {d.figure: d for d in compare(tmp_path / "a", tmp_path / "b")}
    for name, difference in differences.items():
        assert backwards[name].value == -difference.value
        assert (backwards[name].low, backwards[name].high) == pytest.approx((-difference.high, -difference.low), abs=2e-6)


def test_an_item_that_changed_is_not_paired_and_told(world, tmp_path):
    task = next(task for task in tasks_of("persona", world.data, RECIPE.evaluation) if task.name == "persona_items")
    first, *rest = task.questions
    other = replace(first, turns=(*first.turns[:-2], replace(first.turns[-2], content="Something else."), first.turns[-1]))
    evaluate(world.run[0], [task], tmp_path / "a")
    evaluate(world.run[4], [replace(task, questions=(other, *rest[1:]))], tmp_path / "b")
    whole = {d.figure: d for d in compare(tmp_path / "b", tmp_path / "a")}
    pair = whole["persona_items_f1"]
    assert (pair.n, pair.changed, pair.unshared) == (len(rest) - 1, 1, 1)
    assert pair.unpaired == "; left out: 1 changed, 1 of one alone"
    assert difference_cell(pair).text.endswith(pair.unpaired)
    evaluate(world.run[4], [replace(task, questions=tuple(rest[1:]))], tmp_path / "c")
    fewer = {d.figure: d for d in compare(tmp_path / "c", tmp_path / "a")}["persona_items_f1"]
    assert (fewer.changed, fewer.unshared) == (0, 2)
    assert (fewer.value, fewer.low, fewer.high) == (pair.value, pair.low, pair.high)  # the changed item told nothing
    assert not compare(tmp_path / "a", evaluated_as("next", world.run[4], task, tmp_path / "d"))


def evaluated_as(version, checkpoint, task, out):
    evaluate(checkpoint, [replace(task, version=version)], out)
    return out


def test_every_choice_can_be_read_again_from_the_tables_alone(world):
    folder = world.artifacts / "eq_evaluation" / KEY
    asked = pl.read_parquet(folder / QUESTIONS).filter(task="eq_items")
    rows = pl.read_parquet(folder / ITEMS).filter(task="eq_items").join(asked, on=["task", "item"])
    assert rows.height == RECIPE.evaluation.eq_items
    for row in rows.iter_rows(named=True):
        assert len(row["likelihoods"]) == len(row["choices"])
        best = max(range(len(row["choices"])), key=lambda k: row["likelihoods"][k])
        assert row["answer"] == str(best)
        assert row["prediction"] == [float(best in row["right"])]
        assert [row["choices"][place] for place in row["right"] if len(row["choices"][place].split()) > 9] == [
            answer for answer in row["answers"] if len(answer.split()) > 9
        ]
    heads = pl.read_parquet(folder / ITEMS).filter(pl.col("task") == "eq_head")
    assert heads["likelihoods"].null_count() == heads.height > 0


def test_an_unknown_axis_lists_those_there_are(world):
    with pytest.raises(EvaluationError, match="eq, empathy, clinical, persona, dialogue"):
        tasks_of("charm", world.data, RECIPE.evaluation)


def _overrides():
    own = RECIPE.evaluation.model_dump()
    return [f"evaluation.{key}={json.dumps(value)}" for key, value in own.items()]
