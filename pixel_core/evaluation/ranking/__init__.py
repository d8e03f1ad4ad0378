"""Checkpoints beside one another: leaderboard, alerts, progression, promotion and its history."""
