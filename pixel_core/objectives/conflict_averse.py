"""CAGrad: the update within a ball around the mean gradient that improves the worst served objective most (arXiv 2110.14048).

Its dual is a convex problem over the simplex, of as many variables as there are objectives. It is solved with SciPy, as
its authors do; TorchJD's version needs cvxpy, whose import alone takes longer than a run of the shipped size spends on merging.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

RADIUS = 0.5  # of the ball, as a share of the mean gradient's length
FRONT = 1e-4  # length of the dual's gradient, in units of the Jacobian's norm, below which nothing can be improved for all


def cagrad(gramian: Tensor, radius: float = RADIUS) -> Tensor:
    """The weights [k] of CAGrad for a Gramian [k, k] that is not zero; all 0 where no direction serves every objective."""
    scaled = (gramian / gramian.trace()).detach().cpu().double().numpy()
    chosen, bound = simplex_weights(scaled, radius)
    length = math.sqrt(max(chosen @ scaled @ chosen, 0.0))
    if length < FRONT:
        return torch.zeros_like(gramian.diagonal())
    return torch.as_tensor(1 / len(scaled) + bound / length * chosen, dtype=gramian.dtype, device=gramian.device)


def simplex_weights(gramian: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """The w >= 0, sum 1, that minimises w'G1/k + bound |w|_G, and the bound: `radius` times the length of the mean gradient."""
    count = len(gramian)
    towards = gramian.mean(1)
    bound = radius * math.sqrt(max(float(towards.mean()), 0.0))

    def cost(w: np.ndarray) -> tuple[float, np.ndarray]:
        pulled = gramian @ w
        length = math.sqrt(max(float(w @ pulled), 1e-18))
        return float(w @ towards) + bound * length, towards + bound / length * pulled

    found = minimize(
        cost,
        np.full(count, 1 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 200},
    )
    chosen = np.clip(found.x, 0.0, None)
    return chosen / chosen.sum(), bound
