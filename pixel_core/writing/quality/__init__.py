"""What written conversations must hold: a room for each question that the judge asks of one, and the checks of many."""

from pixel_core.writing.quality.checks import check_appropriateness, check_record, check_variety

__all__ = ["check_appropriateness", "check_record", "check_variety"]
