"""Training: packed data, runs, the search for loss weights, and the checkpoints that runs leave."""
