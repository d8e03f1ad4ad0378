"""Judges behind endpoints: yes-or-no questions in a flow, asked several times over, with their agreement beside every figure."""

from pixel_core.evaluation.judges.agreement import Judged, judged_of
from pixel_core.evaluation.judges.flow import FLOWS, Exchange, Flow, Question
from pixel_core.evaluation.judges.panel import Panel, Rating, Verdict

__all__ = ["FLOWS", "Exchange", "Flow", "Judged", "Panel", "Question", "Rating", "Verdict", "judged_of"]
