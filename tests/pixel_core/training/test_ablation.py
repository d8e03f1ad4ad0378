"""The ablation: paired by seed, plain about no gain, and resumable run by run."""

import json

import polars as pl
import pytest
import torch
from scipy.stats import ttest_1samp

from pixel_core.__main__ import main
from pixel_core.artifacts import ArtifactError
from pixel_core.recipe import load_recipe
from pixel_core.training.ablation import ARMS, PICTURE, RUN, RUNS, STEPS, TABLE, TEXT, ablate, arms_of
from pixel_core.training.ablation_table import paired_interval, summarise, to_markdown
from pixel_core.training.bench import Bench, Seen
from pixel_core.training.validation import Validation

RECIPE = load_recipe("tiny", ["training.rows_per_step=2", "training.head_rows_per_step=2", "training.learning_rate=1e-3"])
FEW = {"seeds": (1, 2), "steps": 2, "held_out": 3, "arms": arms_of(["upgrad", "sum-curriculum"])}


def compared(packed, out, **more):
    return ablate(packed, out, model=RECIPE.model, training=RECIPE.training, **{**FEW, **more})


@pytest.fixture(scope="module")
def found(packed, tmp_path_factory):
    return compared(packed, tmp_path_factory.mktemp("ablation") / "ablation")


class Killed(Exception):
    """What a test kills an ablation with."""


def quick(monkeypatch, die_at=None):
    """Let every run have figures that follow from arm and seed; the process dies when the run of this number begins."""
    begun = []

    def train(self, training, seed, *, purpose, watch):
        if len(begun) == die_at:
            raise Killed
        begun.append((training.merge, training.curriculum.mode, seed))
        gramian = torch.tensor([[1.0, -seed / 10], [-seed / 10, 1.0]])
        watch(Seen(1, {"language": 5.0, "empathy": 1.0}, ("language", "empathy"), gramian, torch.ones(2)))
        return Validation({"language": 5.0 - seed / 10 - len(training.merge) / 100}, {}, {})

    monkeypatch.setattr(Bench, "train", train)
    return begun


def test_the_seven_arms_differ_in_weighting_merging_and_curriculum_alone():
    own = {arm.name: arm.of(RECIPE.training, 5) for arm in ARMS}
    told = {name: (training.weighting.strategy, training.merge, training.curriculum.mode) for name, training in own.items()}
    assert told == {
        "sum": ("fixed", "sum", "none"),
        "uncertainty": ("uncertainty", "sum", "none"),
        "random": ("random", "sum", "none"),
        "pcgrad": ("fixed", "pcgrad", "none"),
        "upgrad": ("fixed", "upgrad", "none"),
        "sum-curriculum": ("fixed", "sum", "scheduled"),
        "upgrad-curriculum": ("fixed", "upgrad", "scheduled"),
    }
    base = own["sum"].model_dump()
    assert all({k for k, v in t.model_dump().items() if v != base[k]} <= {"merge", "weighting", "curriculum"} for t in own.values())


def test_every_arm_sees_the_same_seeds_and_its_own_way_of_training(found):
    rows = pl.read_parquet(found.folder / RUNS)
    assert rows.select("arm", "seed").rows() == [(arm.name, seed) for arm in FEW["arms"] for seed in (1, 2)]
    assert rows["score"].n_unique() == rows.height
    assert rows["conflict_share"].is_between(0, 1).all()
    assert (found.folder / PICTURE).read_bytes().startswith(b"\x89PNG")
    steps = pl.read_parquet(found.folder.with_name("ablation.runs") / "upgrad.1" / STEPS)
    assert steps["step"].to_list() == [1, 2]
    assert {"merged_language", "gradient_emotions", "train_empathy"} <= set(steps.columns)
    merged = steps.select(pl.col("^merged_.*$")).to_numpy()
    plain = pl.read_parquet(found.folder.with_name("ablation.runs") / "sum.1" / STEPS).select(pl.col("^merged_.*$")).to_numpy()
    assert (plain[plain == plain] == 1).all()  # noqa: PLR0124 - NaN
    assert (merged[merged == merged] != 1).any()  # noqa: PLR0124


def test_the_same_ablation_gives_the_same_bytes_and_is_not_run_twice(found, packed, tmp_path, monkeypatch):
    assert compared(packed, tmp_path / "again").manifest.files == found.manifest.files
    begun = quick(monkeypatch)
    assert compared(packed, found.folder).skipped
    assert not begun


def test_a_killed_ablation_goes_on_where_it_stood_and_comes_to_the_same_bytes(packed, tmp_path, monkeypatch):
    quick(monkeypatch)
    whole = compared(packed, tmp_path / "whole")
    quick(monkeypatch, 4)
    with pytest.raises(Killed):
        compared(packed, tmp_path / "ablation")
    assert not (tmp_path / "ablation").exists()
    begun = quick(monkeypatch)
    assert compared(packed, tmp_path / "ablation").manifest.files == whole.manifest.files
    assert begun == [("upgrad", "none", 2), ("sum", "scheduled", 2)]


