"""Objectives: the losses, and how their gradients meet at the hidden state."""
