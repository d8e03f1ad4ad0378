"""What a report says of judges: who judged, how far they agree with one another, with themselves and with people."""

from __future__ import annotations

from collections.abc import Mapping

from pixel_core.evaluation.judges.agreement import ALIKE, ENOUGH, Judged
from pixel_core.evaluation.reports.page import Cell, Row, table

READING = (
    "Judges are language models that answer yes-or-no questions about replies. Alpha is Krippendorff's over all their answers: 1 is whole "
    "agreement, 0 what chance gives. A judge's dispersion is the share of questions on which it contradicts itself when asked again, put "
    f"otherwise. Uncalibrated are judges who were not held against at least {ENOUGH} answers of people, or agree with them by a kappa "
    f"below {ALIKE}: what rests on them is no proof, and stands for no axis."
)
_HEAD = ("task", "calibration", "with people", "answers", "failed", "alpha", "pairs of judges: kappa", "dispersion", "asked", "prompts")


def judges_table(judged: Mapping[str, Judged]) -> str:
    """The judged tasks as a table: each with the mark of its judges and what it rests on."""
    return table("Judges by task", _HEAD, [_row(task, one) for task, one in judged.items()], wide=True)


def _row(task: str, judged: Judged) -> Row:
    people = "no answers of people" if judged.human_kappa is None else f"kappa {judged.human_kappa:.2f} on {judged.human_n} answers"
    mark = Cell("calibrated", "text better") if judged.calibrated else Cell("uncalibrated", "text worse")
    cells: list[Cell | str] = [
        mark,
        Cell(people, "text"),
        str(judged.ratings),
        str(judged.failed),
        "-" if judged.alpha is None else f"{judged.alpha:.2f}",
        Cell(_listed({pair: f"{kappa:.2f}" for pair, kappa in judged.kappa.items()}), "text"),
        Cell(_listed({judge: f"{share:.0%}" for judge, share in judged.dispersion.items()}), "text"),
        Cell(f"{judged.flow}, {judged.repeats} times each", "text"),
        Cell(judged.prompts[:12], "text", title=judged.prompts),
    ]
    return Row(task, cells)


def _listed(values: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in values.items()) or "-"
