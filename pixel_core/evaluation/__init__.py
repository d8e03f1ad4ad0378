"""Evaluation: every checkpoint measured on held-out items, beside its floor and its own base model.

Public: `evaluate`, `compare`, `score_eq_bench`. Stages: `evaluate_axis`, `build_scorecard`, `build_leaderboard`,
`build_promotion`; `evaluate_checkpoint` is all of it for one checkpoint. Importing this loads no model library.

Rooms: an axis each (`eq`, `empathy`, `clinical`, `persona`, `dialogue`: `tasks.py` says what is asked), who is asked
(`respondents`), what figures are computed by (`statistics`), language models as judges (`judges`), pages for people
(`reports`), checkpoints beside one another (`ranking`) and heads beside other methods (`peers`).
"""

from pixel_core.evaluation.eq.eq_bench import EqBenchScore, choose_pass, score_eq_bench
from pixel_core.evaluation.evaluation import Settings, evaluate, evaluate_axis, tasks_of
from pixel_core.evaluation.figures import AXES, Difference, Figure
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.ranking.beside import promoted_scorecard
from pixel_core.evaluation.ranking.leaderboard import build_leaderboard
from pixel_core.evaluation.ranking.progression import Course, progression_of
from pixel_core.evaluation.ranking.promotion import build_promotion, read_pointer
from pixel_core.evaluation.scorecard import EvaluationError, Scorecard, compare
from pixel_core.evaluation.uniting import build_scorecard
from pixel_core.evaluation.whole import evaluate_checkpoint, evaluate_endpoint

__all__ = [
    "AXES",
    "Course",
    "Difference",
    "EqBenchScore",
    "EvaluationError",
    "Figure",
    "HeldOut",
    "Scorecard",
    "Settings",
    "build_leaderboard",
    "build_promotion",
    "build_scorecard",
    "choose_pass",
    "compare",
    "evaluate",
    "evaluate_axis",
    "evaluate_checkpoint",
    "evaluate_endpoint",
    "progression_of",
    "promoted_scorecard",
    "read_pointer",
    "score_eq_bench",
    "tasks_of",
]
