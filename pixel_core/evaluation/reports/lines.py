"""A scorecard as lines for a terminal."""

from __future__ import annotations

import json

from pixel_core.evaluation.figures import Figure
from pixel_core.evaluation.judges.agreement import Judged
from pixel_core.evaluation.scorecard import Scorecard


def to_text(card: Scorecard) -> str:
    """The measured figures as lines of a table, for a terminal."""
    head = ("figure", "n", "value", "95 % interval", "floor", "base", "difference")
    rows = [head, *map(_cells, card.figures)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [_agreement(name, task.judged) for name, task in card.tasks.items() if task.judged]
    lines += [f"not asked, {reason.replace('_', ' ')}: {count} items" for reason, count in card.excluded.items()]
    return "\n".join([*lines, "", f"score {card.score:.3f} = mean skill of {json.dumps({k: round(v, 3) for k, v in card.skills.items()})}"])


def _agreement(task: str, judged: Judged) -> str:
    """How far the judges of a task agree, as a line."""
    alpha = "-" if judged.alpha is None else f"{judged.alpha:.2f}"
    itself = ", ".join(f"{judge} {share:.0%}" for judge, share in judged.dispersion.items())
    people = "uncalibrated" if judged.human_kappa is None else f"kappa {judged.human_kappa:.2f} with people on {judged.human_n} answers"
    return (
        f"{task}: {judged.ratings} answers of judges, {judged.failed} failed, alpha {alpha}, contradicting themselves: {itself}; {people}"
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    if figure.value is None:
        return figure.marked, str(figure.n), figure.status, "", "", "", ""
    spread = f"{figure.low:.3f} to {figure.high:.3f}"
    base = "" if figure.base is None else f"{figure.base:.3f}"
    gap = figure.difference
    difference = "" if gap is None else f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}){gap.unpaired}"
    return figure.marked, str(figure.n), f"{figure.value:.3f}", spread, f"{figure.floor:.3f}", base, difference
