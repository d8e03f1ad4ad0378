"""Evaluation artifacts that are plausible but for one thing each; no model is asked for them."""

import json
import shutil

import polars as pl

from pixel_core.artifacts import Summary, finish, write_json, write_table
from pixel_core.conversation import Conversation, Provenance, Turn, write_conversations
from pixel_core.evaluation import AXES, build_leaderboard, build_promotion, build_scorecard
from pixel_core.evaluation.asking import ask_all
from pixel_core.evaluation.evaluation import VERSION, Settings, Told, record
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, Question
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.ranking.leaderboard import REPORT as BOARD_REPORT
from pixel_core.evaluation.ranking.promotion import POINTER
from pixel_core.evaluation.scorecard import FIGURES, ITEMS, REPORT, SCORECARD, read_scorecard, summary_figures, write_scorecard
from pixel_core.evaluation.uniting import unite
from tests.broken.sealing import seal
from tests.pixel_core.evaluation.scripted import Guessing

KEY = "small-0123456789ab.4"
CHOICES = ("the first", "the second", "the third", "the fourth")


def text_of(number):
    return f"a question about the {number} windows of a house that stands alone beside the river and nobody else has ever asked"


def evaluation(home, axis, key=KEY):
    """An evaluation of one axis by somebody who guesses."""
    folder = home / "artifacts" / f"{axis}_evaluation" / key
    folder.mkdir(parents=True)
    truth = [tuple(float(n % 4 == k) for k in range(4)) for n in range(8)]
    questions = tuple(
        Question(f"item-{n}", f"item-{n}", (Turn("user", "other", text_of(n)),), truth[n], text_of(n), choices=CHOICES) for n in range(8)
    )
    measure = Measure(f"{axis}_overall", "mean", "random", headline=True)
    tasks = [ChoiceTask(name=f"{axis}_items", axis=axis, version="1", questions=questions, measures=(measure,))]
    asked = ask_all(tasks, Guessing(tasks, key))
    card = record(folder, tasks, asked, Told(key, "0" * 64, {}), settings=Settings(resamples=20), base=folder)
    finish(folder, kind=f"{axis}_evaluation", version=VERSION, inputs={}, summary=Summary(asked.items.height, {}, summary_figures(card)))
    return folder


def a_figure_that_nobody_measured(axis):
    def write(home):
        folder = evaluation(home, axis)
        card = read_scorecard(folder / FIGURES)
        better = card.figures[0].model_copy(update={"value": 1.0, "low": 0.9, "high": 1.0})
        write_scorecard(folder / FIGURES, card.model_copy(update={"figures": (better,)}))
        seal(folder)
        return KEY

    return write


def an_unparsed_answer_that_counts(axis):
    def write(home):
        folder = evaluation(home, axis)
        items = pl.read_parquet(folder / ITEMS)
        credited = items.with_columns(parsed=pl.lit(value=False), prediction=pl.lit([1.0]))
        write_table(folder / ITEMS, credited)
        seal(folder)
        return KEY

    return write


def an_item_from_training(axis):
    def write(home):
        evaluation(home, axis)
        turns = (Turn("user", "other", text_of(3)), Turn("assistant", "assistant", "a reply to it", learn=True))
        seen = Conversation(turns, "reasoning", "seen", 1, (Provenance("seen", "seen", "row 1", "CC0-1.0", "written", "1"),))
        for kind, rows in (("training_mixture", [seen]), ("head_examples", [])):
            folder = home / "artifacts" / kind
            folder.mkdir(parents=True)
            write_conversations(folder / "train.parquet", rows)
            finish(folder, kind=kind, version="1", inputs={}, summary=Summary(len(rows)))
        return KEY

    return write


def scorecard(home, key=KEY):
    folders = {axis: evaluation(home, axis, key) for axis in AXES}
    return build_scorecard(folders, home / "artifacts" / "scorecard" / key).folder


