"""What figures are computed by: statistics over items, bootstrap intervals, calibration."""
