"""Runs: their ids say what they depend on, and what they wrote is found again."""

import pytest

from pixel_core.artifacts import ArtifactError
from pixel_core.recipe import load_recipe
from pixel_core.training.run_quality import check_checkpoint, check_checkpoints, check_heads, check_learning
from pixel_core.training.runs import (
    alone,
    append_speed,
    finished,
    latest_folder,
    latest_run,
    plan_run,
    read_baselines,
    read_metrics,
    read_run,
    read_speed,
    restart,
    reuse,
    truncate_log,
)
from tests.broken.training import a_run

GOOD = {"language": 4.0, "empathy": 0.3, "emotions": 0.05}


def plan(packed, tmp_path, *overrides):
    return plan_run(packed, tmp_path / "training_run", load_recipe("tiny", overrides))


def test_the_id_names_the_recipe_and_all_that_the_weights_depend_on(packed, tmp_path):
    run = plan(packed, tmp_path)
    assert run.id.startswith("tiny-")
    assert plan(packed, tmp_path) == run
    assert plan(packed, tmp_path, "training.search_trials=9").id == run.id
    assert plan(packed, tmp_path, "evaluation.replies=3").id == run.id
    others = [plan(packed, tmp_path, change).id for change in ("seed=3", "training.steps=5", "model.head_dropout=0.3")]
    assert len({run.id, *others}) == 4


def test_a_planned_run_is_read_back_from_its_folder(packed, tmp_path):
    run = plan(packed, tmp_path, "training.steps=5")
    assert read_run(run.folder) == run
    (run.folder / "run.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"run\.json"):
        read_run(run.folder)


def test_without_a_valid_packed_dataset_nothing_is_planned(tmp_path):
    with pytest.raises(ArtifactError, match="packed"):
        plan(tmp_path / "packed", tmp_path)


def test_a_finished_run_passes_its_checks_and_is_the_latest(tmp_path):
    run = a_run(tmp_path, GOOD)
    runs = run.folder.parent
    assert latest_run(runs) == run.id
    for check in (check_learning, check_heads, check_checkpoints):
        assert check(runs).passed, str(check(runs))
    assert check_checkpoint(run.folder / "checkpoint-2").passed
    assert finished(run).summary.figures["empathy_loss"] == 0.3


def test_a_failing_head_is_named_and_only_it(tmp_path):
    run = a_run(tmp_path, GOOD | {"emotions": 0.2})
    findings = check_heads(run.folder.parent)
    (failed,) = [f for f in findings.failed if f.name.endswith(" loss")]
    assert not findings.passed
    assert failed.reasons == {"emotions_not_below_its_prior": 1}
    assert "0.2000" in failed.observed


def test_a_head_is_judged_by_its_calibrated_loss(tmp_path):
    prior = read_baselines(a_run(tmp_path / "plain", GOOD).folder).priors["emotions"]
    assert check_heads(a_run(tmp_path / "raw", GOOD | {"emotions": 2 * prior}, calibrated=GOOD).folder.parent).passed
    run = a_run(tmp_path / "worse", GOOD, calibrated=GOOD | {"emotions": prior * 1.02}, errors={"emotions": prior * 0.003})
    (failed,) = [f for f in check_heads(run.folder.parent).failed if f.name.endswith(" loss")]
    assert failed.severity == "error"


def test_a_head_just_above_its_prior_is_named_and_too_many_of_them_fail_the_run(tmp_path):
    """The run has two supervised heads: one of them not below its prior is more than a quarter."""
    prior = read_baselines(a_run(tmp_path / "plain", GOOD).folder).priors["emotions"]
    near = a_run(tmp_path / "near", GOOD, calibrated=GOOD | {"emotions": prior * 1.005}, errors={"emotions": prior * 0.003})
    findings = check_heads(near.folder.parent)
    (warned,) = [f for f in findings.failed if f.name.endswith(" loss")]
    assert (warned.severity, warned.reasons) == ("warning", {"emotions_not_below_its_prior": 1})
    assert not findings.passed


def test_a_trained_head_without_validation_labels_is_a_warning(tmp_path):
    run = a_run(tmp_path, {"language": 4.0, "empathy": 0.3})
    findings = check_heads(run.folder.parent)
    assert findings.passed
    assert any("emotions" in f.reasons for f in findings.failed)


def test_a_damaged_run_is_no_run(tmp_path):
    run = a_run(tmp_path, GOOD)
    metrics = run.folder / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace("4.0", "3.0"))
    assert finished(run) is None
    assert not reuse(run)
    with pytest.raises(ArtifactError, match=r"metrics\.jsonl"):
        check_learning(run.folder.parent)


def test_reusing_an_older_run_makes_it_the_latest_again(tmp_path):
    run = a_run(tmp_path, GOOD)
    (run.folder.parent / "latest.json").write_text('{"run": "tiny-ffffffffffff"}')
    assert reuse(run)
    assert latest_folder(run.folder.parent) == run.folder


def test_no_run_is_said_plainly(tmp_path):
    assert latest_run(tmp_path) is None
    with pytest.raises(ArtifactError, match="materialise training_run"):
        latest_folder(tmp_path)


def test_metrics_after_the_resumed_step_are_dropped_and_a_torn_line_too(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 0, "a": 1}\n{"step": 1, "a": 2}\n{"step": 2, "a": 3}\n{"step": 3, "a"')
    assert [line["step"] for line in read_metrics(tmp_path)] == [0, 1, 2]
    truncate_log(tmp_path, 1)
    assert (tmp_path / "metrics.jsonl").read_text() == '{"a": 1, "step": 0}\n{"a": 2, "step": 1}\n'


def test_a_torn_line_of_the_speeds_stops_neither_reading_nor_the_next_note(tmp_path):
    run = a_run(tmp_path, GOOD)
    append_speed(run, {"tokens": 100, "seconds": 2})
    with run.speed_file.open("a") as handle:
        handle.write('{"tokens": 70, "sec')
    assert read_speed(run)["sessions"] == 1
    append_speed(run, {"tokens": 200, "seconds": 1})
    assert read_speed(run) == {"tokens_per_second": 100.0, "training_seconds": 3, "sessions": 2}


def test_restarting_keeps_the_plan_only(tmp_path):
    run = a_run(tmp_path, GOOD)
    append_speed(run, {"tokens": 100, "seconds": 2})
    assert read_speed(run) == {"tokens_per_second": 50.0, "training_seconds": 2.0, "sessions": 1}
    restart(run)
    assert [p.name for p in run.folder.iterdir()] == ["run.json"]
    assert read_speed(run) == {}


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    run = a_run(tmp_path, GOOD)
    with alone(run, 0.0), pytest.raises(ArtifactError, match="being trained by another process"), alone(run, 0.0):
        pass
    with alone(run, 0.0):
        assert finished(run) is not None, "the lock is no part of the run"
