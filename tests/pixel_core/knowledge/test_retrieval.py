from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pixel_core.knowledge import Retriever, build_index, extract_passages
from pixel_core.knowledge.encoder import PACKAGED, Encoder
from pixel_core.knowledge.fusion import DENSE, LEXICAL, Weights, fitted_weights
from tests.pixel_core.knowledge.documents import write

TEXTS = {
    "attachment/secure.txt": "Closeness and independence are both possible, and comfort helps.",
    "attachment/anxious.txt": "Small signs of distance set off alarm until somebody answers.",
    "defences/denial.txt": "A piece of reality that others can see is not taken in.",
    "sleep/insomnia.txt": "Lying awake at night makes people tired by day.",
    "sleep/tired.txt": "Lying awake in the night makes people tired in the day.",
    "sleep/nightmares.txt": "Bad dreams wake the sleeper, who remembers them.",
    "codes/zolpidem.txt": "Zolpidem is a name that vectors hardly know.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("retrieval")
    for name, text in TEXTS.items():
        write(home / "kb" / name, text)
    passages = extract_passages(home / "kb", home / "passages", words=100).folder
    return build_index(passages, home / "index", encoder=PACKAGED, index="flat").folder


@pytest.fixture
def retriever(folder):
    return Retriever.open(folder)


def test_scores_are_the_weighted_sum_of_meaning_and_words(folder):
    weights = Weights.of(0.25)
    for hit in Retriever.open(folder, weights=weights).retrieve("awake at night", 5):
        assert hit.score == pytest.approx(0.75 * hit.dense + 0.25 * hit.lexical, abs=1e-5)
        assert hit.score <= 1


def test_words_find_what_meaning_overlooks_and_meaning_what_words_do(folder):
    by_words = Retriever.open(folder, weights=LEXICAL).retrieve("zolpidem", 1)
    by_meaning = Retriever.open(folder, weights=DENSE).retrieve("cannot sleep", 2)
    assert by_words[0].file == "codes/zolpidem.txt"
    assert {hit.file for hit in by_meaning} <= {"sleep/insomnia.txt", "sleep/tired.txt", "sleep/nightmares.txt"}


def test_a_kind_still_gives_k(retriever):
    hits = retriever.retrieve("lying awake at night", 2, kinds=["attachment"])
    assert [hit.kind for hit in hits] == ["attachment", "attachment"]
    with pytest.raises(ValueError, match="kinds novel: the index holds"):
        retriever.retrieve("sleep", 2, kinds=["novel"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"k": 0}, "k = 0"),
        ({"k": 2.5}, "k = 2.5"),
        ({"min_score": float("nan")}, "min_score = nan"),
        ({"diversity": float("nan")}, "diversity = nan"),
        ({"query": "tired \ud83d"}, "half a surrogate pair"),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(retriever, options, told):
    with pytest.raises(ValueError, match=told):
        retriever.retrieve(**{"query": "sleep", **options})


@pytest.mark.parametrize("index", ["flat", "hnsw"])
def test_however_many_are_asked_for_there_are_no_more_than_the_index_holds(folder, tmp_path, index):
    opened = Retriever.open(build_index(folder.parent / "passages", tmp_path / index, encoder=PACKAGED, index=index).folder)
    assert len({hit.id for hit in opened.retrieve("sleep", 10**12)}) == len(opened) == len(TEXTS)
    assert {hit.kind for hit in opened.retrieve("sleep", 10**12, kinds="attachment")} == {"attachment"}


@pytest.mark.parametrize("query", ["", " \n"])
def test_an_empty_query_finds_nothing(retriever, query):
    assert retriever.retrieve(query, 3) == []


@pytest.mark.parametrize("query", ["失眠", "😀", "n\0ight", "awake " * 5000])
def test_a_query_of_any_letters_and_length_is_answered(retriever, query):
    assert len(retriever.retrieve(query, 3)) == 3


def test_a_lowest_score_leaves_out_what_is_near_in_neither_meaning_nor_words(retriever):
    hits = retriever.retrieve("lying awake at night", 7)
    border = 0.4
    near = [hit for hit in hits if max(hit.dense, hit.lexical) >= border]
    assert 0 < len(near) < len(hits)
    assert list(retriever.retrieve("lying awake at night", 7, min_score=border)) == near
    assert retriever.retrieve("lying awake at night", 7, min_score=1.01) == []


def test_diversity_takes_a_different_passage_instead_of_a_twin(retriever):
    plain = retriever.retrieve("lying awake at night, tired by day", 2)
    varied = retriever.retrieve("lying awake at night, tired by day", 2, diversity=0.7)
    assert {hit.file for hit in plain} == {"sleep/insomnia.txt", "sleep/tired.txt"}
    assert varied[0] == plain[0]
    assert varied[1].file not in {"sleep/insomnia.txt", "sleep/tired.txt"}
    with pytest.raises(ValueError, match="diversity = 2"):
        retriever.retrieve("sleep", 2, diversity=2)


def test_a_repeated_query_is_remembered_without_encoding(retriever, monkeypatch):
    first = retriever.retrieve("bad dreams", 3)
    monkeypatch.setattr(Encoder, "encode", lambda *_: pytest.fail("encoded again"))
    again = retriever.retrieve("bad dreams", 3)
    assert again == first
    assert (first.cached, again.cached) == (False, True)
    again.clear()
    assert len(retriever.retrieve("bad dreams", 3)) == 3


def test_memory_is_bounded(retriever, monkeypatch):
    monkeypatch.setattr("pixel_core.knowledge.retrieval._REMEMBERED", 2)
    for query in ("one", "two", "three"):
        retriever.retrieve(query, 1)
    assert not retriever.retrieve("one", 1).cached
    assert retriever.retrieve("three", 1).cached


def test_every_step_is_timed(retriever):
    seconds = retriever.retrieve("how long did that take", 3).seconds
    assert set(seconds) == {"encode", "dense", "lexical", "fusion", "total"}
    assert sum(value for step, value in seconds.items() if step != "total") == pytest.approx(seconds["total"], abs=1e-3)


def test_threads_share_a_retriever(retriever):
    queries = ["sleep", "alarm", "comfort", "dreams"] * 5
    alone = {query: list(Retriever.retrieve(retriever, query, 3)) for query in set(queries)}
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: list(retriever.retrieve(query, 3)), queries)) == [alone[query] for query in queries]


def test_words_in_common_by_chance_count_for_nothing():
    dense, lexical = np.array([0.3, 0.2], np.float32), np.array([0.1, 0.6], np.float32)
    assert np.allclose(Weights.of(0.5, chance=0.2).fuse(dense, lexical), [0.15, 0.1 + 0.25])


def test_the_fitted_weights_are_shares():
    weights = fitted_weights()
    assert weights.dense + weights.lexical == pytest.approx(1)
    assert min(weights.dense, weights.lexical) >= 0
