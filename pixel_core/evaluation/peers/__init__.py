"""Peers: the trained heads beside what a day's work without them would give, on the same held-out groups."""

from pixel_core.evaluation.peers.comparison import compare, to_text

__all__ = ["compare", "to_text"]
