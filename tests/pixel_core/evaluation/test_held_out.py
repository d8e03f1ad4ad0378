"""What stands in training is found, whole or in part, and left out and counted."""

from collections import Counter

import pytest

from pixel_core.conversation import Conversation, Provenance, Turn, write_conversations
from pixel_core.evaluation import held_out
from pixel_core.evaluation.harness import Question
from pixel_core.evaluation.held_out import BY_ANSWER, BY_TEXT, HeldOut, in_shares, in_training
from tests.pixel_core.evaluation.world import speech


@pytest.fixture
def files(tmp_path):
    turns = (Turn("user", "other", speech("seen", 30)), Turn("assistant", "assistant", "Thanks, that helps!", learn=True))
    row = Conversation(turns, "reasoning", "g", 1, (Provenance("s", "u", "row 1", "CC0-1.0", "written", "1"),))
    for name in ("mixture", "head_examples"):
        (tmp_path / name).mkdir()
        write_conversations(tmp_path / name / "train.parquet", [row] if name == "mixture" else [])
    return [tmp_path / name / "train.parquet" for name in ("mixture", "head_examples")]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (speech("seen", 30), True),
        (speech("seen", 30).upper() + "!", True),
        (" ".join(speech("seen", 30).split()[:20] + speech("new", 5).split()), True),
        (" ".join(speech("seen", 30).split()[:10] + speech("new", 20).split()), False),
        (speech("new", 30), False),
        ("thanks that helps", True),
        ("thanks, that really helps", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("kept", [1 << 20, 0], ids=["kept in memory", "read each time"])
def test_finds(files, text, seen, kept, monkeypatch):
    monkeypatch.setattr(held_out, "_SMALL", kept)
    assert in_training([text], files) == [seen]


def test_files_that_were_written_anew_are_read_anew(files):
    assert in_training([speech("new", 30)], files) == [False]
    turns = (Turn("user", "other", speech("new", 30)), Turn("assistant", "assistant", "Thanks!", learn=True))
    write_conversations(files[1], [Conversation(turns, "reasoning", "h", 1, (Provenance("s", "u", "row 2", "CC0-1.0", "written", "1"),))])
    assert in_training([speech("new", 30)], files) == [True]


def test_each_text_is_judged_by_itself(files):
    texts = [speech("seen", 30), speech("new", 30), "Thanks that helps", speech("seen", 30)]
    assert in_training(texts, files) == [True, False, True, True]


def test_found_items_are_left_out_and_counted_and_a_limit_is_stable(files):
    data = HeldOut(files[0].parent, files[0].parent, files[1].parent, files[0].parent)
    questions = [Question(f"i{n:02}", "g", (), (), speech(f"q{n}", 20)) for n in range(30)] + [
        Question("seen", "g", (), (), speech("seen", 30))
    ]
    kept, excluded = data.keep(questions)
    assert (len(kept), excluded) == (30, {BY_TEXT: 1})
    few = {q.item for q in data.keep(questions, 5)[0]}
    assert len(few) == 5
    fewer = {q.item for q in data.keep(questions[:20], 5)[0]}
    assert len(few & fewer) >= len({i for i in few if int(i[1:]) < 20})  # those of the smaller set stay chosen


SEEN, NEW = speech("seen", 30), speech("new", 30)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"choices": (SEEN, NEW), "truth": (1.0, 0.0)}, BY_ANSWER),
        ({"choices": (SEEN, NEW), "truth": (0.0, 1.0)}, None),
        ({"choices": (SEEN, NEW), "truth": (1.0, 0.0), "taught": True}, None),
        ({"choices": (NEW, SEEN), "truth": (1.0, 0.0), "right": (NEW, SEEN)}, BY_ANSWER),
        ({"right": (" ".join(SEEN.split()[2:22]),)}, BY_ANSWER),
        ({"right": ("Thanks, that helps!",)}, None),
        ({"right": (SEEN,), "text": SEEN}, BY_TEXT),
    ],
    ids=["right choice", "wrong choice", "taught", "one of the right replies", "part of it", "what anybody may answer", "text first"],
)
def test_an_item_whose_right_answer_was_learned_is_left_out(files, more, reason):
    data = HeldOut(files[0].parent, files[0].parent, files[1].parent, files[0].parent)
    asked = [Question(**({"item": "i", "group": "g", "turns": (), "truth": (), "text": speech("question", 20)} | more))]
    kept, excluded = data.keep(asked)
    assert (list(kept), excluded) == (([], {reason: 1}) if reason else (asked, {}))


def kinds(**counts):
    return [Question(f"{kind}-{n:02}", "g", (), (), "text", (f"other:{n}", f"kind:{kind}")) for kind, c in counts.items() for n in range(c)]


def test_shares_are_the_same_for_every_kind_and_in_the_order_of_the_items():
    asked = kinds(a=9, b=9, c=2)
    chosen = in_shares(asked, 8, "kind:")
    assert Counter(question.item[0] for question in chosen) == {"a": 3, "b": 3, "c": 2}
    assert [question.item for question in chosen] == sorted(question.item for question in chosen)
    assert in_shares(asked, 50, "kind:") == tuple(asked)
    assert in_shares([], 5, "kind:") == ()


def test_more_items_of_one_kind_shift_nothing_in_another():
    before, after = (in_shares(kinds(a=9, b=count), 6, "kind:") for count in (9, 40))
    assert [q for q in before if q.item[0] == "a"] == [q for q in after if q.item[0] == "a"]
    assert in_shares(kinds(a=9, b=9), 4, "kind:") != in_shares(kinds(a=9, b=9), 6, "kind:")
    assert set(in_shares(kinds(a=9, b=9), 4, "kind:")) < set(in_shares(kinds(a=9, b=9), 6, "kind:"))
