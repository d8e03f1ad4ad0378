"""Losses over pairs of turns: what is felt moves as the labels do, a persona stays or changes, specific empathy outscores formulas.

Each is a sum over pairs with their count beside it, an exact 0 that reaches the prediction where there is no pair.
Pairs are of queries of one conversation (`consecutive`) or of one thread (`contrasts`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MARGIN = 0.5  # levels of empathy by which a specific reply should outscore a formulaic one


def consecutive(conversations: Tensor, known: Tensor) -> Tensor:
    """Indices [P, 2] of neighbours among the known queries of each conversation; queries stand in the order of their turns.

    `conversations` [Q] names the conversation of each query, `known` [Q] says where there is a label.
    """
    rows = known.nonzero().flatten()
    same = conversations[rows[1:]] == conversations[rows[:-1]]
    return torch.stack((rows[:-1], rows[1:]), dim=1)[same]


def consistency_loss(scores: Tensor, targets: Tensor, pairs: Tensor) -> tuple[Tensor, int]:
    """Squares of how much further each known score [Q, n] moves between the queries of a pair than its label does.

    A score that stays while its label moves costs nothing here: that is the head's own loss.
    """
    moved, wanted = _moves(scores, targets, pairs)
    known = ~wanted.isnan()
    excess = (moved.abs() - wanted.nan_to_num(0.0).abs()).relu()
    return excess.square().masked_fill(~known, 0.0).sum(), int(known.sum())


def transition_loss(scores: Tensor, targets: Tensor, pairs: Tensor) -> tuple[Tensor, int]:
    """Squared difference of the move of a distribution [Q, n] and of its label's move, summed over classes; the count is of pairs."""
    moved, wanted = _moves(scores, targets, pairs)
    known = ~wanted.isnan().any(-1)
    each = (moved - wanted.nan_to_num(0.0)).square().sum(-1)
    return each.masked_fill(~known, 0.0).sum(), int(known.sum())


def contrasts(threads: Tensor, levels: Tensor) -> Tensor:
    """Indices [P, 2] (specific, formulaic) of replies in one thread, from their empathy levels [Q, 3] (NaN: unknown).

    Formulaic: warmth (an emotional reaction) that neither interprets nor explores. Specific: a reply that does either.
    """
    known = ~levels.isnan().any(-1)
    reacts, interprets, explores = levels.nan_to_num(0.0).unbind(-1)
    specific = known & ((interprets > 0) | (explores > 0))
    formulaic = known & (reacts > 0) & ~specific
    return (specific[:, None] & formulaic & (threads[:, None] == threads)).nonzero()


def contrast_loss(scores: Tensor, pairs: Tensor) -> tuple[Tensor, int]:
    """Softplus of the margin less the lead of the specific reply, from expected levels of interpretation and exploration [Q, 2]."""
    total = scores.sum(-1)
    lead = total[pairs[:, 0]] - total[pairs[:, 1]]
    return functional.softplus(MARGIN - lead).sum(), len(pairs)


def _moves(scores: Tensor, targets: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    return scores[pairs[:, 1]] - scores[pairs[:, 0]], targets[pairs[:, 1]] - targets[pairs[:, 0]]
