"""What a backbone knows of an item: the mean state over the tokens that a head reads, and heads fitted on such frozen states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pixel_core.evaluation.peers.classifiers import Peer, truth_of
from pixel_core.evaluation.peers.fields import Item
from pixel_core.evaluation.statistics.metrics import Array
from pixel_core.model.heads import HeadSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from pixel_core.model.batch import PixelBatch
    from pixel_core.model.pixel import PixelModel

WINDOW = 512  # tokens of an item that are read; what a longer one says last is lost
_TOKENS = 4096  # of a batch, padding included
EPOCHS, BATCH, RATE, DECAY, DROPOUT = 12, 64, 2e-3, 0.1, 0.3


def scores_of(model: PixelModel, spec: HeadSpec, items: Sequence[Item]) -> Array:
    """What the model's own head says, in the form of `decide`."""
    import torch

    found: list[Tensor] = [torch.empty(0)] * len(items)
    with torch.no_grad():
        for places, batch in _batches(model, items):
            raw = model(batch, split=lambda hidden: {spec.name: hidden}).heads[spec.name]
            for place, said in zip(places, raw.float(), strict=True):
                found[place] = said
    return meant(spec, torch.stack(found))


def states_of(model: PixelModel, spec: HeadSpec, items: Sequence[Item]) -> Array:
    """The mean states [m, hidden] that the head would read; float32."""
    import torch

    from pixel_core.model.pooling import readings_of

    found = np.empty((len(items), model.language_model.config.get_text_config().hidden_size))
    with torch.no_grad():
        for places, batch in _batches(model, items):
            seen: list[Tensor] = []

            def keep(hidden: Tensor, seen: list[Tensor] = seen) -> dict[str, Tensor]:
                seen.append(hidden)
                return {}

            model(batch, split=keep)
            readings = readings_of(batch.query_rows, batch.query_masks, len(batch.input_ids))
            found[places] = readings[spec.reads].mean(seen[0]).numpy()
    return found


def fit_head(spec: HeadSpec, states: Array, train: Sequence[Item], seed: int) -> nn.Module:
    """A head of the table, with its emotion encoding where it reads one, trained on frozen states from the training prior."""
    import torch
    from torch import nn

    from pixel_core.model.decoding import prior_bias
    from pixel_core.model.emotion import ENCODING_SIZE, EmotionEncoding
    from pixel_core.model.layers import Head
    from pixel_core.objectives.losses import head_loss

    given = torch.tensor(states, dtype=torch.float32)
    truth = torch.tensor(truth_of(train), dtype=torch.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = Head(spec, ENCODING_SIZE if spec.encoding else given.shape[1], DROPOUT)
        head.start_at(prior_bias(spec, truth))
        net = nn.Sequential(EmotionEncoding(given.shape[1]), head) if spec.encoding else nn.Sequential(head)
        optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
        steps = EPOCHS * -(-len(given) // BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(given)).split(BATCH):
                optimiser.zero_grad()
                total, count = head_loss(spec.kind, net(given[chosen]), truth[chosen], spec.levels)
                (total / max(count, 1)).backward()
                optimiser.step()
                schedule.step()
    return net.eval()


def said(spec: HeadSpec, head: nn.Module, states: Array) -> Array:
    """What a fitted head says of states, in the form of `decide`."""
    import torch

    with torch.no_grad():
        return meant(spec, head(torch.tensor(states, dtype=torch.float32)))


def meant(spec: HeadSpec, raw: Tensor) -> Array:
    """Raw outputs as probabilities: [m, n, levels] of an ordinal head, else [m, n]."""
    from pixel_core.model.decoding import decode

    decoded = decode(spec, raw)
    found = decoded.scores if decoded.levels is None else decoded.levels
    return np.asarray(found.double().cpu().numpy(), dtype=float)


def head_peer(model: PixelModel, spec: HeadSpec, train: Sequence[Item], seed: int) -> Peer:
    """A head fitted on the frozen states of a model."""
    head = fit_head(spec, states_of(model, spec, train), train, seed)
    return lambda asked: said(spec, head, states_of(model, spec, asked))


def random_model(model: PixelModel, seed: int) -> PixelModel:
    """An untrained model of the preset `tiny` with the tokeniser of another: what its states know, nobody taught it."""
    from pixel_core.model.pixel import PixelModel
    from pixel_core.recipe import load_recipe

    assert model.tokenizer is not None  # noqa: S101  # a stored checkpoint holds one
    return PixelModel.from_backbone(load_recipe("tiny").model, model.tokenizer, seed=seed).eval()


def _batches(model: PixelModel, items: Sequence[Item]) -> Iterator[tuple[list[int], PixelBatch]]:
    """Batches of items of like length, one a row, with their places."""
    from pixel_core.model.batch import build_batch, example_of

    tokenizer = model.tokenizer
    assert tokenizer is not None  # noqa: S101  # as above
    examples = [example_of(item.turns, tokenizer, ask=[item.t], length=WINDOW) for item in items]
    order = sorted(range(len(items)), key=lambda place: len(examples[place].encoded.ids))
    while order:
        width = len(examples[order[-1]].encoded.ids)
        size = max(1, _TOKENS // max(1, width))
        places, order = order[-size:], order[:-size]
        yield places, build_batch([[examples[place]] for place in places], pad=tokenizer.pad_token_id or 0)
