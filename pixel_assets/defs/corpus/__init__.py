"""The corpus stage in Dagster: sources, edge cases, the mixture, head examples and preference pairs."""
