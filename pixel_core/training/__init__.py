"""Training: from the mixture to checkpoints, on two CPU ranks and on eight GPUs alike."""
