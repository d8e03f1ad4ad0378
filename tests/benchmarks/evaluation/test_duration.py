"""How long the default evaluation of the tiny checkpoint takes: all axes of one checkpoint, its base evaluated before.

pytest tests/benchmarks/evaluation/test_duration.py -m "" -s

Ninety seconds on two cores are promised. What is measured is stricter, and neighbours on the machine count little in it: processor
seconds of one thread, which is what an idle core would need alone. The model is that of the recipe `tiny`, with random weights: it
never ends a reply by itself, so each is written to its last token. The items are those that ship, and as many held-out turns as the
recipe asks about at most.
"""

import time

import pytest
import torch

from pixel_core.artifacts import Summary, finish, input_digest
from pixel_core.evaluation import AXES, evaluate_axis
from pixel_core.evaluation.scorecard import FIGURES, read_scorecard
from pixel_core.model.heads import HEADS
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training.tokenizer import train_tokenizer
from tests.benchmarks.evaluation.test_speed import shipped_texts
from tests.pixel_core.evaluation.world import RUN, write_world

BOUND = 90.0
RECIPE = load_recipe("tiny")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Held-out data, and a run of two checkpoints of the default model: the base says the priors, the other has random heads."""
    home = tmp_path_factory.mktemp("duration")
    data = write_world(home, examples=RECIPE.evaluation.items, dialogues=RECIPE.evaluation.items // 5)
    tokenizer = train_tokenizer(shipped_texts(), RECIPE.model.vocabulary)
    packed = home / "artifacts" / "packed_dataset"
    inputs = {"packed_dataset": input_digest(packed), "model": "0" * 64, "training": "0" * 64, "seed": "0" * 64}
    for step in (0, 1):
        model = PixelModel.from_backbone(RECIPE.model, tokenizer, seed=1, supervised={spec.name: [1] * len(spec.outputs) for spec in HEADS})
        with torch.random.fork_rng():
            torch.manual_seed(step)
            for parameter in model.heads.parameters() if step else ():
                torch.nn.init.normal_(parameter, std=0.5)
        folder = home / "artifacts" / "training_run" / RUN / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        model.save(folder)
        finish(folder, kind="checkpoint", version="1", inputs=inputs, summary=Summary(figures={"step": step}))
    return home, data


def test_the_default_evaluation_of_the_tiny_checkpoint_takes_less_than_ninety_seconds(home):
    folder, data = home
    run, out = folder / "artifacts" / "training_run" / RUN, folder / "out"
    given = {"data": data, "packed": folder / "artifacts" / "packed_dataset", "recipe": RECIPE}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for axis in AXES:
            evaluate_axis(axis, run / "checkpoint-0", out / axis, **given)
        spent, items, clock = {}, 0, time.monotonic()
        for axis in AXES:
            began = time.process_time()
            built = evaluate_axis(axis, run / "checkpoint-1", out / axis, **given)
            spent[axis] = time.process_time() - began
            assert not built.skipped
            items += built.summary.rows
            card = read_scorecard(built.folder / FIGURES)
            assert all(figure.difference is not None for figure in card.figures if figure.status == "measured")
    finally:
        torch.set_num_threads(threads)
    total = sum(spent.values())
    print(f"\ndefault evaluation, {items} answers: {total:.1f} processor seconds on one thread ({time.monotonic() - clock:.1f} s of clock)")
    print(", ".join(f"{axis} {seconds:.1f} s" for axis, seconds in spent.items()))
    assert items > 2000
    assert total < BOUND
