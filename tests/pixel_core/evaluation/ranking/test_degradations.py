"""Degradations: each breaks just what it says, the instrument that should shows it, and promotion refuses it by its axis."""

import json
import logging
from collections import Counter

import pytest
import torch
from safetensors.torch import load_file

from pixel_core.artifacts import ArtifactError, Summary, finish, verify
from pixel_core.conversation import Turn
from pixel_core.evaluation import build_leaderboard, build_promotion, build_scorecard, evaluate_checkpoint, quality, read_pointer
from pixel_core.evaluation.candidate import checkpoint_manifest, key_of
from pixel_core.evaluation.evaluation import Settings, Told, build_answers, tasks_of
from pixel_core.evaluation.figures import AXES
from pixel_core.evaluation.ranking.degradations import (
    DEGRADATIONS,
    TruncatedReplies,
    flip_persona,
    noise_language,
    shuffle_heads,
    wrong_labels,
)
from pixel_core.evaluation.ranking.promotion import DECISION
from pixel_core.evaluation.respondents.checkpoint import CheckpointRespondent
from pixel_core.evaluation.scorecard import SCORECARD, EvaluationError, compare, read_scorecard
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.evaluation import learnable
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.world import labelled, small_model, speech

EMPATHY = "by_name.empathy.predict.weight"
logger = logging.getLogger(__name__)
DIALOGUES = [(Turn("user", "client", speech(f"asked:{n}")), Turn("assistant", "therapist", speech(f"said:{n}"))) for n in range(3)]


def weights(folder):
    return load_file(folder / "pixel" / "heads.safetensors")


