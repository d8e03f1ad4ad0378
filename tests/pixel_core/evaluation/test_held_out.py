"""What stands in training is found, whole or in part, and left out and counted."""

import pytest

from pixel_core.conversation import Conversation, Provenance, Turn, write_conversations
from pixel_core.evaluation.harness import Question
from pixel_core.evaluation.held_out import HeldOut, in_training
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
def test_finds(files, text, seen):
    assert in_training([text], files) == [seen]


def test_each_text_is_judged_by_itself(files):
    texts = [speech("seen", 30), speech("new", 30), "Thanks that helps", speech("seen", 30)]
    assert in_training(texts, files) == [True, False, True, True]


def test_found_items_are_left_out_and_counted_and_a_limit_is_stable(files):
    data = HeldOut(files[0].parent, files[0].parent, files[1].parent, files[0].parent)
    questions = [Question(f"i{n:02}", "g", (), (), speech(f"q{n}", 20)) for n in range(30)] + [
        Question("seen", "g", (), (), speech("seen", 30))
    ]
    kept, excluded = data.keep(questions)
    assert (len(kept), excluded) == (30, 1)
    few = {q.item for q in data.keep(questions, 5)[0]}
    assert len(few) == 5
    fewer = {q.item for q in data.keep(questions[:20], 5)[0]}
    assert len(few & fewer) >= len({i for i in few if int(i[1:]) < 20})  # those of the smaller set stay chosen