def an_axis_is_missing(home):
    folder = scorecard(home)
    card = read_scorecard(folder / SCORECARD)
    fewer = unite([card]).model_copy(update={"figures": tuple(f for f in card.figures if f.axis != "empathy")})
    write_scorecard(folder / SCORECARD, fewer)
    seal(folder)
    return KEY


def a_report_that_loads_a_script(home):
    folder = scorecard(home)
    report = (folder / REPORT).read_text().replace("</body>", '<script src="https://example.org/plot.js"></script></body>')
    (folder / REPORT).write_text(report)
    seal(folder)
    return KEY


def a_headline_that_fell(home):
    folder = scorecard(home)
    card = read_scorecard(folder / SCORECARD)
    figures = [figure if figure.axis != "eq" else fallen(figure) for figure in card.figures]
    write_scorecard(folder / SCORECARD, card.model_copy(update={"figures": tuple(figures), "base": "small-0123456789ab.0"}))
    seal(folder)
    return KEY


def fallen(figure):
    """The figure, below its base beyond the interval."""
    gap = figure.difference.model_copy(update={"value": -0.2, "low": -0.3, "high": -0.1})
    return figure.model_copy(update={"base": 0.5, "value": 0.3, "difference": gap})


def leaderboard(home):
    for step in (0, 4, 8):
        scorecard(home, f"small-0123456789ab.{step}")
    return build_leaderboard(home / "artifacts" / "scorecard", home / "artifacts" / "leaderboard").folder


def a_scorecard_is_left_out(home):
    folder = leaderboard(home)
    write_table(folder / LEADERBOARD, pl.read_parquet(folder / LEADERBOARD).head(2))
    seal(folder)


def a_report_that_runs_a_foreign_script(home):
    folder = leaderboard(home)
    path = folder / BOARD_REPORT
    path.write_text(path.read_text().replace("</body>", "<script>fetch('https://example.org')</script></body>"))
    seal(folder)


def a_checkpoint_that_left_its_course(home):
    folder = scorecard(home)
    card = read_scorecard(folder / SCORECARD)
    for step, value in ((4, 0.30), (8, 0.31), (12, 0.30), (16, 0.31), (20, 0.30), (24, 0.05)):
        key = f"small-0123456789ab.{step}"
        own = folder.with_name(key)
        if step != 4:
            shutil.copytree(folder, own)
        figures = [f.model_copy(update={"value": value, "low": value - 0.02, "high": value + 0.02}) for f in card.figures]
        write_scorecard(own / SCORECARD, card.model_copy(update={"checkpoint": key, "figures": tuple(figures)}))
        seal(own)
    build_leaderboard(home / "artifacts" / "scorecard", home / "artifacts" / "leaderboard")


def the_promoted_checkpoint_does_not_exist(home):
    board = leaderboard(home)
    artifacts = home / "artifacts"
    folder = build_promotion(board, artifacts / "scorecard", artifacts / "training_run", artifacts / "promotion").folder
    pointer = json.loads((folder / POINTER).read_text())
    write_json(folder / POINTER, pointer | {"checkpoint": KEY, "digest": "0" * 64})
    seal(folder)


BROKEN = {
    **{(f"{axis}_evaluation", "figures_hold"): a_figure_that_nobody_measured(axis) for axis in AXES},
    **{(f"{axis}_evaluation", "answers_are_counted"): an_unparsed_answer_that_counts(axis) for axis in AXES},
    **{(f"{axis}_evaluation", "items_are_held_out"): an_item_from_training(axis) for axis in AXES},
    ("scorecard", "scorecard_is_complete"): an_axis_is_missing,
    ("scorecard", "report_is_self_contained"): a_report_that_loads_a_script,
    ("scorecard", "no_figure_fell"): a_headline_that_fell,
    ("leaderboard", "report_is_self_contained"): a_report_that_runs_a_foreign_script,
    ("leaderboard", "no_figure_left_its_course"): a_checkpoint_that_left_its_course,
    ("leaderboard", "leaderboard_lists_every_scorecard"): a_scorecard_is_left_out,
    ("promotion", "promotion_is_earned"): the_promoted_checkpoint_does_not_exist,
}
