"""Two ranks under ZeRO-3 train all heads with the real engine: they hold the same model, and what is stored says the same."""

import hashlib
import os
import socket
from functools import partial

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.decoding import prior_bias
from pixel_core.model.heads import HEADS
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training.abstention import ABSTAINING, NEVER
from pixel_core.training.launch import load_cluster
from pixel_core.training.optimisation import set_rates
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue, small_backbone
from tests.pixel_core.training.test_step import EVERYTHING

STEPS = 4
UNLABELLED = ("clinical", "crisis", "emotions")  # what rank 1 never has labels for
NOWHERE = "mer"  # what no rank has labels for at one of the steps


def prepared():
    tokenizer = train_tokenizer([turn.content for number in range(10) for turn in labelled_dialogue(number)], 300)
    whole = batch_of(tokenizer, range(10))
    priors = {spec.name: prior_bias(spec, whole.head_targets[spec.name]) for spec in HEADS}
    supervised = {spec.name: [4] * len(spec.outputs) for spec in HEADS}
    torch.manual_seed(0)
    return PixelModel(small_backbone(tokenizer), tokenizer=tokenizer, priors=priors, supervised=supervised), tokenizer


def batch_of(tokenizer, numbers, without=()):
    batch = build_batch([[example_of(labelled_dialogue(number), tokenizer)] for number in numbers], pad=0)
    for head in without:
        batch.head_targets[head].fill_(float("nan"))
    groups = tuple(f"group {number}" for number in numbers for _ in range(len(batch.query_rows) // len(numbers)))
    return type(batch)(**{name: getattr(batch, name) for name in batch.__slots__ if name != "query_groups"}, query_groups=groups)


def the_same_on_all_ranks(value):
    told = [None, None]
    torch.distributed.all_gather_object(told, value)
    return told[0] == told[1]


def gathered(step):
    """A digest of every whole weight, as this rank sees it."""
    from deepspeed.runtime.zero import GatheredParameters

    found = {}
    for name, parameter in step.named_parameters():
        with GatheredParameters([parameter]):
            found[name] = hashlib.sha256(parameter.detach().float().numpy().tobytes()).hexdigest()
    return found


@torch.no_grad()
def said(model, batch):
    return model(batch).heads


def train_a_rank(rank, port, folder):
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    from pixel_core.training.engine import join_ranks, start_engine, summed, whole_weights
    from pixel_core.training.validation import validate

    cluster = load_cluster("local-cpu")
    join_ranks(cluster)  # without it DeepSpeed would compile an op first
    rates = ("training.learning_rate=0.01", "training.head_learning_rate=0.02", f"training.steps={STEPS}", "training.rows_per_step=4")
    training = load_recipe("tiny", ["training.zero_stage=3", "training.merge=upgrad", *rates]).training
    model, tokenizer = prepared()
    step = TrainingStep(model, EVERYTHING, "upgrad", chunk=8)
    before = {name: hashlib.sha256(p.detach().bfloat16().float().numpy().tobytes()).hexdigest() for name, p in step.named_parameters()}
    engine = start_engine(step, training, cluster)
    assert engine.zero_optimization_stage() == 3
    for number in range(STEPS):
        missing = (*(UNLABELLED if rank else ()), *((NOWHERE,) if number == 1 else ()))
        batch = batch_of(tokenizer, [(2 * number + rank) % 10, (2 * number + rank + 5) % 10], missing)
        counts = summed(step.counts(batch), "cpu")
        set_rates(engine.optimizer.param_groups, number + 1, training)
        losses = engine(batch, counts)
        assert all(torch.isfinite(part) for part in losses.parts.values())
        engine.backward(losses.total * 2, scale_wrt_gas=False)
        engine.step()
    after = gathered(step)
    assert the_same_on_all_ranks(after), "a rank has other weights"
    still = [name for name in after if after[name] == before[name]]

    asked = batch_of(tokenizer, range(10))
    engine.eval()
    heads = said(step.model, asked)
    told = {name: values.float().numpy().tobytes() for name, values in heads.items()}
    assert the_same_on_all_ranks(told), "a rank says something else of the same text"
    held_out = [batch_of(tokenizer, range(10), UNLABELLED if rank else ())]
    found = validate(engine, step, held_out, "cpu", partial(summed, device="cpu"))
    assert the_same_on_all_ranks((found.losses, found.scales, found.thresholds))
    state = whole_weights(engine)
    assert (state is None) == (rank == 1)
    if rank == 0:
        model.save(folder / "checkpoint", state, abstention=found.thresholds)
        torch.save({"heads": heads, "still": still, "thresholds": found.thresholds, "losses": found.losses}, folder / "found.pt")
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(train_a_rank, (port, folder), nprocs=2)
    return folder, torch.load(folder / "found.pt", weights_only=True)


@pytest.mark.slow
def test_every_weight_of_every_head_moves_though_a_rank_lacks_labels(trained):
    _, found = trained
    assert found["still"] == []
    assert found["losses"].keys() >= {spec.name for spec in HEADS}, "validated over both ranks, though one has no labels of some"


@pytest.mark.slow
def test_what_is_stored_says_what_the_ranks_said(trained):
    folder, found = trained
    loaded = PixelModel.load(folder / "checkpoint")
    _, tokenizer = prepared()
    assert {name for name in loaded.state_dict() if "attention" in name or "salience" in name}
    again = said(loaded, batch_of(tokenizer, range(10)))
    assert again.keys() == found["heads"].keys() == {spec.name for spec in HEADS}
    for name, values in found["heads"].items():
        torch.testing.assert_close(again[name], values, rtol=0, atol=1e-5, msg=lambda message, name=name: f"{name}: {message}")
        assert float(values.std(0).max()) > 1e-3, f"{name} says the same of every text"
    assert loaded.abstention == found["thresholds"]
    assert loaded.abstention.keys() == set(ABSTAINING)
    loaded.save(folder / "again")
    for path in sorted(p for p in (folder / "checkpoint").rglob("*") if p.is_file() and p.name != "config.json"):
        assert path.read_bytes() == (folder / "again" / path.relative_to(folder / "checkpoint")).read_bytes(), path.name


@pytest.mark.slow
def test_a_stored_threshold_is_obeyed_by_what_is_loaded(trained):
    folder, _ = trained
    model = PixelModel.load(folder / "checkpoint")
    turns = labelled_dialogue(3)
    for name in ABSTAINING:
        model.abstention = {name: 0.0}
        assert None not in model.scores(turns, 1)[name].values()
        model.abstention = {name: NEVER}
        assert set(model.scores(turns, 1)[name].values()) == {None}