def respondent(folder):
    return CheckpointRespondent(folder)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A small checkpoint with random heads, not to be altered."""
    folder = tmp_path_factory.mktemp("whole") / "small-0123456789ab" / "checkpoint-4"
    folder.mkdir(parents=True)
    texts = [speech(f"text:{n}", 40) for n in range(30)] + ["system user assistant"]
    small_model(train_tokenizer(texts, 400), 4).save(folder)
    finish(folder, kind="checkpoint", version="1", inputs={"packed_dataset": "1" * 64}, summary=Summary(figures={"step": 4}))
    return folder


def test_shuffled_heads_say_of_one_output_what_they_said_of_another(source, tmp_path):
    shuffle_heads(source, tmp_path / "checkpoint-5", "a")
    before, after = weights(source), weights(tmp_path / "checkpoint-5")
    assert sorted(map(tuple, after[EMPATHY].tolist())) == sorted(map(tuple, before[EMPATHY].tolist()))
    assert not any(torch.equal(a, b) for a, b in zip(after[EMPATHY], before[EMPATHY], strict=True))
    trained = [k for k, count in enumerate(respondent(source).supervised("clinical")) if count]
    moved = [
        k for k in range(100) if not torch.equal(after["by_name.clinical.predict.weight"][k], before["by_name.clinical.predict.weight"][k])
    ]
    assert moved == trained  # what was never trained must not come to speak
    assert (
        shuffle_heads(source, tmp_path / "checkpoint-6", "a").files["pixel/heads.safetensors"]
        == verify(tmp_path / "checkpoint-5").files["pixel/heads.safetensors"]
    )


def test_a_flipped_persona_changes_nothing_but_who_should_speak(source, tmp_path):
    flip_persona(source, tmp_path / "checkpoint-5")
    for mine, theirs in zip(
        respondent(tmp_path / "checkpoint-5").heads(DIALOGUES, [1] * 3), respondent(source).heads(DIALOGUES, [1] * 3), strict=True
    ):
        assert mine["persona"].scores == theirs["persona"].scores[::-1]
        assert {name: said for name, said in mine.items() if name != "persona"} == {n: s for n, s in theirs.items() if n != "persona"}


def test_noise_on_the_language_head_leaves_what_heads_say(source, tmp_path):
    noise_language(source, tmp_path / "checkpoint-5", "a", scale=2.0)
    mine, theirs = respondent(tmp_path / "checkpoint-5"), respondent(source)
    assert mine.heads(DIALOGUES, [1] * 3) == theirs.heads(DIALOGUES, [1] * 3)
    learned = [tuple(Turn(t.role, t.part, t.content, learn=t.role == "assistant") for t in dialogue) for dialogue in DIALOGUES]
    noised, whole = mine.losses(learned, []), theirs.losses(learned, [])
    assert sum(loss.nats for loss in noised) > sum(loss.nats for loss in whole)


def test_copies_are_checkpoints_that_name_where_they_come_from_and_replace_nothing(source, tmp_path):
    for break_it in (lambda out: shuffle_heads(source, out, "a"), lambda out: noise_language(source, out, "a")):
        out = tmp_path / f"run-{len(list(tmp_path.iterdir()))}" / "checkpoint-5"
        break_it(out)
        manifest = checkpoint_manifest(out)
        assert manifest.inputs == verify(source).inputs
        assert manifest.summary.figures["step"] == 5
        with pytest.raises(EvaluationError, match="exists"):
            break_it(out)
    with pytest.raises(ArtifactError):
        shuffle_heads(tmp_path, tmp_path / "checkpoint-6", "a")


def test_wrong_labels_are_those_of_somebody_else():
    right = [labelled("train", n) for n in range(9)]
    wrong = wrong_labels(right, "a")
    assert wrong == wrong_labels(right, "a") != wrong_labels(right, "b")
    for t in (0, 1):
        mine, theirs = ([c.turns[t].labels for c in conversations] for conversations in (wrong, right))
        assert Counter(mine) == Counter(theirs)
        assert all(a is not b for a, b in zip(mine, theirs, strict=True))
    assert [[turn.content for turn in c.turns] for c in wrong] == [[turn.content for turn in c.turns] for c in right]


class Talking(Knowing):
    """Says what it was told, in so many words."""

    def replies(self, dialogues, part, max_new_tokens):
        return [f"{part} heard: {dialogue[-1].content}" for dialogue in dialogues]

    def likelihoods(self, dialogues, choices):
        return [[float(len(choice)) for choice in given] for given in choices]


def test_truncated_replies_are_all_that_differs():
    whole = Talking([])
    cut = TruncatedReplies(whole, words=3)
    asked = [dialogue[:1] for dialogue in DIALOGUES]
    assert cut.replies(asked, "therapist", 12) == [f"therapist heard: {dialogue[0].content.split()[0]}" for dialogue in DIALOGUES]
    assert cut.heads(DIALOGUES, [1] * 3) == whole.heads(DIALOGUES, [1] * 3)
    assert (cut.supervised("eq"), cut.prior("eq")) == (whole.supervised("eq"), whole.prior("eq"))
    choices = [("a", "bc")] * 3
    assert cut.likelihoods(asked, choices) == whole.likelihoods(asked, choices)
    assert cut.losses(DIALOGUES, []) == whole.losses(DIALOGUES, [])


GOOD, STEPS = 100, {name: 200 + place for place, name in enumerate(DEGRADATIONS)}


class Trial:
    """A trained checkpoint that was promoted, and broken ones that come after it."""

    def __init__(self, home):
        self.world = learnable.Learnable(home)
        self.artifacts = self.world.artifacts
        self.world.train(0, steps=0)
        self.good = self.world.train(GOOD)
        for step in (0, GOOD):
            self.evaluate(step)
        self.decide()

    def evaluate(self, step):
        folder = self.world.folder(step)
        evaluate_checkpoint(folder, self.artifacts, data=self.world.data, packed=self.world.packed, recipe=learnable.RECIPE)

    def decide(self):
        names = ("leaderboard", "scorecard", "training_run", "promotion")
        board, cards, runs, out = (self.artifacts / name for name in names)
        build_leaderboard(cards, board)
        built = build_promotion(board, cards, runs, out)
        assert quality.check_promotion(built.folder, runs).passed
        return json.loads((out / DECISION).read_text())

    def card(self, step):
        return read_scorecard(self.artifacts / "scorecard" / f"{learnable.RUN}.{step}" / SCORECARD)

    def difference(self, step, figure):
        """The figure of a step minus that of the good checkpoint."""
        good, other = (self.artifacts / "scorecard" / f"{learnable.RUN}.{s}" for s in (GOOD, step))
        return next(d for d in compare(other, good) if d.figure == figure)

    def degrade(self, name):
        """Write and evaluate the broken checkpoint of this name."""
        step = STEPS[name]
        out = self.world.folder(step)
        if name == "heads_shuffled":
            shuffle_heads(self.good, out, "20")
        elif name == "language_noised":
            noise_language(self.good, out, "20")
        elif name == "persona_flipped":
            flip_persona(self.good, out)
        elif name == "wrong_labels":
            self.world.train(step, self.world.mislabelled)
        else:
            shuffle_heads(self.good, out, "20", heads=())  # the same weights: it is the replies that break off
            self.evaluate_truncated(out)
            return step
        self.evaluate(step)
        return step

    def evaluate_truncated(self, checkpoint):
        manifest = checkpoint_manifest(checkpoint)
        key, settings, recipe = key_of(checkpoint), Settings.of(learnable.RECIPE), learnable.RECIPE.evaluation
        respond = TruncatedReplies(respondent(checkpoint))
        folders = {}
        for axis in AXES:
            below = self.artifacts / f"{axis}_evaluation"
            told = Told(key, manifest.digest, manifest.inputs)
            base, kind = below / f"{learnable.RUN}.0", f"{axis}_evaluation"
            tasks = tasks_of(axis, self.world.data, recipe)
            folders[axis] = build_answers(told, lambda: respond, tasks, below / key, base=base, settings=settings, kind=kind).folder
        build_scorecard(folders, self.artifacts / "scorecard" / key)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return Trial(tmp_path_factory.mktemp("degraded"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_trained_checkpoint_stands_two_interval_widths_above_its_floors_and_is_promoted(trial):
    assert read_pointer(trial.artifacts / "promotion") == f"{learnable.RUN}.{GOOD}"
    for name, degradation in DEGRADATIONS.items():
        figure = trial.card(GOOD).figure(degradation.figure)
        above = (figure.floor - figure.value) if figure.lower_is_better else figure.value - figure.floor
        logger.info("%s: %s %.3f [%.3f, %.3f], floor %.3f", name, figure.name, figure.value, figure.low, figure.high, figure.floor)
        assert figure.axis == degradation.axis
        assert above >= 2 * (figure.high - figure.low) and above > 0, name


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_degradation_is_caught_by_its_instrument_and_refused_by_its_axis(trial, name):
    degradation = DEGRADATIONS[name]
    step = trial.degrade(name)
    fall = trial.difference(step, degradation.figure)
    decision = trial.decide()
    entry = next(e for e in decision["considered"] if e["checkpoint"] == f"{learnable.RUN}.{step}")
    told = entry["axes"][degradation.axis]
    why = {axis: entry["axes"][axis]["falls"] for axis in entry["falls"]}
    logger.info("%s: %s %+.3f [%+.3f, %+.3f]; refused by %s", name, fall.figure, fall.value, fall.low, fall.high, why)
    assert fall.worse
    assert not entry["promoted"]
    assert degradation.axis in entry["falls"]
    assert any(reason.endswith("below last promoted") for reason in told["falls"])
    assert read_pointer(trial.artifacts / "promotion") == f"{learnable.RUN}.{GOOD}"
