"""Merging: from the Gramian of the objectives' gradients to one weight a gradient.

The methods are TorchJD's, brought to one scale: where all gradients agree, every method weighs each with 1 and the
merged gradient is their sum. An objective without labels has a zero gradient; it gets weight 0 and does not
count (MGDA would otherwise choose the zero vector).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import get_args

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor
from torchjd.aggregation import AlignedMTLWeighting, MGDAWeighting, PCGradWeighting, UPGradWeighting
from torchjd.linalg import DualConeProjector

from pixel_core.objectives.conflict_averse import RADIUS, cagrad
from pixel_core.recipe import Merge

Method = str | Callable[[Tensor], Tensor]
METHODS: tuple[str, ...] = get_args(Merge)


class NnlsProjector(DualConeProjector):
    """Projection onto the dual cone by non-negative least squares, in place of TorchJD's quadprog (GPL).

    min v'Gv subject to v >= u is, with G = LL' and v = u + z, min |L'z + L'u| over z >= 0. G is scaled to trace 1 and
    `ridge` added to its diagonal, so that it has a Cholesky factor even where gradients are parallel.
    """

    def __init__(self, ridge: float = 1e-4) -> None:
        self.ridge = ridge

    def __call__(self, U: Tensor, G: Tensor) -> Tensor:  # TorchJD's names
        """The projection weights of each row of U."""
        gramian = G.detach().cpu().double().numpy()
        factor = np.linalg.cholesky(gramian / np.trace(gramian) + self.ridge * np.eye(len(gramian))).T
        rows = [u + nnls(factor, -factor @ u)[0] for u in U.detach().cpu().double().numpy()]
        return torch.as_tensor(np.stack(rows), device=G.device, dtype=G.dtype)


def weights(gramian: Tensor, method: Method) -> Tensor:
    """The weight of each gradient in the merged one, from their Gramian [k, k]; `method` is a name or a function of a Gramian.

    The same Gramian always gives the same weights: PCGrad's random order is drawn from a seed that the Gramian's
    bytes give, so it is the same on all ranks and after a resume. Raises FloatingPointError when a gradient is not finite, ValueError
    for an unknown method, for what is not square, and for a function that does not say one finite weight a gradient.
    """
    require_method(method)
    if gramian.ndim != 2 or gramian.shape[0] != gramian.shape[1]:
        raise ValueError(f"a Gramian of k gradients is [k, k]; this is {list(gramian.shape)}")
    gramian = gramian.detach().double().cpu()
    broken = (~gramian.isfinite()).any(1).nonzero().flatten().tolist()
    if broken:
        raise FloatingPointError(f"gradients {broken} of {len(gramian)} are not finite: a loss diverged; lower the learning rate")
    active = (gramian.diagonal() > 0).nonzero().flatten()
    found = torch.zeros(len(gramian), dtype=gramian.dtype)
    if len(active):
        found[active] = _weigh(gramian[active][:, active], method)
    return found


def require_method(method: Method) -> None:
    """Raise ValueError for a name that is no way to merge."""
    if not callable(method) and method not in METHODS:
        raise ValueError(f"{method!r} is no way to merge gradients: use one of {', '.join(METHODS)}, or a function of a Gramian")


def _weigh(gramian: Tensor, method: Method) -> Tensor:
    count = len(gramian)
    if callable(method):
        found = torch.as_tensor(method(gramian)).to(gramian)
        if found.shape != (count,) or not found.isfinite().all():
            raise ValueError(f"a merging function says one finite weight for each of {count} gradients; this one said {found.tolist()}")
        return found
    if method == "sum" or count == 1:
        return torch.ones(count, dtype=gramian.dtype)
    return _RESOLVERS[method](gramian)


def _pcgrad(gramian: Tensor) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int.from_bytes(hashlib.sha256(gramian.numpy().tobytes()).digest()[:7], "big"))
        return PCGradWeighting()(gramian)


def _aligned(gramian: Tensor) -> Tensor:
    # In float32, as the Gramian was summed: eigenvalues below its rounding are no direction, and the smallest sets the scale.
    return AlignedMTLWeighting()((gramian / gramian.trace()).float()).to(gramian) * len(gramian)


_RESOLVERS: dict[str, Callable[[Tensor], Tensor]] = {
    "pcgrad": _pcgrad,
    "upgrad": lambda gramian: UPGradWeighting(projector=NnlsProjector())(gramian) * len(gramian),
    "mgda": lambda gramian: MGDAWeighting()(gramian) * len(gramian),
    "cagrad": lambda gramian: cagrad(gramian) * len(gramian) / (1 + RADIUS),
    "aligned": _aligned,
}