def test_a_run_that_was_altered_is_trained_again_and_a_longer_ablation_adds_what_is_new(packed, tmp_path, monkeypatch):
    begun = quick(monkeypatch)
    first = compared(packed, tmp_path / "ablation", arms=arms_of(["upgrad"]))
    (tmp_path / "ablation.runs" / "upgrad.2" / RUN).write_text("{}")
    del begun[:]
    assert compared(packed, tmp_path / "ablation", arms=arms_of(["upgrad"]), force=True).manifest.files == first.manifest.files
    assert begun == [("upgrad", "none", 2)]
    del begun[:]
    longer = compared(packed, tmp_path / "ablation", arms=arms_of(["upgrad", "pcgrad"]), seeds=(1, 2, 3))
    assert set(begun) == {("pcgrad", "none", 1), ("pcgrad", "none", 2)} | {(merge, "none", 3) for merge in ("sum", "pcgrad", "upgrad")}
    assert json.loads((longer.folder / TABLE).read_text())["seeds"] == [1, 2, 3]


def test_the_score_is_the_mean_gain_of_calibrated_losses(found):
    for row in pl.read_parquet(found.folder / RUNS).iter_rows(named=True):
        own = {pair["objective"]: pair["value"] for pair in row["gains"]}
        assert {"language", "emotions", "empathy", "persona"} == set(own)
        assert row["score"] == pytest.approx(sum(own.values()) / len(own), abs=1e-5)


def test_what_is_not_finite_is_a_result_without_figures(packed, tmp_path):
    wild = RECIPE.training.model_copy(update={"learning_rate": 1e30})
    built = ablate(
        packed, tmp_path / "wild", model=RECIPE.model, training=wild, seeds=(1, 2), steps=2, held_out=1, arms=arms_of(["upgrad"])
    )
    text = (built.folder / TEXT).read_text()
    assert built.summary.figures["diverged"] == 4 == text.count(", diverged: ")
    assert "Not compared, since a run diverged: `upgrad`" in text and "No gain" not in text
    assert pl.read_parquet(built.folder / RUNS)["score"].null_count() == 4


def run(arm, seed, score, conflict=0.2):
    gain = {"language": score, "empathy": score}
    told = {"score": score, "conflict_share": conflict, "cosine_lowest": -0.1, "gains": gain, "conflicts": {"language_empathy": conflict}}
    return {"arm": arm, "seed": seed, "diverged": False, "reason": "", **told}


@pytest.mark.parametrize(("scores", "verdict"), [((0.3, 0.4, 0.52), "gain"), ((0.3, 0.1, 0.31), "even"), ((-0.3, -0.2, -0.12), "loss")])
def test_a_verdict_follows_from_the_paired_interval(scores, verdict):
    base = (0.1, 0.2, 0.3)
    runs = [run("sum", seed, own) for seed, own in enumerate(base)] + [run("pcgrad", seed, own) for seed, own in enumerate(scores)]
    row = summarise(runs)["arms"]["pcgrad"]["score"]
    differences = [own - other for own, other in zip(scores, base, strict=True)]
    assert row["interval"] == pytest.approx(ttest_1samp(differences, 0).confidence_interval(0.95), abs=1e-5)
    assert row["difference"] == pytest.approx(sum(differences) / 3, abs=1e-5)
    assert row["verdict"] == verdict


def test_no_gain_is_said_plainly():
    runs = [run(arm, seed, 0.1 * seed) for arm in ("sum", "random") for seed in (1, 2, 3)]
    found = summarise(runs)
    assert "No gain: no arm scores above `sum`" in found["conclusion"]
    assert "Not told apart from `sum`: `random`." in to_markdown({"steps": 5, **found})


def test_a_gain_is_named_as_one():
    runs = [run(arm, seed, 0.1 * seed + more + 0.01 * seed * more) for arm, more in (("sum", 0), ("pcgrad", 1)) for seed in (1, 2, 3)]
    assert summarise(runs)["conclusion"] == "Above `sum`: `pcgrad`."


def test_the_interval_narrows_as_seeds_are_added():
    low, high = paired_interval([0.1, 0.2, 0.3])
    closer, nearer = paired_interval([0.1, 0.2, 0.3] * 3)
    assert low < closer < 0.2 < nearer < high


def test_what_cannot_be_compared_is_refused(packed, tmp_path):
    with pytest.raises(ValueError, match="begin with sum"):
        compared(packed, tmp_path / "a", arms=ARMS[1:])
    with pytest.raises(ValueError, match="two seeds or more; 1 was given"):
        compared(packed, tmp_path / "b", seeds=(1, 1))
    with pytest.raises(ArtifactError):
        compared(tmp_path / "nothing", tmp_path / "c")


def test_the_command_prints_the_table_or_what_is_wrong(packed, tmp_path, capsys, monkeypatch):
    given = ["--steps", "1", "--seeds", "1", "2", "--held-out", "1", "--arms", "random", "--set", "training.rows_per_step=1"]
    assert main(["ablation", str(packed), "--out", str(tmp_path / "out"), *given]) == 0
    said = capsys.readouterr().out
    assert "| random |" in said and "ablation.png" in said
    assert main(["ablation", str(packed), "--out", str(tmp_path / "out"), "--arms", "magic"]) == 1
    assert "magic is no arm of the ablation" in capsys.readouterr().err
