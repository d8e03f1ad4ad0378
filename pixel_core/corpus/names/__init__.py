"""Names of people in a text, found by lists and by where they stand."""

from pixel_core.corpus.names.finder import Found, find_names

__all__ = ["Found", "find_names"]
