"""Contrasts: preferring the specific reply scores 1, the formulaic one 0, neither a half; length does not tell them."""

import json
from dataclasses import replace

import pytest

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.empathy.contrasts import contrasts
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import ItemError, read_contrasts
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.unseen import DATA
from tests.pixel_core.evaluation.world import ROOT

SCENARIOS = ROOT / "data" / "scenarios"
ROWS = read_contrasts(SCENARIOS)
SPECIFIC = {row.specific for row in ROWS}


class Levels(Knowing):
    """A head that gives these levels to specific and to formulaic replies."""

    def __init__(self, specific, formulaic, learned=(1, 1, 1)):
        self._levels, self._learned = (formulaic, specific), learned

    def heads(self, dialogues, turns):
        found = [self._levels[dialogue[-1].content in SPECIFIC] for dialogue in dialogues]
        return [{"empathy": HeadAnswer(levels, levels)} for levels in found]

    def supervised(self, head):
        return self._learned


def figures(respondent, name="contrast_head"):
    tasks = [task for task in contrasts(DATA) if task.name == name]
    return {figure.name: figure for figure in figures_of(tasks, ask(tasks, respondent), Settings(resamples=200))}


def test_the_shipped_contrasts_are_enough_and_neither_reply_is_known_by_its_length():
    assert len(ROWS) >= 24
    longer = sum(len(row.specific) > len(row.formulaic) for row in ROWS)
    assert 0.4 * len(ROWS) <= longer <= 0.6 * len(ROWS)
    assert len({text for row in ROWS for text in (row.text, row.specific, row.formulaic)}) == 3 * len(ROWS)


def test_either_reply_stands_first_about_as_often():
    first = sum(task.truth[0] for task in contrasts(DATA)[0].questions)
    assert 0.25 * len(ROWS) <= first <= 0.75 * len(ROWS)


def test_more_empathy_in_the_specific_reply_is_a_win():
    found = figures(Levels((2.0, 1.0, 0.5), (1.0, 1.0, 0.6)))
    assert [
        found[f"contrast_head{mechanism}"].value for mechanism in ("", "_emotional_reactions", "_interpretations", "_explorations")
    ] == [
        1.0,
        1.0,
        0.5,
        0.0,
    ]
    assert {figure.floor for figure in found.values()} == {0.5}
    assert {figure.n for figure in found.values()} == {len(ROWS)}


def test_a_head_that_rewards_stock_phrases_falls_below_the_floor():
    found = figures(Levels((0.0, 0.0, 0.0), (2.0, 1.0, 0.0)))["contrast_head"]
    assert (found.value, found.skill) == (0.0, -1.0)


def test_mechanisms_that_nobody_supervised_are_left_out():
    found = figures(Levels((0.0, 1.0, 0.0), (2.0, 0.0, 0.0), learned=(0, 5, 5)))
    assert found["contrast_head"].value == 1.0, "the first mechanism would have turned it"
    assert found["contrast_head_emotional_reactions"].status == "untrained"
    assert figures(Levels((0.0,) * 3, (2.0,) * 3, learned=(0, 0, 0)))["contrast_head"].status == "untrained"


def test_guessing_comes_to_a_half_and_knowing_to_one():
    tasks = contrasts(DATA)
    knowing = figures_of(tasks, ask(tasks, Knowing(tasks)), Settings(resamples=50))
    assert {figure.value for figure in knowing} == {1.0}
    inside = [
        f.low <= 0.5 <= f.high for seed in range(5) for f in figures_of(tasks, ask(tasks, Guessing(tasks, seed)), Settings(resamples=200))
    ]
    assert sum(inside) >= 0.85 * len(inside)


def test_replies_of_unlike_length_are_refused(tmp_path):
    row = json.loads((SCENARIOS / "empathy_contrasts.jsonl").read_text(encoding="utf-8").splitlines()[0])
    (tmp_path / "empathy_contrasts.jsonl").write_text(json.dumps(row | {"specific": row["specific"] + " And that is a lot to carry."}))
    with pytest.raises(ItemError, match=r"line 1: .*their length must not tell them"):
        read_contrasts(tmp_path)


def test_another_order_of_the_choices_is_another_task():
    task = contrasts(DATA)[0]
    turned = replace(task, questions=tuple(replace(q, choices=q.choices[::-1], truth=q.truth[::-1]) for q in task.questions))
    assert turned.digest != task.digest
