"""Duplicates and near-duplicates among texts, found by an exact set join."""

from pixel_core.corpus.dedup.join import Pairs, near_duplicate_pairs, near_duplicates

__all__ = ["Pairs", "near_duplicate_pairs", "near_duplicates"]
