"""Real runs on two CPU ranks that are steered: the second breach ends them, and a kill changes nothing."""

import os
import signal
import time

import pytest

from pixel_core.artifacts import verify
from pixel_core.recipe import load_recipe
from pixel_core.training.checkpoints import newest_resumable
from pixel_core.training.launch import INTERRUPTED
from pixel_core.training.run_quality import check_checkpoint
from pixel_core.training.runs import finished, plan_run, read_events, read_metrics
from tests.pixel_core.training.test_loop import assert_same_weights, complete, start

SMALL = ["model.vocabulary=400", "training.sequence_length=128", "training.rows_per_step=4", "training.head_rows_per_step=2"]


@pytest.mark.slow
def test_the_second_breach_stops_the_run_with_its_name_and_keeps_a_checkpoint(packed, tmp_path):
    worse = [
        "training.steps=12",
        "training.learning_rate=0.1",
        "training.warmup=0.0",
        "training.merge=sum",
        "training.guard.divergence=1.01",
    ]
    planned = plan_run(packed, tmp_path / "training_run", load_recipe("tiny", [*SMALL, *worse, "training.validate_every=1"]))
    status, said = complete(planned, packed)
    assert status not in (0, INTERRUPTED)
    events = [(event["event"], event["component"]) for event in read_events(planned.folder)]
    stopped = sorted(name for kind, name in events if kind == "stopped")
    assert stopped
    assert all(events.index(("weight_raised", name)) < events.index(("stopped", name)) for name in stopped)
    assert f"Stopped: {', '.join(stopped)} passed a bound" in said
    kept = newest_resumable(planned.folder)
    assert 0 < kept.step < 12 and check_checkpoint(kept.folder).passed
    assert finished(planned) is None
    status, said = complete(planned, packed)
    assert status not in (0, INTERRUPTED) and f"Stopped: {stopped[0]}" in said, "starting again does not get round the guard"


@pytest.mark.slow
def test_a_killed_run_that_is_steered_ends_with_the_same_weights_and_events(packed, tmp_path):
    steered = [
        "training.steps=6",
        "training.validate_every=2",
        "training.checkpoint_every=2",
        "training.weighting.strategy=gradient_norm",
        "training.weighting.momentum=0.5",
        "training.curriculum.mode=adaptive",
        "training.curriculum.milestones=[-5.0, -4.0]",
        "training.weighting.phases=[{name: foundation, until: 0.5, priorities: {language: 2.0}}]",
        "training.merge=sum",
    ]
    recipe = load_recipe("tiny", [*SMALL, *steered])
    whole, broken = (plan_run(packed, tmp_path / name / "training_run", recipe) for name in ("whole", "broken"))
    status, said = complete(whole, packed)
    assert status == 0, said
    process = start(broken, packed)
    deadline = time.monotonic() + 200
    while not (broken.folder / "checkpoint-2" / "manifest.json").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    status, said = complete(broken, packed)
    assert status == 0, said
    assert_same_weights(whole.folder / "checkpoint-6", broken.folder / "checkpoint-6")
    for name in ("metrics.jsonl", "events.jsonl"):
        assert (whole.folder / name).read_bytes() == (broken.folder / name).read_bytes()
    assert verify(whole.folder / "checkpoint-6").digest == verify(broken.folder / "checkpoint-6").digest
    assert [event["phase"] for event in read_events(whole.folder) if event["event"] == "phase"] == ["foundation", None]
    assert [line["stage"] for line in read_metrics(whole.folder) if "stage" in line] == [1, 1, 2, 2, 2, 2]
    weights = [line["weight_language"] for line in read_metrics(whole.folder) if "weight_language" in line]
    assert len(set(weights)) > 2, "the weights moved"
