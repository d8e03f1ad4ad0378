"""The turn losses of a batch: which queries belong together, and what the heads' raw outputs mean there."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pixel_core.model.batch import PixelBatch
from pixel_core.model.decoding import decode
from pixel_core.model.heads import find_head
from pixel_core.objectives.turn_losses import consecutive, consistency_loss, contrast_loss, contrasts, transition_loss
from pixel_core.recipe.steering import TurnLosses

HEAD_OF = {"contrast": "empathy", "consistency": "emotions", "transition": "persona"}


def turn_weights(recipe: TurnLosses, weights: Mapping[str, float]) -> dict[str, float]:
    """The weight of each turn loss relative to its head's; only those above 0. Raises ValueError where the head is not trained."""
    found = {name: float(getattr(recipe, name)) for name in HEAD_OF if getattr(recipe, name)}
    for name in found:
        if HEAD_OF[name] not in weights:
            raise ValueError(f"training.turn_losses.{name} teaches the head {HEAD_OF[name]}, which has no weight: give it one, or 0")
    return found


def turn_pairs(name: str, batch: PixelBatch) -> Tensor:
    """The pairs [P, 2] of queries that a turn loss compares."""
    target = batch.head_targets[HEAD_OF[name]]
    if name == "contrast":
        threads = {group: index for index, group in enumerate(dict.fromkeys(batch.query_groups))}
        places = torch.tensor([threads[group] for group in batch.query_groups], dtype=torch.long, device=target.device)
        return contrasts(places, target)
    return consecutive(conversations_of(batch), ~target.isnan().all(-1))


def turn_loss(name: str, raw: Tensor, batch: PixelBatch, pairs: Tensor) -> tuple[Tensor, int]:
    """The sum of a turn loss over its pairs, and their count, from the raw outputs of its head."""
    spec = find_head(HEAD_OF[name])
    scores, target = decode(spec, raw).scores, batch.head_targets[spec.name]
    if name == "contrast":
        interprets_and_explores = [spec.outputs.index(output) for output in ("interpretations", "explorations")]
        return contrast_loss(scores[:, interprets_and_explores], pairs)
    return (consistency_loss if name == "consistency" else transition_loss)(scores, target, pairs)


def count_pairs(name: str, batch: PixelBatch) -> int:
    """How many comparisons a turn loss makes in a batch: its denominator."""
    spec = find_head(HEAD_OF[name])
    nothing = torch.zeros((len(batch.query_rows), spec.width), device=batch.query_rows.device)
    return turn_loss(name, nothing, batch, turn_pairs(name, batch))[1]


def conversations_of(batch: PixelBatch) -> Tensor:
    """The packed conversation of each query [Q]: positions restart with it. Queries that read nothing belong to the row's first."""
    number = (batch.position_ids == 0).cumsum(1)
    reads = torch.stack(list(batch.query_masks.values())).any(0)
    first = reads.long().argmax(1)
    return batch.query_rows * number.shape[1] + number[batch.query_rows, first]
