"""For every asset check an artifact that fails it: one module a stage, collected by test_every_check_can_fail."""
