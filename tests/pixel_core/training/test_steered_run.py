"""Real runs on two CPU ranks that are steered: the second breach ends them, and a kill changes nothing."""

import os
import signal
import time
from dataclasses import replace

import pytest

from pixel_core.artifacts import verify
from pixel_core.conversation import Conversation, Label
from pixel_core.model.heads import EMPATHY, OBJECTIVES
from pixel_core.recipe import load_recipe
from pixel_core.training.checkpoints import newest_resumable
from pixel_core.training.data import pack_dataset
from pixel_core.training.launch import INTERRUPTED
from pixel_core.training.run_quality import check_checkpoint
from pixel_core.training.runs import finished, plan_run, read_events, read_metrics
from tests.pixel_core.model.small import labelled_dialogue
from tests.pixel_core.training.conftest import WHERE, post, write_artifact
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


def session(index, split):
    """A client told of every head twice, answered by a formula and then by what asks on, by an assistant and then by a therapist."""
    turns = []
    for number, levels in ((index, (2, 0, 0)), (index + 1, (0, 2, 2))):
        _, client, helper = labelled_dialogue(number)
        own = [label for label in helper.labels if label.head != "empathy"]
        own += [Label(f"empathy.{name}", level, "human") for name, level in zip(EMPATHY, levels, strict=True)]
        turns += [client, replace(helper, labels=tuple(own))]
    return Conversation(tuple(turns), ("personality", "mental_health")[index % 2], f"{split}-{index}", 1 + index % 4, WHERE)


@pytest.fixture(scope="module")
def told_of_everything(tmp_path_factory, recipe):
    """A packed dataset with labels of every head, and of turns one after another, in both splits."""
    home = tmp_path_factory.mktemp("everything")
    of = {split: [session(index, split) for index in range(count)] for split, count in (("train", 20), ("validation", 10))}
    mixture = write_artifact(home / "training_mixture", of)
    examples = write_artifact(home / "head_examples", {split: [post(k, split) for k in range(6)] for split in of})
    pack_dataset(mixture, examples, home / "packed", model=recipe.model, training=recipe.training, seed=recipe.seed)
    return home / "packed"


@pytest.mark.slow
@pytest.mark.timeout(900)  # three starts of two ranks: a minute on free cores, ten where others compute too
def test_a_killed_run_under_all_that_steers_ends_with_the_same_weights_and_events(told_of_everything, tmp_path):
    packed = told_of_everything
    steered = [
        "training.steps=6",
        "training.validate_every=2",
        "training.checkpoint_every=2",
        "training.weights={" + ", ".join(f"{name}: 1.0" for name in OBJECTIVES) + "}",
        "training.weighting.strategy=gradient_norm",
        "training.weighting.momentum=0.5",
        "training.weighting.phases=[{name: foundation, until: 0.5, priorities: {language: 2.0}}]",
        "training.curriculum.mode=adaptive",
        "training.curriculum.milestones=[-5.0, -4.0]",
        "training.curriculum.staged_empathy=true",
        "training.turn_losses={contrast: 0.5, consistency: 0.5, transition: 0.5}",
        "training.probe={every: 1, rows: 4, tolerance: 0.001}",
        "training.guard={divergence: 3.0, crisis_recall: 0.999, appropriateness: 0.999, after: 0.7}",
        "training.merge=upgrad",
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
    events, lines = read_events(whole.folder), read_metrics(whole.folder)
    assert [event["phase"] for event in events if event["event"] == "phase"] == ["foundation", None]
    assert [line["stage"] for line in lines if "stage" in line] == [1, 1, 2, 2, 2, 2]
    weights = [line["weight_language"] for line in lines if "weight_language" in line]
    assert len(set(weights)) > 2, "the weights moved"
    for loss in ("contrast", "consistency", "transition"):
        assert [line for line in lines if line.get(f"train_{loss}")], f"no pair of turns ever cost {loss} anything"
        assert sum(f"validation_{loss}" in line for line in lines) == 4
    assert sum("probe_clinical_top3" in line and "probe_eq" in line for line in lines) == 6
    assert {event["figure"] for event in events if event["event"].startswith("probe_")} <= {"probe_clinical_top3", "probe_eq"}
    raised = {event["component"]: event["figure"] for event in events if event["event"] == "weight_raised"}
    assert raised, "a head of six steps misses somebody in danger"
    assert raised.items() <= {"crisis": "crisis_recall", "appropriateness": "appropriateness"}.items()
    assert [line for line in lines if line["step"] == 6 and {"safety_crisis_recall", "safety_appropriateness"} <= line.keys()]
