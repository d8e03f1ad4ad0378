"""Expressed empathy: levels, contrasts, steadiness over turns, and how people rated it."""
