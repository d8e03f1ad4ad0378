"""Scorecards and checkpoints placed beside one another, with headlines and guards as a test wants them."""

import json
import shutil

import polars as pl

from pixel_core.artifacts import Summary, finish, read_manifest
from pixel_core.evaluation import AXES, build_leaderboard, build_promotion
from pixel_core.evaluation.figures import Difference
from pixel_core.evaluation.ranking.guards import GUARDS
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.ranking.promotion import DECISION
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard, summary_figures, write_scorecard
from tests.pixel_core.evaluation.world import RUN

KEY = f"{RUN}.4"


def board(home):
    return build_leaderboard(home / "scorecard", home / "leaderboard")


def read_board(home):
    return pl.read_parquet(home / "leaderboard" / LEADERBOARD)


def place(home, step, gains, base=None):
    """A scorecard and checkpoint of another step whose headlines differ from the base by `gains` (low, high) an axis, its guards not."""
    key, folder = f"{RUN}.{step}", home / "scorecard" / f"{RUN}.{step}"
    checkpoint = home / "training_run" / RUN / f"checkpoint-{step}"
    if step != 4:
        shutil.copytree(home / "scorecard" / KEY, folder)
        shutil.copytree(home / "training_run" / RUN / "checkpoint-4", checkpoint)
    inputs = read_manifest(checkpoint).inputs
    (checkpoint / "step").write_text(str(step))
    digest = finish(checkpoint, kind="checkpoint", version="1", inputs=inputs, summary=Summary(figures={"step": step})).digest
    card = read_scorecard(folder / SCORECARD)
    figures = [moved(figure, *gains.get(figure.axis, (0.0, 0.0))) if figure.headline else figure for figure in card.figures]
    figures = [fallen(figure, 0.0, 0.0) if figure.name in GUARDS[figure.axis] else figure for figure in figures]
    card = card.model_copy(update={"checkpoint": key, "digest": digest, "figures": tuple(figures)})
    write_scorecard(folder / SCORECARD, card)
    summary = Summary(figures=summary_figures(card) | {"score": card.score})
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)


def moved(figure, low, high):
    """The figure, better than the base by the middle of low and high (in the direction that is good)."""
    sign = -1 if figure.lower_is_better else 1
    gain = (low + high) / 2
    ends = sorted((sign * low, sign * high))
    gap = Difference(figure=figure.name, n=figure.n, value=sign * gain, low=ends[0], high=ends[1], lower_is_better=figure.lower_is_better)
    perfect = figure.perfect
    value = figure.base + sign * gain
    return figure.model_copy(update={"value": value, "skill": (value - figure.floor) / (perfect - figure.floor), "difference": gap})


def promote(home):
    board(home)
    return build_promotion(home / "leaderboard", home / "scorecard", home / "training_run", home / "promotion")


def decision(home):
    return json.loads((home / "promotion" / DECISION).read_text())


GOOD = dict.fromkeys(AXES, (0.02, 0.06))


def lose(home, step, guard, low, high):
    """Let a guard of a placed scorecard differ from the base by low to high, in the direction that is good."""
    folder = home / "scorecard" / f"{RUN}.{step}"
    card = read_scorecard(folder / SCORECARD)
    figures = tuple(fallen(figure, low, high) if figure.name == guard else figure for figure in card.figures)
    write_scorecard(folder / SCORECARD, card.model_copy(update={"figures": figures}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=read_manifest(folder).summary)


def fallen(figure, low, high):
    sign = -1 if figure.lower_is_better else 1
    ends = sorted((sign * low, sign * high))
    gap = Difference(figure=figure.name, n=9, value=sum(ends) / 2, low=ends[0], high=ends[1], lower_is_better=figure.lower_is_better)
    return figure.model_copy(update={"difference": gap})


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
