"""Objectives: the losses, and how their gradients meet at the hidden state."""

from pixel_core.objectives.gradients import fan_out
from pixel_core.objectives.losses import head_loss, labelled, language_loss
from pixel_core.objectives.merging import METHODS, weights

__all__ = ["METHODS", "fan_out", "head_loss", "labelled", "language_loss", "weights"]
