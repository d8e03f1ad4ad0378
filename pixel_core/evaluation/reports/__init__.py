"""What people look at: interactive pages of a checkpoint and of the leaderboard, and their checks."""
