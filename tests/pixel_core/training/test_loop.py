"""Real runs of the loop on two CPU ranks: what they leave, that killing one changes nothing, and how they fail."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from pixel_core.artifacts import read_manifest, verify
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training import loop
from pixel_core.training.baselines import PRIORS, label_counts, read_priors
from pixel_core.training.batches import PackedSplit, Share
from pixel_core.training.checkpoints import list_checkpoints, newest_resumable
from pixel_core.training.launch import INTERRUPTED, command, environment, load_cluster
from pixel_core.training.run_quality import check_checkpoint, check_checkpoints, check_heads, check_learning
from pixel_core.training.runs import finished, latest_run, plan_run, read_baselines, read_metrics, read_run
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import load_tokenizer
from pixel_core.training.validation import validate

CLUSTER = load_cluster("local-cpu")


def start(run, packed, *more, cluster="local-cpu", **env):
    line = command(
        load_cluster(cluster), "pixel_assets.train_entry", ["--run", str(run.folder), "--packed", str(packed), "--cluster", cluster, *more]
    )
    own = os.environ | environment(load_cluster(cluster)) | env
    return subprocess.Popen(line, env=own, stderr=subprocess.PIPE, text=True, start_new_session=True)


def complete(run, packed, *more, **env):
    process = start(run, packed, *more, **env)
    _, said = process.communicate(timeout=280)
    return process.returncode, said


def weights_of(folder):
    return load_file(folder / "model.safetensors") | load_file(folder / "pixel" / "heads.safetensors")


def assert_same_weights(first, second):
    a, b = weights_of(first), weights_of(second)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def run(packed, recipe, tmp_path_factory):
    """A finished run of four steps; tests read it and never change it."""
    planned = plan_run(packed, tmp_path_factory.mktemp("home") / "training_run", recipe)
    status, said = complete(planned, packed)
    assert status == 0, said
    return planned


def test_a_finished_run_is_a_valid_artifact_and_the_latest(run):
    assert finished(run) is not None
    assert latest_run(run.folder.parent) == run.id
    assert read_run(run.folder) == run
    assert [c.step for c in list_checkpoints(run.folder)[0]] == [0, 2, 4]
    assert newest_resumable(run.folder).step == 4
    assert not list(run.folder.glob(".*"))


def test_it_learned_the_language_of_the_fixture(run):
    figures = read_manifest(run.folder).summary.figures
    assert figures["language_loss"] < figures["language_loss_first"] - 0.5
    findings = {f.name: f.passed for f in check_learning(run.folder.parent).items}
    assert findings["language loss, against checkpoint-0"]


def test_checkpoint_0_predicts_the_training_prior(run):
    first = next(line for line in read_metrics(run.folder) if "validation_language" in line)
    baselines = read_baselines(run.folder)
    assert set(baselines.priors) == {"emotions", "empathy", "persona"}
    for head, prior in baselines.priors.items():
        assert first[f"validation_{head}"] == pytest.approx(prior, rel=0.01)  # bf16 keeps about three digits of a bias


def test_every_checkpoint_loads_in_plain_transformers_and_as_a_pixel_model(run):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for checkpoint in list_checkpoints(run.folder)[0]:
        plain = AutoModelForCausalLM.from_pretrained(checkpoint.folder)
        ids = AutoTokenizer.from_pretrained(checkpoint.folder)("I cried again", return_tensors="pt").input_ids
        assert plain(ids).logits.isfinite().all()
        model = PixelModel.load(checkpoint.folder)
        assert sum(model.supervised["emotions"]) > 0 == sum(model.supervised["clinical"])
        assert sum(model.sources["emotions"].values()) and "clinical" not in model.sources
        assert check_checkpoint(checkpoint.folder).passed
    assert check_checkpoints(run.folder.parent).passed


def test_two_ranks_see_what_one_process_sees(run, packed):
    """The losses of the first step over two ranks are those of the whole batch in one process: global denominators, no row twice."""
    split, training = PackedSplit(packed, "train"), run.training
    model = PixelModel.from_backbone(
        run.model, load_tokenizer(packed / "tokenizer"), seed=run.seed, priors=read_priors(packed / PRIORS), supervised=label_counts(split)
    )
    step = TrainingStep(model, training.weights, training.merge).eval()
    (batch,) = split.step(1, rows=training.rows_per_step, head_rows=training.head_rows_per_step, seed=run.seed, share=Share())
    with torch.no_grad():
        whole = step(batch, step.counts(batch)).parts
    told = next(line for line in read_metrics(run.folder) if "train_language" in line)
    for name in ("language", "emotions", "empathy", "persona"):
        assert told[f"train_{name}"] == pytest.approx(float(whole[name]), rel=0.02)


def test_the_picture_is_small_enough_for_metadata(run):
    data = (run.folder / "curves.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 200_000


def test_no_clock_stands_in_the_run(run):
    text = (run.folder / "manifest.json").read_text() + (run.folder / "metrics.jsonl").read_text()
    assert "second" not in text
    assert json.loads((run.folder.parent / f".{run.id}.speed.jsonl").read_text())["tokens"] > 0


@pytest.mark.slow
def test_a_killed_run_continues_and_ends_with_the_same_weights(run, packed, recipe, tmp_path):
    again = plan_run(packed, tmp_path / "training_run", recipe)
    process = start(again, packed)
    deadline = time.monotonic() + 120
    while not (again.folder / "checkpoint-2" / "manifest.json").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert finished(again) is None
    status, said = complete(again, packed)
    assert status == 0, said
    assert "continues from step 2" in said
    assert_same_weights(run.folder / "checkpoint-4", again.folder / "checkpoint-4")
    assert (run.folder / "metrics.jsonl").read_bytes() == (again.folder / "metrics.jsonl").read_bytes()
    assert verify(run.folder / "checkpoint-4").digest == verify(again.folder / "checkpoint-4").digest


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_between_checkpoints_and_leaves(packed, tmp_path, number):
    recipe = load_recipe(
        "tiny", ["training.sequence_length=128", "training.steps=500", "training.checkpoint_every=400", "training.rows_per_step=2"]
    )
    planned = plan_run(packed, tmp_path / "training_run", recipe)
    process = start(planned, packed)
    deadline = time.monotonic() + 120
    while not any("train_language" in line and line["step"] > 3 for line in _metrics(planned)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    saved = newest_resumable(planned.folder)
    assert 3 < saved.step < 400
    assert finished(planned) is None


@pytest.mark.parametrize(("last", "written"), [(10, []), (9, [10])])
def test_an_interrupt_leaves_a_checkpoint_of_the_same_step_as_it_was_judged(last, written):
    """Else a calibrated checkpoint would be replaced by a raw one, for good: a resumed run does not validate that step again."""
    trainer, calls = object.__new__(loop._Trainer), []
    trainer.rank, trainer.kept, trainer.told = 1, SimpleNamespace(close=lambda: None), SimpleNamespace(log=lambda _: None)
    trainer.steering, trainer.saved = SimpleNamespace(require_safe=lambda _: None), last
    trainer.run = SimpleNamespace(training=SimpleNamespace(steps=300, probe=SimpleNamespace(every=0)))
    trainer._resume, trainer._advance = lambda: 10, lambda step, interrupts: None
    trainer._checkpoint = lambda step, figures, judged: calls.append(step)
    assert trainer.go(SimpleNamespace(reason="SIGTERM")).step == 10
    assert calls == written


def _metrics(run):
    return read_metrics(run.folder) if (run.folder / "metrics.jsonl").is_file() else []


@pytest.mark.slow
def test_the_ranks_leave_when_whoever_started_them_is_gone(packed, tmp_path):
    recipe = load_recipe(
        "tiny", ["training.sequence_length=128", "training.steps=500", "training.checkpoint_every=400", "training.rows_per_step=2"]
    )
    planned = plan_run(packed, tmp_path / "training_run", recipe)
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    process = start(planned, packed, PIXEL_PARENT_PID=str(parent.pid))
    deadline = time.monotonic() + 120
    while not any("train_language" in line for line in _metrics(planned)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert f"the end of process {parent.pid}" in said
    assert newest_resumable(planned.folder).step > 0


@pytest.mark.slow
def test_a_diverging_run_stops_with_its_reason_and_saves_nothing_broken(packed, tmp_path):
    recipe = load_recipe(
        "tiny", ["training.sequence_length=128", "training.learning_rate=1e30", "training.steps=40", "training.warmup=0.0"]
    )
    planned = plan_run(packed, tmp_path / "training_run", recipe)
    status, said = complete(planned, packed)
    assert status not in (0, INTERRUPTED)
    assert "Diverged" in said
    assert "learning rate" in said or "learning_rate" in said
    assert all(check_checkpoint(c.folder).passed for c in list_checkpoints(planned.folder)[0])


@pytest.mark.slow
def test_a_run_of_other_ranks_is_not_continued_silently(run, packed, tmp_path):
    alone = tmp_path / "alone.yaml"
    alone.write_text(
        "\n".join(f"{k}: {'null' if v is None else v}" for k, v in (CLUSTER.model_dump() | {"ranks": 1, "name": "alone"}).items())
    )
    (run.folder / "manifest.json").rename(tmp_path / "manifest.json")
    try:
        status, said = complete(run, packed, cluster=str(alone))
    finally:
        (tmp_path / "manifest.json").rename(run.folder / "manifest.json")
    assert status not in (0, INTERRUPTED)
    assert "written by 2 ranks and 1 are here" in said


@pytest.mark.slow
def test_accumulating_gradients_gives_the_same_weights_as_ranks_do(run, packed, recipe, tmp_path):
    alone = tmp_path / "alone.yaml"
    own = CLUSTER.model_dump() | {"ranks": 1, "name": "alone", "rows_per_rank": 2}
    alone.write_text("\n".join(f"{k}: {'null' if v is None else v}" for k, v in own.items()))
    planned = plan_run(packed, tmp_path / "training_run", recipe)
    status, said = complete(planned, packed, cluster=str(alone))
    assert status == 0, said
    ranks, accumulated = weights_of(run.folder / "checkpoint-4"), weights_of(planned.folder / "checkpoint-4")
    for name, tensor in ranks.items():
        assert torch.allclose(tensor.float(), accumulated[name].float(), atol=0.02), name


def test_heads_that_fail_are_named(run):
    findings = check_heads(run.folder.parent)
    last = read_manifest(run.folder).summary.figures
    for finding in findings.items:
        head = finding.name.removesuffix(" loss")
        if head in ("emotions", "empathy", "persona"):
            assert finding.passed == (last[f"{head}_calibrated_loss"] < last[f"{head}_prior_loss"])
            assert list(finding.reasons) == [f"{head}_not_below_its_prior"]


def test_the_stored_heads_are_shrunk_as_the_checkpoint_says(run, packed):
    """What a loaded checkpoint loses on the validation split is the loss at its own scales, not that of the weights in training."""
    record = json.loads((run.folder / "checkpoint-4" / "pixel" / "config.json").read_text())
    assert set(record["scales"]) == {"emotions", "empathy", "persona"}
    model = PixelModel.load(run.folder / "checkpoint-4", dtype=torch.float32)
    step = TrainingStep(model, run.training.weights)
    found = validate(step, step, PackedSplit(packed, "validation").everything(rows=2, share=Share()), "cpu", dict)
    assert all(fitted.scale == 1 for fitted in found.calibrations.values()), "a stored head wants to be shrunk once more"
