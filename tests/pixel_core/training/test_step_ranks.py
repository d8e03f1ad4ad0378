"""Two ranks under ZeRO-3 take exactly the step that one process takes on all rows together."""

import os
import socket
from datetime import timedelta

import pytest
import torch

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.heads import OBJECTIVES
from pixel_core.model.pixel import PixelModel
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue, small_backbone
from tests.pixel_core.training.test_step import EVERYTHING, counted

# What each rank sees: other lengths, other numbers of rows and queries, and on rank 1 nothing to say on `clinical` and `crisis`.
ROWS = ((0, 1, 4), (3,))
LEARNING_RATE = 0.01


def step_of(merge):
    torch.manual_seed(0)
    tokenizer = train_tokenizer([turn.content for number in range(10) for turn in labelled_dialogue(number)], 300)
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    for parameter in model.heads.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return TrainingStep(model, EVERYTHING, merge, chunk=8), tokenizer


def batches(tokenizer):
    found = []
    for rank, numbers in enumerate(ROWS):
        rows = [[example_of(labelled_dialogue(number), tokenizer)] for number in numbers]
        batch = build_batch(rows, pad=0)
        if rank:
            batch.head_targets["clinical"].fill_(float("nan"))
            batch.head_targets["crisis"].fill_(float("nan"))
        found.append(batch)
    return found


def by_agreement(gramian):
    """Weights that depend on every inner product, and smoothly: a rank that merged by its own Gramian would show."""
    scale = gramian.diagonal().sqrt()
    return 1 + (gramian / scale / scale[:, None]).sum(1).tanh()


def without_balance(denominators):
    return {**denominators, "balance": float("inf")}  # it is a mean over batches, which one batch for all rows is not


def train_a_rank(rank, port, merge, folder):
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    import deepspeed

    deepspeed.init_distributed("gloo", timeout=timedelta(seconds=60))
    step, tokenizer = step_of(merge)
    both = batches(tokenizer)
    denominators = without_balance(counted(step, *both))
    config = {
        "train_micro_batch_size_per_gpu": 1,
        "zero_optimization": {"stage": 3, "stage3_param_persistence_threshold": 100},
        "zero_allow_untested_optimizer": True,
        "gradient_clipping": 1e9,  # DeepSpeed clips at 1.0 unless told otherwise
    }
    optimizer = torch.optim.SGD(step.parameters(), lr=LEARNING_RATE)
    engine, *_ = deepspeed.initialize(model=step, config=config, optimizer=optimizer)
    losses = engine(both[rank], denominators)
    engine.backward(losses.total * 2)  # DeepSpeed averages over ranks; the denominators are global already
    engine.step()
    state = engine._zero3_consolidated_16bit_state_dict()
    if rank == 0:
        torch.save({name.removeprefix("model."): tensor for name, tensor in state.items()}, folder / "state.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_ranks_under_zero_3_equal_one_process(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(train_a_rank, (port, by_agreement, tmp_path), nprocs=2)
    found = torch.load(tmp_path / "state.pt", weights_only=True)

    step, tokenizer = step_of(by_agreement)
    both = batches(tokenizer)
    denominators = without_balance(counted(step, *both))
    before = {name: tensor.clone() for name, tensor in step.model.state_dict().items()}
    examples = [[example_of(labelled_dialogue(number), tokenizer)] for numbers in ROWS for number in numbers]
    whole = build_batch(examples, pad=0)
    for name in ("clinical", "crisis"):
        whole.head_targets[name][len(both[0].query_rows) :] = float("nan")
    step(whole, denominators).total.backward()
    torch.optim.SGD(step.parameters(), lr=LEARNING_RATE).step()
    expected = step.model.state_dict()
    assert set(found) == set(expected) and len(OBJECTIVES) == len(step.weights)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5, msg=lambda message, name=name: f"{name}: {message}")
    assert sum(not torch.equal(before[name], tensor) for name, tensor in expected.items()) > 0.9 * len(expected), (
        "the step moved the weights"
    )
