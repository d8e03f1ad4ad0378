"""The shipped items of emotional intelligence cannot be solved without reading them, and items that can be are found out."""

from collections import Counter
from dataclasses import replace

import pytest

from pixel_core import taxonomy
from pixel_core.__main__ import main
from pixel_core.evaluation.eq.shortcuts import learned_shortcuts, plain_shortcuts, shortcuts, to_text
from pixel_core.evaluation.items import read_eq_items
from tests.pixel_core.evaluation.world import ROOT

SCENARIOS = ROOT / "data" / "scenarios"
ITEMS = read_eq_items(SCENARIOS)


@pytest.fixture(scope="module")
def shipped():
    return shortcuts(ITEMS)


def test_every_domain_has_forty_items_and_each_position_is_right_ten_times():
    counts = Counter((item.domain, item.answer) for item in ITEMS)
    assert counts == {(domain, place): 10 for domain in taxonomy.ids("eq_domains") for place in range(4)}


def test_no_two_items_tell_the_same_story():
    grams = [set(zip(*(item.scenario.lower().split()[k:] for k in range(5)), strict=False)) for item in ITEMS]
    alike = [(a, b) for a in range(len(ITEMS)) for b in range(a) if len(grams[a] & grams[b]) > 0.2 * min(len(grams[a]), len(grams[b]))]
    assert alike == []


def test_no_shortcut_solves_the_shipped_items(shipped):
    for one in shipped:
        assert one.floor == 0.25
        assert one.interval[0] <= 0.25 <= one.interval[1], f"{one.name}: {one.value:.3f}, {one.interval}"
        assert not one.pays


def test_the_documented_table_is_the_one_that_comes_out(shipped):
    assert to_text(shipped) in (SCENARIOS / "README.md").read_text(encoding="utf-8")


def test_the_command_prints_the_table_and_names_a_missing_file(tmp_path, capsys):
    lines = (SCENARIOS / "eq_items.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:24]
    assert main(["shortcuts", "--scenarios", str(tmp_path)]) == 1
    assert "eq_items.jsonl does not exist" in capsys.readouterr().err
    (tmp_path / "eq_items.jsonl").write_text("".join(lines), encoding="utf-8")
    assert main(["shortcuts", "--scenarios", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == to_text(shortcuts(ITEMS[:24]))


def paying(found):
    return {one.name for one in found if one.pays}


def rewritten(change):
    """Items with every right choice changed."""
    return [replace(i, choices=tuple(change(i, c) if k == i.answer else c for k, c in enumerate(i.choices))) for i in ITEMS[:80]]


def test_right_answers_that_are_longer_are_found_out():
    longer = rewritten(lambda item, choice: f"{choice}, all in all and by and large")
    assert paying(plain_shortcuts(longer)) >= {"longest (characters)", "longest (words)"}


def test_right_answers_in_one_place_are_found_out():
    first = [replace(i, choices=(i.choices[i.answer], *(c for k, c in enumerate(i.choices) if k != i.answer)), answer=0) for i in ITEMS]
    assert "position 1" in paying(plain_shortcuts(first))


def test_right_answers_that_repeat_the_scenario_are_found_out():
    echoing = rewritten(lambda item, choice: " ".join(item.scenario.split()[:6]))
    assert "most words of the scenario" in paying(plain_shortcuts(echoing))


def test_right_answers_that_share_a_word_are_found_out():
    sharing = rewritten(lambda item, choice: f"{choice[:-6]} maybe")
    assert paying(learned_shortcuts(sharing)) == {"bag of words, learned", "words and pairs of words, learned"}
    assert not any(name.startswith("position") for name in paying(plain_shortcuts(sharing)))
