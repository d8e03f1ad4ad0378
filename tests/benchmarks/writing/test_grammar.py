"""The grammar writer at scale: five thousand conversations, and how varied they are beside people's (ESConv).

PIXEL_REFERENCE_DATA=... pytest tests/benchmarks/writing -m "" -s
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from pixel_core.conversation import to_frame
from pixel_core.corpus.ties import said, tie
from pixel_core.knowledge import extract_dsm5, extract_framework
from pixel_core.knowledge.material import load_material
from pixel_core.recipe import load_recipe
from pixel_core.writing import write_conversations
from pixel_core.writing.similarity import near_duplicates
from tests.benchmarks.writing.diversity import distinct, merged, profile, repeats, self_bleu
from tests.pixel_core.knowledge.documents import SHIPPED

COUNT, SECONDS = 5000, 30
LARGEST_UNIT = 0.01  # of the conversations: what shares long turns cannot be split


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    home = tmp_path_factory.mktemp("knowledge")
    return extract_dsm5(SHIPPED, home / "dsm5").folder, extract_framework(SHIPPED, home / "framework").folder


@pytest.fixture(scope="module", params=["all", "recipe"])
def written(request, tables):
    """Five thousand conversations about all disorders, or about those of the default recipe; and the processor seconds."""
    material = load_material(*tables, None if request.param == "all" else load_recipe().knowledge.classes)
    began = time.process_time()
    return request.param, write_conversations(material, count=COUNT, seed=20), time.process_time() - began


def test_five_thousand_take_under_half_a_minute(written):
    name, _, seconds = written
    print(f"\n{name}: {COUNT} conversations in {seconds:.1f} s of one core")
    assert seconds < SECONDS


def test_near_duplicates_are_rarer_than_one_in_a_hundred(written):
    name, conversations, _ = written
    share = len(near_duplicates([c.text for c in conversations])) / COUNT
    print(f"\n{name}: near-duplicates (Jaccard of word 5-grams >= .7) {share:.4f}")
    assert share < 0.01


def test_no_unit_of_a_split_clumps(written):
    name, conversations, _ = written
    rows = to_frame(conversations).with_row_index("number")
    units, formulae = tie(rows, said(rows), [])
    unit_of = dict(units.iter_rows())
    sizes = Counter(unit_of[c.group] for c in conversations)
    groups = len({c.group for c in conversations})
    print(f"\n{name}: {groups} groups, {len(sizes)} units, the largest {max(sizes.values())}, {len(formulae)} formulae")
    assert max(sizes.values()) <= LARGEST_UNIT * COUNT
    assert len(sizes) >= 0.95 * groups


@pytest.mark.reference
def test_variety_beside_people(written):
    folder = os.environ.get("PIXEL_REFERENCE_DATA")
    if not folder:
        pytest.skip("PIXEL_REFERENCE_DATA is not set")
    name, conversations, _ = written
    theirs = [
        merged([(turn["speaker"] == "sys", turn["text"].strip()) for turn in json.loads(line)["dialog"]])
        for file in ("train", "valid", "test")
        if (path := Path(folder) / "esconv" / f"{file}.jsonl").exists()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    therapy = [c for c in conversations if c.turns[0].persona == "therapy"][: len(theirs)]
    ours = [[(t.part == "therapist", t.content) for t in c.turns] for c in therapy]
    tokens = 100_000
    print(f"\n{name}, {len(ours)} therapy conversations, beside ESConv's {len(theirs)}")
    for label, side in (("ours", ours), ("ESConv", theirs)):
        texts = [" ".join(text for _, text in d) for d in side]
        helper, client = ([t for d in side for is_helper, t in d if is_helper is who] for who in (True, False))
        print(
            f"  {label:7s} distinct-2 {distinct(texts, tokens):.3f} "
            f"(helper {distinct(helper, tokens):.3f}, client {distinct(client, tokens):.3f}); "
            f"self-BLEU of 300 conversations {self_bleu(texts, 300):.3f}, of 1,000 helper turns {self_bleu(helper, 1000):.3f}, "
            f"of 1,000 client turns {self_bleu(client, 1000):.3f}; long turns said twice {repeats(helper + client):.3f}"
        )
        print(f"          p10, p50, p90: {profile(side)}")
    assert distinct([" ".join(t for _, t in d) for d in ours], tokens) > 0.1
