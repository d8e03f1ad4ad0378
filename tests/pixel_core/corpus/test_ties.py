from dataclasses import replace

import pytest

from pixel_core.conversation import Label, Turn, to_frame
from pixel_core.corpus.ties import said, tie, turn_key, wordings
from tests.pixel_core.corpus.worlds import conversation, post, wording


def saying(one, text, index=1):
    turns = list(one.turns)
    turns[index] = replace(turns[index], content=text)
    return replace(one, turns=tuple(turns))


def tied(rows, links=()):
    """The unit of every group, and the keys of the formulae as a mixture holds them."""
    frame = to_frame(rows).with_row_index("number")
    units, keys = tie(frame, said(frame), links)
    return dict(units.iter_rows()), {turn_key(text) for text in wordings(frame, keys)}


def test_a_long_turn_that_two_groups_share_ties_them_whatever_its_case_and_marks():
    text = wording(999)
    a, b = saying(conversation(1, source="a"), text), saying(conversation(2, source="b"), text.upper().replace(" ", ",  "), index=0)
    units, _ = tied([a, b, conversation(3, source="b")])
    assert units["a:1"] == units["b:2"] != units["b:3"]


@pytest.mark.parametrize("text", ["Hello, how are you today?", "I see."])
def test_short_turns_tie_nothing(text):
    units, _ = tied([saying(conversation(1, source="a"), text), saying(conversation(2, source="b"), text)])
    assert units["a:1"] != units["b:2"]


def test_system_turns_tie_nothing():
    def with_system(one):
        return replace(one, turns=(Turn("system", "other", wording(999)), *one.turns))

    units, _ = tied([with_system(conversation(i, source="a")) for i in (1, 2)])
    assert units["a:1"] != units["a:2"]


FORMULA = "Is there anything else that you would like to talk about today?"
MANY = [saying(conversation(i, source="a"), FORMULA) for i in range(40)]
OTHERS = [conversation(100 + i, source="a") for i in range(60)]


def test_a_formula_that_would_lump_a_category_together_ties_nothing_and_is_listed():
    units, formulae = tied([*MANY, *OTHERS])
    assert len(set(units.values())) == 100
    assert formulae == {turn_key("is there anything else that you would like to talk about today")}


def test_the_same_words_tie_as_long_as_the_unit_stays_small():
    units, formulae = tied([*MANY[:5], *OTHERS, *[conversation(200 + i, source="a") for i in range(40)]])
    assert len({units[f"a:{i}"] for i in range(5)}) == 1
    assert not formulae


def test_what_few_say_ties_before_what_many_say():
    rare = wording(990, words=30)
    rows = [*MANY, *OTHERS]
    rows[0], rows[50] = saying(rows[0], rare), saying(rows[50], rare)
    units, formulae = tied(rows)
    assert units[rows[0].group] == units[rows[50].group]
    assert len(formulae) == 1


@pytest.mark.parametrize(
    ("index", "words", "recurs"),
    [(1, 59, True), (1, 60, False), (0, 24, True), (0, 25, False)],
    ids=["reply", "long reply", "client", "long client"],
)
def test_only_replies_and_short_turns_may_be_formulae(index, words, recurs):
    units, formulae = tied([saying(conversation(i, source="a"), wording(999, words), index) for i in range(40)])
    assert (len(set(units.values())) == 40) is recurs
    assert bool(formulae) is recurs


def test_a_labelled_post_is_never_a_formula():
    posts = [post(i, [Label("crisis.level", 1.0, "human")]) for i in range(5)]
    same = [replace(p, turns=(replace(p.turns[0], content=FORMULA), Turn("assistant", "other", wording(i)))) for i, p in enumerate(posts)]
    assert len(set(tied(same)[0].values())) == 1


def test_links_tie_whatever_is_said():
    units, _ = tied([conversation(1, source="a"), conversation(2, source="b")], [["a:1", "b:2"], ["b:2", "gone:3"]])
    assert set(units.values()) == {"a:1"}
    assert set(units) == {"a:1", "b:2", "gone:3"}


def test_ties_are_transitive():
    one, two = wording(990), wording(991)
    a = saying(conversation(1, source="a"), one)
    b = saying(saying(conversation(2, source="a"), one), two, index=3)
    c = saying(conversation(3, source="a"), two)
    assert len(set(tied([a, b, c])[0].values())) == 1
