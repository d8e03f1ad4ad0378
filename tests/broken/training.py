"""Training artifacts that are plausible but for one thing each; nothing is trained for them."""

import json
import math

import numpy as np
import polars as pl
from optuna.trial import TrialState, create_trial
from safetensors.numpy import save_file

from pixel_core.artifacts import Summary, finish, write_json, write_table
from pixel_core.recipe import load_recipe
from pixel_core.training.checkpoints import write_checkpoint
from pixel_core.training.data import pack_dataset
from pixel_core.training.finish import finish_run
from pixel_core.training.packing import PACKED_SCHEMA
from pixel_core.training.runs import BASELINES, METRICS, RUN_FILE, Run
from pixel_core.training.search import BEST, HISTORY, STUDY, TRIALS, TRIALS_SCHEMA
from pixel_core.training.study import write_study
from tests.broken.sealing import seal
from tests.pixel_core.training.conftest import dialogue, write_artifact, write_sources

RECIPE = load_recipe("tiny", ["model.vocabulary=300", "training.sequence_length=128", "training.steps=4", "training.checkpoint_every=2"])


def packed(home, sources=None):
    sources = sources or write_sources(home / "sources", sizes=(("train", 6), ("validation", 3)))
    out = home / "artifacts" / "packed_dataset"
    pack_dataset(*sources, out, model=RECIPE.model, training=RECIPE.training, seed=RECIPE.seed)
    return out


def a_row_is_lost(home):
    folder = packed(home)
    write_table(folder / "train.parquet", pl.read_parquet(folder / "train.parquet")[1:])
    seal(folder)


def the_client_is_learned(home):
    folder = packed(home)
    table = pl.read_parquet(folder / "train.parquet")
    everything = [[True] * len(ids) for ids in table["input_ids"]]
    write_table(folder / "train.parquet", table.with_columns(learn=pl.Series(everything)).cast(dict(PACKED_SCHEMA)))
    seal(folder)


def a_dialogue_stands_in_both_splits(home):
    both = dialogue(0, "both")
    mixture = write_artifact(home / "sources" / "training_mixture", {"train": [both, dialogue(1, "train")], "validation": [both]})
    packed(home, (mixture, write_sources(home / "more", sizes=(("train", 2), ("validation", 2)))[1]))


def a_run(home, last, steps=(0, 2, 4), weight=1.0, *, calibrated=None, errors=None):
    """A finished run with these last validation losses, the calibrated ones by default alike, whose weights are all `weight`."""
    run = Run(home / "artifacts" / "training_run" / "tiny-0123456789ab", "tiny", 20, RECIPE.model, RECIPE.training, "0" * 64)
    run.folder.mkdir(parents=True)
    write_json(run.folder / RUN_FILE, run.to_json())
    labels = {"empathy": 40, "emotions": 40}
    write_json(run.folder / BASELINES, {"unigram": 5.0, "priors": {"empathy": 0.4, "emotions": 0.1}, "labels": labels})
    first = {"language": 8.0, "empathy": 0.4, "emotions": 0.1}
    lines: dict[int, dict[str, float]] = {0: {"step": 0}, 4: {"step": 4}}
    for kind, losses in (("validation", last), ("calibrated", calibrated or last), ("error", errors or {})):
        for step, found in ((0, first if kind != "error" else {}), (4, losses)):
            heads = {name: loss for name, loss in found.items() if kind == "validation" or name != "language"}
            lines[step] |= {f"{kind}_{name}": loss for name, loss in heads.items()}
    (run.folder / METRICS).write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines.values()))

    def write_model(folder):
        (folder / "pixel").mkdir()
        for name in ("model.safetensors", "pixel/heads.safetensors"):
            save_file({"weight": np.full((2, 2), weight, dtype=np.float32)}, folder / name)

    for step in steps:
        write_checkpoint(
            run.folder,
            step,
            inputs=run.inputs,
            figures={"ranks": 2},
            write_model=write_model,
            save_engine=lambda folder: (folder / "state").write_bytes(b"state"),
        )
    finish_run(run)
    return run


def language_is_worse_than_unigrams(home):
    a_run(home, {"language": 5.5, "empathy": 0.3, "emotions": 0.05})


def a_head_is_worse_than_its_prior(home):
    a_run(home, {"language": 4.0, "empathy": 0.41, "emotions": 0.05})


def the_base_model_is_missing(home):
    a_run(home, {"language": 4.0, "empathy": 0.3, "emotions": 0.05}, steps=(2, 4))


def weights_are_not_numbers(home):
    run = a_run(home, {"language": 4.0, "empathy": 0.3, "emotions": 0.05}, weight=math.nan)
    return f"{run.id}.2"


def a_trial_diverged(home):
    folder = home / "artifacts" / "loss_weight_search"
    folder.mkdir(parents=True)
    pairs = [{"objective": "language", "value": 1.0}]
    rows = [
        {"trial": n, "state": state, "score": score, "weights": pairs, "losses": pairs, "baselines": pairs}
        for n, (state, score) in enumerate([("complete", 0.1), ("fail", None), ("complete", 0.2)])
    ]
    write_study(folder / STUDY, [create_trial(value=score) if score else create_trial(state=TrialState.FAIL) for score in (0.1, None, 0.2)])
    write_table(folder / TRIALS, pl.DataFrame(rows, schema=TRIALS_SCHEMA))
    write_json(folder / BEST, {"trial": 2, "weights": {"language": 1.0}, "search_trials": 3, "search_steps": 2})
    (folder / HISTORY).write_bytes(b"png")
    finish(folder, kind="loss_weight_search", version="2", inputs={}, summary=Summary(3))


BROKEN = {
    ("packed_dataset", "tokens_add_up"): a_row_is_lost,
    ("packed_dataset", "masks_are_right"): the_client_is_learned,
    ("packed_dataset", "splits_are_apart"): a_dialogue_stands_in_both_splits,
    ("training_run", "learning_is_real"): language_is_worse_than_unigrams,
    ("training_run", "heads_beat_their_priors"): a_head_is_worse_than_its_prior,
    ("training_run", "checkpoints_are_valid"): the_base_model_is_missing,
    ("loss_weight_search", "search_is_sound"): a_trial_diverged,
    ("checkpoint", "checkpoint_is_whole"): weights_are_not_numbers,
}
