"""The corpus: sources read, cleaned and composed into an exact mixture."""
