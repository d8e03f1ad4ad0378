"""The index of the OpenStax book after one changed document, beside the index from nothing."""

import time

import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import build_index, extract_passages
from pixel_core.knowledge.encoder import PACKAGED, load_encoder
from tests.benchmarks.knowledge.texts import as_documents

pytestmark = [pytest.mark.reference, pytest.mark.timeout(3600)]
SHARE = 0.05


def test_one_changed_document_costs_under_a_twentieth_and_gives_the_same_bytes(reference, tmp_path):
    book = as_documents(reference, tmp_path / "book")
    load_encoder(PACKAGED).encode(["loaded before the clock starts"])

    def timed(out):
        passages = extract_passages(book, tmp_path / f"{out}-passages", words=200).folder
        began = time.process_time()
        folder = build_index(passages, tmp_path / out, encoder=PACKAGED, index="auto").folder
        return folder, time.process_time() - began

    _, full = timed("index")
    chapter = sorted(book.iterdir(), key=lambda path: path.stat().st_size)[len(list(book.iterdir())) // 2]  # of median size
    chapter.write_text(chapter.read_text(encoding="utf-8") + "\n\nA sentence was added at the end.", encoding="utf-8")
    edited, again = timed("index")
    print(f"\nfrom nothing {full:.1f} s, after one of {len(list(book.iterdir()))} documents changed {again:.2f} s: {again / full:.1%}")
    assert again / full < SHARE
    fresh, _ = timed("fresh")
    assert tree_digest(edited) == tree_digest(fresh)
