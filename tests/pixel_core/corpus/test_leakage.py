from dataclasses import replace

import pytest

from pixel_core.conversation import Turn, write_conversations
from pixel_core.corpus.leakage import scan
from pixel_core.corpus.ties import turn_key
from tests.pixel_core.corpus.worlds import conversation, post, wording

FORMULA = "Is there anything else that you would like to talk about today?"
KEY = turn_key("is there anything else that you would like to talk about today")


def with_turn(one, text, role="user"):
    return replace(one, turns=(Turn(role, "client", text), *one.turns))


def failed(tmp_path, formulae=(), **splits):
    for name, rows in splits.items():
        write_conversations(tmp_path / f"{name}.parquet", rows)
    return {f.name for f in scan({name: [tmp_path / f"{name}.parquet"] for name in splits}, formulae) if not f.passed}


def test_disjoint_splits_pass(tmp_path):
    assert not failed(tmp_path, train=[conversation(1)], test=[conversation(2)], validation=[conversation(3)])


@pytest.mark.parametrize(
    ("train", "test", "names"),
    [
        (conversation(1), conversation(1), {"ids in two splits", "groups in two splits", "long turns in two splits"}),
        (conversation(1, group="g"), conversation(2, group="g"), {"groups in two splits"}),
        (conversation(1), with_turn(conversation(2), wording(4).upper() + "!!"), {"long turns in two splits"}),
        (with_turn(conversation(1), FORMULA), with_turn(conversation(2), FORMULA), {"long turns in two splits"}),
    ],
)
def test_what_stands_in_two_splits_is_found(tmp_path, train, test, names):
    assert failed(tmp_path, train=[train], test=[test]) == names
    assert failed(tmp_path, validation=[train], test=[test]) == names, "two held-out splits may not share either"


def test_short_turns_and_system_turns_may_recur(tmp_path):
    system = [with_turn(conversation(i), wording(99), "system") for i in (1, 2)]
    assert not failed(tmp_path, train=system[:1], test=system[1:])
    short = [with_turn(conversation(i), "How have you been since then?") for i in (1, 2)]
    assert not failed(tmp_path, train=short[:1], test=short[1:])


def test_a_listed_formula_may_recur_but_too_many_are_told(tmp_path):
    train, test = [with_turn(conversation(i), FORMULA) for i in (1, 2)]
    assert failed(tmp_path, [KEY], train=[train], test=[test]) == {"share of held-out long turns that are formulae"}
    more = [conversation(i) for i in range(10, 20)]
    assert not failed(tmp_path, [KEY], train=[train], test=[test, *more])


def test_neither_a_long_text_nor_a_labelled_post_passes_as_formula(tmp_path):
    long = wording(99, words=30)
    key = turn_key(long.rstrip("."))
    rows = [with_turn(conversation(i), long) for i in (1, 2)]
    assert "long turns in two splits" in failed(tmp_path, [key], train=rows[:1], test=rows[1:])
    posts = [replace(post(i, []), turns=(Turn("user", "other", FORMULA),)) for i in (1, 2)]
    assert "long turns in two splits" in failed(tmp_path, [KEY], train=posts[:1], test=[replace(posts[1], group="h")])
