"""Decontamination and pseudonyms on the real sets, where PIXEL_REFERENCE_DATA has them: known repetitions, and planted names."""

import csv
import json
import random
import re

import pytest

from pixel_core.corpus.decontamination import find_held_out
from pixel_core.corpus.names import find_names
from tests.pixel_core.corpus.test_pseudonyms import NAMES

pytestmark = pytest.mark.reference
_PERSON = re.compile(r"\b(?:he|she|him)\b")


def table(path):
    csv.field_size_limit(10**9)
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def posts(path):
    return [line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines()]


def test_goemotions_repeats_ninety_short_texts_across_train_and_test(reference):
    train, test = posts(reference / "goemotions" / "train.tsv"), posts(reference / "goemotions" / "test.tsv")
    found = [one for one in find_held_out([[text] for text in train], test) if one.reason == "held_out_exact"]
    spoken = {" ".join(re.findall(r"[^\W_]+", test[one.text].lower())) for one in found}
    assert 85 <= len(spoken) <= 95
    assert all(len(text.split()) < 30 for text in spoken)


def test_ten_seeker_posts_of_epitome_stand_in_the_imhi_training_files(reference):
    rows = [row for name in ("emotional-reactions", "interpretations") for row in table(reference / "epitome" / f"{name}-reddit.csv")]
    seekers = list({row["sp_id"]: row["seeker_post"] for row in rows}.values())
    learnt = [[row["post"]] for path in sorted((reference / "imhi").glob("*_train.csv")) for row in table(path)]
    found = find_held_out(learnt, seekers)
    assert len({one.text for one in found}) >= 10
    assert len(found) < 0.005 * len(learnt), "hardly any other row is taken for one"


@pytest.mark.parametrize("source", ["esconv", "counsel_chat"])
def test_names_planted_in_real_dialogues_are_found_and_few_others(reference, source):
    if source == "esconv":
        lines = (reference / "esconv" / "valid.jsonl").read_text(encoding="utf-8").splitlines()
        spoken = [[turn["text"] for turn in json.loads(line)["dialog"]] for line in lines]
    else:
        spoken = [[row["questionText"], row["answerText"]] for row in table(reference / "counsel_chat" / "counsel_chat.csv")[:400]]
    drawn = random.Random(7)
    planted = found = others = words = 0
    for turns in spoken:
        own, names = {one.name for one in find_names(turns)}, []

        def name(_, names=names):
            names.append(drawn.choice(NAMES))
            return names[-1]

        said = [_PERSON.sub(name, turn) for turn in turns]
        known = {one.name for one in find_names(said)}
        planted += len(names)
        found += sum(one.lower() in known for one in names)
        others += len(own)
        words += sum(len(turn.split()) for turn in turns)
    assert planted > 300
    assert found / planted >= 0.95
    assert others / words <= 0.0015, "names that the sets hold themselves, and words taken for names"
