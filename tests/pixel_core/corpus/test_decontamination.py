import json
import random
from dataclasses import replace

import numpy as np
import pytest

from pixel_core.conversation import Turn
from pixel_core.corpus import decontamination
from pixel_core.corpus.decontamination import HeldOutRule, decontaminate, find_held_out, held_out_texts
from tests.pixel_core.corpus.worlds import conversation

ITEM = (
    "Since the flood my father counts the sandbags every evening before supper. He says nothing about it and nobody asks him. "
    "Last week I found him in the cellar with a torch, reading the water meter aloud to himself. I laughed, "
    "and then I could not stop crying."
)
SHORT = "I cannot face Monday again."
FORMULA = "Thank you."
OTHER = "My neighbour's parrot whistles the national anthem whenever the postman rings twice at our gate."


def saying(*texts):
    return replace(
        conversation(1), turns=tuple(Turn("user" if i % 2 == 0 else "assistant", "client", t, True) for i, t in enumerate(texts))
    )


def sentences(text):
    return [part.strip() + "." for part in text.split(".") if part.strip()]


@pytest.mark.parametrize(
    "said",
    [
        ITEM,
        ITEM.upper().replace(",", " --"),
        f"Well, here it is: {ITEM} That is all.",
        ITEM[: len(ITEM) // 2],
        ITEM[len(ITEM) // 2 :],
        " ".join(ITEM.split()[10:23]),
        " ".join(reversed(sentences(ITEM))),
        " ".join(random.Random(3).sample(sentences(ITEM), 4)),
        "\n".join([*sentences(ITEM)[2:], "And so on.", *sentences(ITEM)[:2]]),
        SHORT,
        "i cannot face MONDAY again",
    ],
)
def test_items_are_found_verbatim_cut_and_reordered(said):
    rows = [conversation(5), saying("Hello there.", said), conversation(6)]
    done = decontaminate(rows, [OTHER, ITEM, SHORT])
    assert done.kept == [rows[0], rows[2]]
    assert [(f.conversation, f.text) for f in done.found] == [(1, 2 if len(said) < 40 else 1)]


def test_pieces_told_over_several_turns_are_found():
    [found] = find_held_out([["Hello.", *sentences(ITEM)]], [ITEM])
    assert found.reason == "held_out_passage"


@pytest.mark.parametrize(
    "said",
    [
        "I told you that I cannot face Monday again, did I not?",
        "Thank you.",
        "Since the flood my father is quiet. He says nothing about it.",
        " ".join(ITEM.split()[:9]),
        "",
    ],
)
def test_common_phrases_are_no_contamination(said):
    assert not find_held_out([["Hello.", said]], [ITEM, SHORT, FORMULA])


def test_a_short_text_counts_only_as_a_whole_conversation():
    assert [f.conversation for f in find_held_out([["Thank you!"], ["Thank you!", "Gladly."], ["thank you so much"]], [FORMULA])] == [0]


def test_the_same_in_many_stretches(monkeypatch):
    monkeypatch.setattr(decontamination, "_TURNS", 3)
    rows = [["Hello.", ITEM if i % 4 == 0 else OTHER, "Yes."] for i in range(40)]
    assert [f.conversation for f in find_held_out(rows, [ITEM])] == list(range(0, 40, 4))


def test_neighbours_need_an_encoder_and_lie_by_its_vectors():
    told = "Ever since the water came Dad checks the bags of sand each night, and not one of us speaks of it."
    vectors = {ITEM: (1.0, 0.0), told: (0.8, 0.6), OTHER: (0.0, 1.0)}
    asked = []

    def encode(texts):
        asked.extend(texts)
        return np.array([vectors[text] for text in texts], np.float32)

    rows = [["Hi.", OTHER], ["Hi.", told]]
    assert [f.reason for f in find_held_out(rows, [ITEM, SHORT], rule=HeldOutRule(similarity=0.75), encode=encode)] == [
        "held_out_neighbour"
    ]
    assert "Hi." not in asked
    assert not find_held_out(rows, [ITEM], rule=HeldOutRule(similarity=0.9), encode=encode)
    with pytest.raises(ValueError, match="encoder"):
        find_held_out(rows, [ITEM], rule=HeldOutRule(similarity=0.9))


def test_nothing_held_out_finds_nothing():
    assert not find_held_out([[ITEM]], [])
    assert not find_held_out([], [ITEM])
    assert not find_held_out([[], ["..."]], ["...", ITEM])


def test_texts_of_files_are_read_however_nested(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [{"id": "a-1", "text": SHORT, "n": 1}, {"t": [{"c": ITEM}, SHORT]}]))
    assert held_out_texts([path]) == [SHORT, ITEM]


def test_question_sets_of_json_and_csv_are_read_and_one_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"1": {"prompt": ITEM, "reference": {"Shame": 3}}}))
    (tmp_path / "b.csv").write_text(f'question,A,B\n"{SHORT}",yes,"not at all"\n')
    assert held_out_texts([tmp_path / "a.json", tmp_path / "b.csv"]) == [ITEM, SHORT, "not at all"]
    with pytest.raises(ValueError, match=r"c\.json do not exist: .*correct the recipe's evaluation"):
        held_out_texts([tmp_path / "c.json"])
    (tmp_path / "d.txt").write_text(ITEM)
    with pytest.raises(ValueError, match=r"d\.txt are no \.jsonl"):
        held_out_texts([tmp_path / "d.txt"])
