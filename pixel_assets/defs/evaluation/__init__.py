"""The evaluation assets: five axes and a scorecard a checkpoint, leaderboard, promotion, and what starts them."""
