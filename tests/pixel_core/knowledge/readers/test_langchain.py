import pytest

from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.readers import read_document
from tests.pixel_core.knowledge.formats import store, vectors, write_store

CHUNKS = [
    ("Sleep and rest\n\nPeople sleep at night. They wake when the light comes, and some", {"source": "/books/sleep.pdf", "page": 0}),
    ("when the light comes, and some wake before.\n\nThis is called early waking.", {"source": "/books/sleep.pdf", "page": 1}),
    ("Another book begins here, with a sentence.", {"source": "C:\\books\\mood.pdf", "page": 0, "page_label": "7"}),
]


def refusal(folder, file="index.pkl"):
    with pytest.raises(UnusableError) as caught:
        read_document(folder, file)
    return caught.value.reason


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(("pydantic", "era"), [(1, "first"), (1, "schema"), (1, "document"), (1, "core"), (2, "core")])
def test_stores_of_every_langchain_read_alike(tmp_path, pydantic, era, protocol):
    write_store(tmp_path, CHUNKS, pydantic=pydantic, era=era, protocol=protocol)
    document = read_document(tmp_path, "index.pkl")
    assert [(b.kind, str(b.text)) for b in document.blocks] == [
        ("heading", "sleep.pdf"),
        ("heading", "Sleep and rest"),
        ("paragraph", "People sleep at night. They wake when the light comes, and some wake before."),
        ("paragraph", "This is called early waking."),
        ("heading", "mood.pdf"),
        ("paragraph", "Another book begins here, with a sentence."),
    ]
    found = {word: document.page_at(document.text.index(word)) for word in ("night", "before", "early", "Another")}
    assert found == {"night": 1, "before": 2, "early": 2, "Another": 7}


def test_a_chunk_without_a_page_does_not_stand_on_the_page_before_it(tmp_path):
    write_store(tmp_path, [CHUNKS[0], ("From a text file.", {"source": "a.txt"})])
    document = read_document(tmp_path, "index.pkl")
    assert document.page_at(document.text.index("People")) == 1
    assert document.page_at(document.text.index("From a text")) is None


def test_an_index_of_another_size_is_refused(tmp_path):
    write_store(tmp_path, CHUNKS, count=2)
    assert refusal(tmp_path) == "count_mismatch"


@pytest.mark.parametrize("kind", ["HNSW8,Flat", "IVF1,Flat", "IDMap,Flat", "PCA4,Flat", "SQ8"])
def test_the_count_is_read_from_every_kind_of_index(tmp_path, kind):
    import faiss
    import numpy as np

    index = faiss.index_factory(8, kind)
    rows = np.random.default_rng(0).random((64, 8), dtype=np.float32)
    index.train(rows)
    if kind.startswith("IDMap"):
        index.add_with_ids(rows[:3], np.arange(3))
    else:
        index.add(rows[:3])
    write_store(tmp_path, CHUNKS)
    (tmp_path / "index.faiss").write_bytes(faiss.serialize_index(index).tobytes())
    assert read_document(tmp_path, "index.pkl").blocks
    (tmp_path / "index.pkl").write_bytes(store(CHUNKS[:2]))
    assert refusal(tmp_path) == "count_mismatch"


def test_half_a_store_is_refused(tmp_path):
    write_store(tmp_path, CHUNKS)
    (tmp_path / "index.faiss").write_bytes(vectors(3)[:40])
    assert refusal(tmp_path) == "malformed_index"
    (tmp_path / "index.faiss").write_bytes(b"no index at all, but long enough")
    assert refusal(tmp_path) == "malformed_index"
    (tmp_path / "index.faiss").unlink()
    assert refusal(tmp_path) == "missing_vectors"
    assert refusal(tmp_path, "other.faiss") == "missing_texts"


@pytest.mark.parametrize("value", [b"\x80\x04N.", b"\x80\x04]}\x86.", b"\x80\x04}}\x86.", b"\x80\x04]N\x86."])
def test_another_pickle_is_no_store(tmp_path, value):
    write_store(tmp_path, CHUNKS)
    (tmp_path / "index.pkl").write_bytes(value)
    assert refusal(tmp_path) == "not_a_store"


def test_an_empty_store_holds_no_text(tmp_path):
    write_store(tmp_path, [])
    assert refusal(tmp_path) == "no_text"
