"""The index of the OpenStax book after one changed document, beside the index from nothing."""

import time

import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import build_index, extract_passages
from pixel_core.knowledge.encoder import PACKAGED, load_encoder
from tests.benchmarks.knowledge.texts import as_documents

pytestmark = [pytest.mark.reference, pytest.mark.timeout(3600)]
SHARE = 0.05


def test_one_changed_document_costs_under_a_twentieth(reference, tmp_path):
    book = as_documents(reference, tmp_path / "book")
    load_encoder(PACKAGED).encode(["loaded before the clock starts"])
    _, full = _indexed(book, tmp_path, "index")
    _edit(book)
    _, again = _indexed(book, tmp_path, "index")
    print(f"\nfrom nothing {full:.1f} s, after one of {len(list(book.iterdir()))} documents changed {again:.2f} s: {again / full:.1%}")
    assert again / full < SHARE


def test_the_index_after_a_change_has_the_bytes_of_one_from_nothing(reference, tmp_path):
    """Over every eighth module of the book, so that it is soon known."""
    book = as_documents(reference, tmp_path / "book", every=8)
    before, _ = _indexed(book, tmp_path, "index")
    digest = tree_digest(before)
    _edit(book)
    edited, again = _indexed(book, tmp_path, "index")
    fresh, full = _indexed(book, tmp_path, "fresh")
    print(f"\n{len(list(book.iterdir()))} documents: from nothing {full:.1f} s, after the change {again:.2f} s, the same bytes")
    assert tree_digest(edited) == tree_digest(fresh) != digest


def _indexed(book, home, out):
    """The index of a folder, and the processor seconds that it took."""
    passages = extract_passages(book, home / f"{out}-passages", words=200).folder
    began = time.process_time()
    folder = build_index(passages, home / out, encoder=PACKAGED, index="auto").folder
    return folder, time.process_time() - began


def _edit(book):
    """Add a sentence to the document of median size."""
    documents = sorted(book.iterdir(), key=lambda path: path.stat().st_size)
    chapter = documents[len(documents) // 2]
    chapter.write_text(chapter.read_text(encoding="utf-8") + "\n\nA sentence was added at the end.", encoding="utf-8")
