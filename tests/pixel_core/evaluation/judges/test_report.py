"""What the report of a checkpoint says of its judges."""

import re

import polars as pl

from pixel_core.evaluation.judges.agreement import Judged
from pixel_core.evaluation.judges.report import judges_table
from pixel_core.evaluation.reports.card import write_report
from pixel_core.evaluation.scorecard import ITEMS, PICTURE, REPORT, SCORECARD, read_scorecard
from tests.broken.evaluation import scorecard

ALONE = Judged(
    flow="support@1",
    judges=("m", "n"),
    repeats=2,
    prompts="a" * 64,
    ratings=120,
    failed=3,
    alpha=0.412,
    kappa={"m | n": 0.5},
    dispersion={"m": 0.0, "n": 0.25},
    human_n=0,
    human_kappa=None,
)
HELD = ALONE.model_copy(update={"human_n": 24, "human_kappa": 0.71})


def cells(markup, task):
    row = re.search(rf'<tr><th scope="row">{task}</th>(.*?)</tr>', markup, re.DOTALL).group(1)
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def test_a_task_says_how_far_its_judges_agree_and_whether_people_did():
    markup = judges_table({"alone": ALONE, "held": HELD, "contradicted": HELD.model_copy(update={"human_kappa": 0.39, "alpha": None})})
    assert cells(markup, "alone") == [
        "uncalibrated", "no answers of people", "120", "3", "0.41", "m | n 0.50", "m 0%; n 25%", "support@1, 2 times each", "a" * 12,
    ]  # fmt: skip
    assert cells(markup, "held")[:2] == ["calibrated", "kappa 0.71 on 24 answers"]
    assert cells(markup, "contradicted")[:2] == ["uncalibrated", "kappa 0.39 on 24 answers"]
    assert cells(markup, "contradicted")[4] == "-"


def test_the_report_of_a_checkpoint_shows_its_judges_and_says_where_nobody_judged(tmp_path):
    folder = scorecard(tmp_path)
    assert "No language model judged replies" in (folder / REPORT).read_text()
    card = read_scorecard(folder / SCORECARD)
    tasks = {name: task.model_copy(update={"judged": ALONE}) for name, task in card.tasks.items()}
    figures = tuple(figure.model_copy(update={"uncalibrated": True, "headline": False}) for figure in card.figures)
    card = card.model_copy(update={"tasks": tasks, "figures": figures})
    write_report(folder / REPORT, card, folder / PICTURE, pl.read_parquet(folder / ITEMS), None)
    text = (folder / REPORT).read_text()
    assert "No language model judged replies" not in text
    for task in card.tasks:
        assert cells(text.partition('<h2 id="judges"')[2], task)[0] == "uncalibrated"
    assert "eq_overall (uncalibrated)" in text
